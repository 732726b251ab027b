"""`ganzoo create`: from a folder of pictures to a trained, published and exported model."""

from ganzoo.cli.command import Command

_MODEL, _STEPS, _BATCH, _AVERAGE = "sngan", 10_000, 64, 0.999
# On a processor: at the recipe's own width the same time trains half as far.
_WIDTH = 32
_SMALLEST, _LARGEST, _LARGEST_ON_ACCELERATOR = 32, 64, 128
# Of a single one there is no other image to compare with.
_FEWEST = 2
# A fifth of CIFAR-10: there DiffAugment brings BigGAN's FID from 21.6 to 14.0, and from 9.6 to 8.7
# where all 50,000 images are used (the authors' figures, arXiv 2006.10738).
_FEW_IMAGES = 10_000
_POLICY = "color,translation,cutout"


def run(options, others):
    from pathlib import Path

    if len(others) != 1 or not Path(others[0]).is_dir():
        raise ValueError(
            f"Expected the folder of your images. Received: {' '.join(others) or 'none'}"
        )
    from ganzoo.cli.create_plan import Creation

    creation = Creation(Path(others[0]), options)
    print(creation.describe(), flush=True)
    if options.dry_run:
        print("\nAll is well. Nothing was trained or written: --dry_run.")
        return None
    return creation.create


def training_arguments(folder, options):
    """Chooses what the flags leave open.

    Args:
        folder: Path of the folder of images.
        options: The values of the flags.

    Returns:
        The arguments of `ganzoo train`, and a list of reasons for what was chosen.
    """
    from ganzoo import recipes
    from ganzoo.distribution.hardware import accelerator

    sides, reasons = _shorter_sides(folder), []
    on_processor = accelerator() is None
    size = options.size
    if size is None:
        largest = _LARGEST if on_processor else _LARGEST_ON_ACCELERATOR
        size = _size(sides, largest)
        middle = sides[len(sides) // 2]
        reasons.append(
            f"size {size}: the shorter sides of the {len(sides):,} images are {sides[0]} to "
            f"{sides[-1]} pixels, half of them at least {middle}; it is the power of two within "
            f"that, from {_SMALLEST} to {largest} on {'a processor' if on_processor else 'a GPU'}"
        )
    model = options.model or _MODEL
    # A step of the training takes a batch for each update of the discriminator.
    most = max(1, len(sides) // recipes.get(model).discriminator_steps)
    arguments = {
        "model": model,
        "data": f"folder:{folder.resolve()}",
        "size": size,
        "batch_size": options.batch_size or min(_BATCH, 2 ** (most.bit_length() - 1)),
        "ema_decay": _AVERAGE,
        "seed": options.seed,
        "channels": options.channels,
        "on_bad": options.on_bad,
        "width": options.width or (_WIDTH if on_processor else None),
        "augment": options.augment,
    }
    if options.epochs is None:
        arguments["steps"] = options.steps or _STEPS
    else:
        arguments |= {"steps": options.steps, "epochs": options.epochs}
    if options.augment is None and len(sides) <= _FEW_IMAGES:
        arguments["augment"] = _POLICY
        reasons.append(
            f"augmentation {_POLICY}: of {_FEW_IMAGES:,} images or fewer the discriminator "
            "remembers each, and the generator gets worse; seen through random transforms they "
            "last longer (DiffAugment, arXiv 2006.10738)"
        )
    flags = [f"--{name}={value}" for name, value in arguments.items() if value is not None]
    return [*flags, *(["--conditional"] if options.conditional else [])], reasons


def _shorter_sides(folder):
    """Returns the shorter side of each image that can be opened, from the least to the largest."""
    from ganzoo import drawing
    from ganzoo.data.folder import image_files

    sides = []
    for path in image_files(folder):
        try:
            sides.append(min(drawing.size_of(path)))
        except Exception:  # Whatever a decoder raises: the loading names the file, and why.
            continue
    if len(sides) < _FEWEST:
        raise ValueError(
            f"Expected at least {_FEWEST} image files that can be read. "
            f"Received: {str(folder)!r}, with {len(sides)}"
        )
    return sorted(sides)


def _size(sides, largest):
    """Returns the power of two within the middle one of the sides, between the limits."""
    middle = sides[len(sides) // 2]
    return min(max(2 ** (middle.bit_length() - 1), _SMALLEST), largest)


COMMAND = Command(
    "create",
    "Make a model of your own images: train, publish and export it.",
    "FOLDER --output=FOLDER [flags]",
    run,
    description="""FOLDER holds pictures of any sizes, formats and modes. The output folder then
        holds run/, the run as `ganzoo train` keeps it; model/, the preset with its card, as
        `ganzoo publish` makes it; and export/NAME/1/, what TensorFlow Serving serves. After an
        interruption the same command goes on where it was; with more --steps or --epochs it trains
        the same model further.""",
    examples=(
        "ganzoo create photos --output=my_gan",
        "ganzoo create photos --output=my_gan --steps=20000",
        "ganzoo create flowers --conditional --size=64 --on_bad=skip --dry_run",
    ),
)
COMMAND.group("The images")
COMMAND.positive_integer(
    "size",
    """Side of the images that are made, in pixels. By default a power of two that fits yours, from
    32 to 64 on a processor.""",
)
COMMAND.choice("channels", (1, 3), "Gray or color. By default what the images have.")
COMMAND.choice(
    "on_bad",
    ("error", "skip"),
    """What a file that is no image does: end the command, or be skipped and listed. By default an
    error.""",
)
COMMAND.switch("conditional", "Take the sub-folders for classes, and make samples of a chosen one.")
COMMAND.group("The training")
COMMAND.text("model", "NAME", f"The recipe; `ganzoo list` lists them. By default {_MODEL}.")
COMMAND.positive_integer("epochs", "Passes over the images; or give --steps.")
COMMAND.positive_integer("steps", f"Updates of the generator. By default {_STEPS:,}.")
COMMAND.positive_integer(
    "batch_size", f"Images in an update. By default {_BATCH}, or what there is."
)
COMMAND.positive_integer(
    "width",
    f"""Channels of the networks at the full size. By default {_WIDTH} on a processor, else the
    recipe's.""",
)
COMMAND.text(
    "augment",
    "POLICY",
    f"""Augmentation of all that the discriminator sees, or none. By default {_POLICY} for up to
    {_FEW_IMAGES:,} images, and none for more.""",
)
COMMAND.integer(
    "seed", "What initial weights, noise and the order of the data follow from.", default=0
)
COMMAND.group("The figures on the card")
COMMAND.text(
    "extractor",
    "NAME",
    """Network whose features are compared, e.g. inception. By default none, with figures that need
    none.""",
)
COMMAND.group("Files")
COMMAND.text("output", "FOLDER", "Where all is kept. By default runs/NAME.")
COMMAND.text("name", "NAME", "Name of the model. By default that of the folder of images.")
COMMAND.group("Other")
COMMAND.switch("dry_run", "Check everything, build the networks, print the plan, and end.")
COMMAND.switch("debug", "Show where an error comes from.")
