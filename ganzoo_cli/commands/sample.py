"""`ganzoo sample`: pictures from a trained model."""

from ganzoo_cli.command import Command
from ganzoo_cli.models import only_model
from ganzoo_cli.shared_flags import MODEL, add_checkpoint_flag, add_debug_flag

MOST_SAMPLES = 100_000


def _check(options, others):
    if options.folder and "output" in options.given:
        raise ValueError(
            "Expected --output for one picture, or --folder for one file of each sample. "
            f"Received: --output={options.output} and --folder={options.folder}"
        )
    if options.folder and "columns" in options.given:
        raise ValueError(
            "--columns is for one picture, and not for one file of each sample. "
            f"Received: --columns={options.columns} and --folder={options.folder}"
        )
    if options.seeds and {"n", "seed"} & options.given:
        raise ValueError(
            "Expected --seeds for chosen samples, or --n and --seed for consecutive samples. "
            f"Received: --seeds={','.join(map(str, options.seeds))} with --n or --seed"
        )
    if options.n is not None and options.n > MOST_SAMPLES:
        raise ValueError(
            f"--n must be at most {MOST_SAMPLES:,}; draw more in parts, from other seeds. "
            f"Received: --n={options.n}"
        )
    only_model(others)


COMMAND = Command(
    "sample",
    "Draw samples from a trained model.",
    "MODEL [flags]",
    description=f"""{MODEL} Sample number i has the seed SEED + i. It is the same whatever the
        number of samples is.""",
    examples=(
        "ganzoo sample dcgan_mnist",
        "ganzoo sample runs/sngan-digits --n=16 --seed=100 --output=grid.png",
        "ganzoo sample model.keras --seeds=3,17,204 --truncation=0.7 --folder=chosen",
        "ganzoo sample model.keras --labels=0-9 --folder=one_of_each",
        "ganzoo sample my_gan/model --labels=cat --n=16",
        "ganzoo sample my_gan/model --conditions=age=0.5,hat=1 --n=16",
    ),
    check=_check,
)
COMMAND.group("Samples")
COMMAND.positive_integer(
    "n",
    """Number of samples. By default one for each of several --labels or --conditions, and otherwise
    64, or what fills the rows of a grid of classes.""",
)
COMMAND.seed("seed", "Seed of the first sample.", default=0)
COMMAND.integers(
    "seeds",
    "SEEDS",
    """Instead of --n and --seed: the seeds of chosen samples, as integers or ranges between commas,
    such as 3,17,204 or 0-7. A conditional model without --labels draws each of them in each class,
    one class in each row.""",
)
COMMAND.classes(
    "labels",
    "CLASSES",
    """For a conditional model: one class, or one class for each sample, as names, integers or
    ranges between commas. By default each row of the grid is one class, or each column if N is no
    multiple of the number of classes.""",
)
COMMAND.path(
    "conditions",
    "VECTOR",
    """For a model of vectors of conditions: numbers between commas, such as 0.5,1, or by name,
    age=0.5,hat=1, for all samples; or a .npy file of a vector for each sample. A part with a comma
    in its name is in double quotes.""",
)
COMMAND.positive(
    "truncation",
    """Bound of the components of normal latents: samples are more typical and less varied, the
    smaller it is. Uniform latents are scaled. In a style-based generator, the share of the distance
    to the mean style. By default none.""",
)
COMMAND.positive("latent_scale", "Factor of the latents.", default=1.0)
COMMAND.group("Files")
COMMAND.path(
    "output",
    "FILE",
    "Picture of all samples as a grid: .png, .jpg or .webp.",
    default="samples.png",
)
COMMAND.path("folder", "FOLDER", "Instead of --output: a folder for one PNG file of each sample.")
COMMAND.positive_integer("columns", "Number of samples in a row of the grid.")
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
