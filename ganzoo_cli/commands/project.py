"""`ganzoo project`: the latents of a user's own images."""

from pathlib import Path

from ganzoo_cli.command import Command
from ganzoo_cli.models import check_exists
from ganzoo_cli.shared_flags import MODEL, add_checkpoint_flag, add_debug_flag

SPACES = ("latents", "style", "style_rows")


def _check(options, others):
    of_latents = options.space == "latents"
    others_only = {"noise"} if of_latents else {"restarts"}
    if wrong := sorted(options.given & others_only):
        expected = "--space=style or --space=style_rows" if of_latents else "--space=latents"
        raise ValueError(
            f"--{wrong[0]} is for {expected}. Received: --{wrong[0]} with --space={options.space}"
        )
    if len(others) < 2:
        raise ValueError(
            f"Expected a model and at least one image file. Received: {' '.join(others) or 'none'}"
        )
    missing = [path for path in others[1:] if not Path(path).is_file()]
    if missing:
        raise ValueError(
            "Expected image files, and there are none at these paths. "
            f"Received: {', '.join(missing)}"
        )
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
        "ganzoo project dcgan_fashion_mnist shoe.png --features=fashion_mnist",
        "ganzoo project model.keras a.png b.png --steps=1000 --restarts=16 --save=latents.npz",
        "ganzoo project stylegan.keras a.png --space=style_rows --noise --save=styles.npz",
    ),
    check=_check,
)
COMMAND.group("The search")
COMMAND.choice(
    "space",
    SPACES,
    """What is found: latents; or for a style-based model its style, or a style for each row, which
    comes nearer and is worse to edit.""",
    default="latents",
)
COMMAND.switch("noise", "With styles: move the noise maps too.")
COMMAND.text(
    "features",
    "NAME",
    """The network whose features are compared too: digits, mnist, fashion_mnist, cifar10 or
    inception. By default pixels alone.""",
)
COMMAND.positive_integer("steps", "Steps of gradient descent. By default 300, and 1000 for styles.")
COMMAND.positive_integer("restarts", "Starts for each image, and for each class.", default=4)
COMMAND.classes(
    "labels",
    "CLASSES",
    """For a conditional model: the class of each image, or of all. By default each class is tried;
    styles start at the mean of all classes.""",
)
COMMAND.path(
    "conditions",
    "VECTOR",
    """For a model of vectors of conditions: as for `ganzoo sample`, for all images; a .npy file has
    one vector for each image.""",
)
COMMAND.seed("seed", "Seed of the first start.", default=0)
COMMAND.group("Files")
COMMAND.path(
    "output", "FILE", "A PNG, JPEG or WebP file. The suffix decides.", default="projection.png"
)
COMMAND.path(
    "save",
    "FILE",
    """A .npz file with the arrays latents, labels (if the model has classes), images and errors, a
    row for each image. For styles: styles, images, errors, and with --noise noise_0, noise_1 and so
    on.""",
)
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
