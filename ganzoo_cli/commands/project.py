"""`ganzoo project`: the latents of a user's own images."""

from pathlib import Path

from ganzoo_cli.command import Command
from ganzoo_cli.models import check_exists
from ganzoo_cli.shared_flags import MODEL, add_debug_flag


def _check(options, others):
    if len(others) < 2:
        raise ValueError(
            f"Expected a model and at least one image file. Received: {' '.join(others) or 'none'}"
        )
    missing = [path for path in others[1:] if not Path(path).is_file()]
    if missing:
        raise ValueError(f"Expected image files. Received: {', '.join(missing)}")
    check_exists(others[0])


COMMAND = Command(
    "project",
    "Find the latents whose samples are nearest to your images.",
    "MODEL IMAGE... [flags]",
    description=f"""{MODEL} The picture has a row for each image: the image as the model sees it,
        and the nearest sample that was found. Images are cropped around their center and resized to
        the model's size.""",
    examples=(
        "ganzoo project dcgan_mnist seven.png",
        "ganzoo project model.keras a.png b.png --steps=1000 --restarts=16 --save=latents.npz",
    ),
    check=_check,
)
COMMAND.group("The search")
COMMAND.positive_integer("steps", "Steps of gradient descent.", default=300)
COMMAND.positive_integer("restarts", "Starts for each image, and for each class.", default=4)
COMMAND.classes(
    "labels",
    "CLASSES",
    "For a conditional model: the class of each image, or of all. By default each class is tried.",
)
COMMAND.seed("seed", "Seed of the first start.", default=0)
COMMAND.group("Files")
COMMAND.text(
    "output", "FILE", "A PNG, JPEG or WebP file. The suffix decides.", default="projection.png"
)
COMMAND.text(
    "save",
    "FILE",
    """A .npz file with the arrays latents, labels (if the model has classes), images and errors, a
    row for each image.""",
)
COMMAND.group("Other")
add_debug_flag(COMMAND)
