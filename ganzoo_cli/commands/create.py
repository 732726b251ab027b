"""`ganzoo create`: from a folder of images to a trained, published and exported model."""

from pathlib import Path

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import (
    add_channels_flag,
    add_content_flags,
    add_debug_flag,
    add_dry_run_flag,
    add_folder_flags,
    add_seed_flag,
)

MODEL, STEPS, BATCH_SIZE = "sngan", 10_000, 64
# Without a GPU. The recipe's own width would train half as many steps in the same time.
WIDTH = 32
SMALLEST_SIZE, LARGEST_SIZE, LARGEST_SIZE_ON_GPU = 32, 64, 128
# A fifth of CIFAR-10. With so few images DiffAugment improves BigGAN's FID from 21.6 to 14.0; with
# all 50,000 it improves it from 9.6 to 8.7 (the authors' values, arXiv 2006.10738).
FEW_IMAGES = 10_000
AUGMENT = "color,translation,cutout"


def _check(options, others):
    if len(others) != 1 or not Path(others[0]).is_dir():
        raise ValueError(
            f"Expected the folder of your images. Received: {' '.join(others) or 'none'}"
        )
    if options.freeze_discriminator is not None and options.init_from is None:
        raise ValueError(
            "--freeze_discriminator keeps layers of a trained model: give --init_from too. "
            f"Received: --freeze_discriminator={options.freeze_discriminator}"
        )


COMMAND = Command(
    "create",
    "Make a model of your own images: train, publish and export it.",
    "FOLDER --output=FOLDER [flags]",
    description="""FOLDER holds images of any sizes, formats and modes. The output folder gets three
        parts: run/, the run folder of `ganzoo train`; model/, the preset and card of `ganzoo
        publish`; and export/NAME/1/, the SavedModel for TensorFlow Serving. After an interruption
        the same command continues where it stopped. With more --steps or --epochs it trains the
        same model further.""",
    examples=(
        "ganzoo create photos --output=my_gan",
        "ganzoo create photos --output=my_gan --steps=20000",
        "ganzoo create flowers --conditional --size=64 --on_bad=skip --dry_run",
        "ganzoo create birds --labels=birds.csv --conditional --crop=pad",
    ),
    check=_check,
)
COMMAND.group("The images")
COMMAND.size(
    "size",
    f"""Side of the generated images in pixels, or their height and width such as 32x64. By default
    a power of two that fits your images, from {SMALLEST_SIZE} to {LARGEST_SIZE}, or to
    {LARGEST_SIZE_ON_GPU} with a GPU.""",
)
add_channels_flag(COMMAND)
add_folder_flags(COMMAND)
COMMAND.switch(
    "conditional",
    "Use the sub-folders or --labels, so that samples of a chosen class can be drawn.",
)
add_content_flags(COMMAND)
COMMAND.group("The training run")
COMMAND.text("model", "NAME", f"The recipe; `ganzoo list` lists them. By default {MODEL}.")
COMMAND.path(
    "init_from",
    "PRESET",
    """Start from the weights of a model that `ganzoo list` lists, with its recipe, its size and its
    channels unless they are given, or of a preset in a folder, with --model. Far fewer images and
    steps are then needed.""",
)
COMMAND.positive_integer(
    "freeze_discriminator",
    "Keep the first N layers of the discriminator as they are, with --init_from.",
)
COMMAND.positive_integer("epochs", "Passes over the images; or give --steps.")
COMMAND.positive_integer("steps", f"Updates of the generator. By default {STEPS:,}.")
COMMAND.positive_integer(
    "batch_size", f"Images in an update. By default {BATCH_SIZE}, or fewer if there are fewer."
)
COMMAND.positive_integer(
    "width",
    f"""Channels of the networks at the full size. By default {WIDTH} without a GPU, and the
    recipe's with one.""",
)
COMMAND.text(
    "augment",
    "POLICY",
    f"""Augmentation of all images that the discriminator sees, as for `ganzoo train`, or none. By
    default {AUGMENT} for up to {FEW_IMAGES:,} images, and none for more.""",
)
add_seed_flag(COMMAND)
COMMAND.group("The metrics on the card")
COMMAND.text(
    "extractor",
    "NAME",
    """Network whose features are compared, e.g. inception. By default none; the card then has
    metrics that need no network.""",
)
COMMAND.group("Files")
COMMAND.path("output", "FOLDER", "Where everything is kept. By default runs/NAME.")
COMMAND.text("name", "NAME", "Name of the model. By default the name of the folder of your images.")
COMMAND.group("Other")
add_dry_run_flag(COMMAND)
add_debug_flag(COMMAND)
