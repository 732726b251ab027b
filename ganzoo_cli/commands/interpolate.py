"""`ganzoo interpolate`: paths between samples or along directions, as strips or animations."""

from ganzoo_cli.command import Command
from ganzoo_cli.models import only_model
from ganzoo_cli.shared_flags import MODEL, add_checkpoint_flag, add_debug_flag

# Steps from one sample to the next, by the kind of file; other pictures are as PNGs.
STEPS = {".png": 8, ".gif": 30, ".mp4": 60}
INTERPOLATIONS = ("spherical", "linear")
EASINGS = ("linear", "smooth")

MOST_IMAGES = 100_000


def _check(options, others):
    if options.directions is None and not options.along:
        if "span" in options.given:
            raise ValueError("--span is for --directions or --along. Received: --span without both")
    elif "rows" in options.given:
        raise ValueError(
            "There is a row for each direction: name them by --along. "
            f"Received: --rows={options.rows}"
        )
    if options.seeds and len(options.seeds) % options.rows:
        raise ValueError(
            "Each of the --rows must have the same number of --seeds. "
            f"Received: {len(options.seeds)} seeds for {options.rows} rows"
        )
    count = options.rows * (options.steps or max(STEPS.values()))
    if count > MOST_IMAGES:
        raise ValueError(
            f"--rows with --steps must be at most {MOST_IMAGES:,} images. "
            f"Received: {options.rows} rows with {count // options.rows} steps each"
        )
    only_model(others)


COMMAND = Command(
    "interpolate",
    "Draw paths between samples or along directions, as strips or an animation.",
    "MODEL [flags]",
    description=f"""{MODEL} Between two samples the latents follow a great circle if they are
        normal, and a straight line if they are uniform. With --directions or --along each row moves
        along one direction from -SPAN to SPAN, while it goes through its samples.""",
    examples=(
        "ganzoo interpolate runs/sngan-digits --rows=8",
        "ganzoo interpolate model.keras --seeds=3,17,204 --loop --output=loop.gif",
        "ganzoo interpolate model.keras --seeds=0-15 --rows=4 --loop --output=loop.mp4",
        "ganzoo interpolate model.keras --seeds=5 --labels=3,8 --steps=12",
        "ganzoo interpolate model.keras --seeds=5 --directions=found.npz --along=0,2 --loop",
        "ganzoo interpolate sngan_fashion_mnist --along=Sneaker,Bag --output=moved.gif",
    ),
    check=_check,
)
COMMAND.group("Paths")
COMMAND.integers(
    "seeds",
    "SEEDS",
    """Seeds of the samples on the path, as integers or ranges between commas, such as 3,17,204 or
    0-7. Several rows divide them into equal parts. By default 0, 1, ...: two seeds in each row, or
    one seed if --labels gives several classes.""",
)
COMMAND.classes(
    "labels",
    "CLASSES",
    """For a conditional model: one class, or one class for each sample of a row, as names, integers
    or ranges between commas; a row with a single sample takes it through all of them. By default
    row i is of class i.""",
)
COMMAND.path(
    "conditions",
    "VECTOR",
    """For a model of vectors of conditions: as for `ganzoo sample`, for all samples; a .npy file
    has one vector for each sample of a row.""",
)
COMMAND.positive_integer("rows", "Number of paths, one below the other.", default=1)
COMMAND.positive_integer(
    "steps",
    f"""Steps from each sample to the next. By default {STEPS[".png"]} for a picture,
    {STEPS[".gif"]} for a GIF and {STEPS[".mp4"]} for an MP4, which take two seconds.""",
)
COMMAND.switch("loop", "Return to the first sample, for an animation without a pause.")
COMMAND.choice("interpolation", INTERPOLATIONS, "By default the one that fits the model's latents.")
COMMAND.choice("easing", EASINGS, "smooth: the path slows down at each sample.", default="linear")
COMMAND.positive(
    "truncation",
    """Bound of the components of normal latents: samples are more typical and less varied, the
    smaller it is. Uniform latents are scaled. In a style-based generator, the share of the distance
    to the mean style. By default none.""",
)
COMMAND.positive("latent_scale", "Factor of the latents.", default=1.0)
COMMAND.group("Directions")
COMMAND.path(
    "directions",
    "FILE",
    """The .npz file of directions that `ganzoo directions --save` wrote; or stored, for the ones
    that are stored with the model, as --along without a file.""",
)
COMMAND.names("along", "Names of the directions, a row for each. By default all.")
COMMAND.positive("span", "The largest amount of a direction.", default=3.0)
COMMAND.group("Files")
COMMAND.path(
    "output",
    "FILE",
    """A PNG, JPEG or WebP file with one strip for each row, a GIF, or an MP4, which needs
    `ganzoo[video]`. The suffix decides.""",
    default="interpolation.png",
)
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
