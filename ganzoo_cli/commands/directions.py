"""`ganzoo directions`: what a trained model can be told to change."""

from ganzoo_cli.command import Command
from ganzoo_cli.models import only_model
from ganzoo_cli.shared_flags import MODEL, add_checkpoint_flag, add_debug_flag

METHODS = ("stored", "sefa", "pca", "classes")
MOST_IMAGES = 10_000


def _check(options, others):
    images = (options.n or 8) * options.steps * len(options.seeds or [0])
    if images > MOST_IMAGES:
        raise ValueError(
            f"--n, --steps and --seeds must give at most {MOST_IMAGES:,} images. "
            f"Received: {images:,}"
        )
    only_model(others)


COMMAND = Command(
    "directions",
    "Find directions along which samples change, and draw them.",
    "MODEL [flags]",
    description=f"""{MODEL} Each row of the picture moves one sample along one direction, from
        -SPAN to SPAN. A file that --save wrote is read by `ganzoo.generation.Directions.load`.""",
    examples=(
        "ganzoo directions sngan_fashion_mnist",
        "ganzoo directions sngan_fashion_mnist --method=pca --n=4 --seeds=0-2 --output=pca.png",
        "ganzoo directions dcgan_fashion_mnist --method=classes --save=classes.npz",
    ),
    check=_check,
)
COMMAND.group("Directions")
COMMAND.choice(
    "method",
    METHODS,
    """stored: the ones that are stored with the model. sefa: what the first layers stretch most, in
    closed form. pca: principal components of the first layer's outputs or of the styles. classes:
    what makes a sample more like each class of the classifier. The last two need
    `ganzoo[directions]`. By default stored, and sefa for a model without any.""",
)
COMMAND.positive_integer("n", "Number of directions. By default all that are stored, or 8.")
COMMAND.names("layers", "Layers that count. By default all that the latents reach directly.")
COMMAND.positive_integer("samples", "Samples for pca and classes.", default=10_000)
COMMAND.text(
    "classifier",
    "NAME",
    """Network whose classes are used for --method=classes, and for the printed scores of the other
    methods. By default ganzoo's own network for the data of the model, if there is one.""",
)
COMMAND.group("Picture")
COMMAND.integers("seeds", "SEEDS", "Seeds of the samples that move. By default 0.")
COMMAND.classes(
    "labels", "CLASSES", "For a conditional model: the class of each sample, or of all."
)
COMMAND.path(
    "conditions",
    "VECTOR",
    "For a model of vectors of conditions: as for `ganzoo sample`, for all samples.",
)
COMMAND.positive("span", "The largest amount of a direction.", default=3.0)
COMMAND.positive_integer("steps", "Images in a row.", default=7)
COMMAND.positive("truncation", "As for `ganzoo sample`. By default none.")
COMMAND.group("Files")
COMMAND.path(
    "output", "FILE", "A PNG, JPEG or WebP file. The suffix decides.", default="directions.png"
)
COMMAND.path(
    "save",
    "FILE",
    """A .npz file with the directions. `ganzoo publish MODEL --directions=FILE` stores them with a
    model.""",
)
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
