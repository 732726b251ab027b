"""`ganzoo publish`: from the folder of a run to a published model."""

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import add_checkpoint_flag, add_debug_flag


def _check(options, others):
    if "table" not in options.given:
        if len(others) != 1:
            raise ValueError(
                f"Expected the folder of one run. Received: {' '.join(others) or 'none'}"
            )
        if options.private and not options.push:
            raise ValueError("--private is for --push=hf://user/name. Received: --private alone")
        return
    allowed = {"table", "debug", *({"directions"} if options.directions == "find" else ())}
    more = [*others, *(f"--{name}" for name in sorted(options.given - allowed))]
    if more or not options.table:
        raise ValueError(
            "--table takes the folder of all models, and nothing else but --directions=find. "
            f"Received: --table={options.table} {' '.join(more)}"
        )


COMMAND = Command(
    "publish",
    "Publish a run as a model: its weights, metrics, pictures and card.",
    "RUN [flags]\nMODEL --push=hf://USER/NAME [flags]\n"
    "MODEL --directions=FILE --license=NAME --data_license=WORDS ...\n--table=FOLDER",
    description="""RUN is the folder of a run that has ended. The new folder is a preset, which
        `ganzoo.GAN.from_preset` takes. It holds the weights that samples are drawn with, in float16
        if the samples then change by at most one gray level; the metrics with their protocols; and
        the card with its pictures. All facts on the card are measured or read from the run. The
        data of the run must still exist. MODEL is the folder of a model that is published already.
        """,
    examples=(
        "ganzoo publish runs/dcgan_mnist",
        "ganzoo publish runs/sngan-folder_photos --output=models/photos --extractor=inception",
        "ganzoo publish runs/sngan-digits --push=hf://me/sngan_digits --license=apache-2.0",
        "ganzoo publish models/photos --push=hf://me/photos --private",
        "ganzoo publish models/photos --directions=chosen.npz",
        "ganzoo publish models/photos --data_license='CC BY 4.0' --data_origin='by A. B., a.org'",
        "ganzoo publish --table=models --directions=find",
    ),
    check=_check,
)
COMMAND.group("What to measure")
COMMAND.text(
    "extractor",
    "NAME",
    """Network whose features are compared, or none. By default ganzoo's own network for the data,
    if there is one.""",
)
COMMAND.positive_integer("n", "Number of samples. By default as many as real images.")
COMMAND.text(
    "hardware",
    "WORDS",
    "The machine that trained the model, for the card. By default as the run has recorded it.",
)
COMMAND.path(
    "directions",
    "FILE",
    """Directions to store with the model, and to show on its card: a .npz file that `ganzoo
    directions --save` wrote; find, which a run does by default; or none. With --table, find is for
    all models without directions.""",
)
COMMAND.group("What the card says about the data, also of a MODEL")
COMMAND.text("data_title", "WORDS", "Its name. By default ganzoo's for the data, or the folder's.")
COMMAND.text(
    "data_license",
    "WORDS",
    "Its license. By default the card says that ganzoo does not know the license of your data.",
)
COMMAND.text("data_origin", "WORDS", "Its authors and its address.")
COMMAND.group("Files")
COMMAND.path(
    "output", "FOLDER", "The model's folder; its name is the model's. By default models/RUN."
)
COMMAND.switch("replace", "Replace the preset that is in the folder.")
COMMAND.text(
    "license",
    "NAME",
    """License of the weights as model hubs spell it, e.g. apache-2.0, for the card. By default the
    card says that it is not stated.""",
)
COMMAND.path(
    "table",
    "FOLDER",
    """In place of publishing: write the page README.md of all models in a folder, and the
    comparisons on their cards.""",
)
COMMAND.group("The Hugging Face Hub")
COMMAND.text(
    "push",
    "ADDRESS",
    """Upload the model to hf://USER/NAME, with a card for that address (extra hub). The token is
    the one of `hf auth login`, or of the environment variable HF_TOKEN.""",
)
COMMAND.switch("private", "Make a new repository private.")
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
