"""The choices that `ganzoo create` makes for the flags that are not given."""

import numpy as np

from ganzoo import recipes, zoo
from ganzoo.data.deep_images import ARRAY_SUFFIX
from ganzoo.data.folder import labeled_layout
from ganzoo.data.image_files import size_of
from ganzoo.data.image_options import check_size
from ganzoo.distribution.hardware import accelerator
from ganzoo.presets import builtin
from ganzoo_cli.commands.create import (
    AUGMENT,
    BATCH_SIZE,
    FEW_IMAGES,
    LARGEST_SIZE,
    LARGEST_SIZE_ON_GPU,
    MODEL,
    SMALLEST_SIZE,
    STEPS,
    WIDTH,
)
from ganzoo_cli.commands.train import COMMAND as TRAIN
from ganzoo_cli.models import check_exists
from ganzoo_cli.settings import text_of
from ganzoo_cli.shared_flags import CONTENT_FLAGS

_EMA_DECAY = 0.999
# With fewer, nothing but copies can be learned. With few, mostly copies are.
_FEWEST_IMAGES, _TOO_FEW_IMAGES = 10, 100
_MOST_ENLARGED = 1.5


def training_arguments(folder, options):
    """Chooses values for the flags that are not given.

    Args:
        folder: Path of the folder of images.
        options: The values of the flags of `ganzoo create`.

    Returns:
        The arguments of `ganzoo train`, and a list of reasons for the choices.
    """
    sides, reasons = _shorter_sides(folder, options), []
    has_gpu = accelerator() is not None
    start = _start(options)
    size = options.size or start.get("size")
    if size is None:
        largest = LARGEST_SIZE_ON_GPU if has_gpu else LARGEST_SIZE
        size = _size(sides, largest)
        middle = sides[len(sides) // 2]
        reasons.append(
            f"size {size}: the shorter sides of the {len(sides):,} images have {sides[0]} to "
            f"{sides[-1]} pixels, and half of them have at least {middle}; the size is the largest "
            f"power of two that is not larger, from {SMALLEST_SIZE} to {largest} "
            f"{'with' if has_gpu else 'without'} a GPU"
        )
    model = options.model or start.get("model", MODEL)
    # A training step takes one batch for each update of the discriminator.
    most = max(1, len(sides) // recipes.get(model).discriminator_steps)
    arguments = {
        "model": model,
        "data": f"folder:{folder.resolve()}",
        "size": size,
        "batch_size": options.batch_size or min(BATCH_SIZE, 2 ** (most.bit_length() - 1)),
        "ema_decay": _EMA_DECAY,
        "seed": options.seed,
        "channels": options.channels or start.get("channels"),
        "init_from": options.init_from,
        "freeze_discriminator": options.freeze_discriminator,
        "on_bad": options.on_bad,
        "max_pixels": options.max_pixels,
        "width": options.width or (None if has_gpu or start else WIDTH),
        "augment": options.augment,
        **{name: getattr(options, name) or None for name in CONTENT_FLAGS},
    }
    if options.epochs is None:
        arguments["steps"] = options.steps or STEPS
    else:
        arguments |= {"steps": options.steps, "epochs": options.epochs}
    if options.augment is None and len(sides) <= FEW_IMAGES:
        arguments["augment"] = AUGMENT
        reasons.append(
            f"augmentation {AUGMENT}: the discriminator memorizes {FEW_IMAGES:,} images or fewer, "
            "and the generator then gets worse; random transforms delay this (DiffAugment, arXiv "
            "2006.10738)"
        )
    reasons += _warnings(sides, min(check_size(size)))
    flags = [
        f"--{name}={text_of(TRAIN, name, value)}"
        for name, value in arguments.items()
        if value is not None
    ]
    return [*flags, *(["--conditional"] if options.conditional else [])], reasons


def _start(options):
    """Returns the recipe, the size and the channels of the model that the run starts from."""
    source = options.init_from
    if source is None:
        return {}
    folder = builtin.folder_of(source)
    if folder is None or source not in recipes.names():
        check_exists(source)
        if options.model is None:
            raise ValueError(
                "--init_from with a preset of your own needs the recipe that it was trained by: "
                f"--model. Received: --init_from={source}, which is none of "
                f"{', '.join(builtin.list_models())}"
            )
        return {"model": options.model}
    height, width, channels = zoo.read(folder)["data"]["shape"]
    size = {"size": height} if height == width else {}
    return {"model": source, "channels": channels, **size}


def _warnings(sides, size):
    """Returns what the user should know about few or small images before a long run."""
    warnings = []
    if len(sides) < _TOO_FEW_IMAGES:
        warnings.append(
            f"warning: with {len(sides)} images the samples will mostly be copies of them; give at "
            f"least {_TOO_FEW_IMAGES}, better thousands"
        )
    if small := sum(_MOST_ENLARGED * side < size for side in sides):
        warnings.append(
            f"warning: {small:,} of {len(sides):,} images are much smaller than {size} pixels, the "
            f"smallest has {sides[0]}: enlarged they are blurred, and so will be samples; leave "
            "them out, or give a smaller --size"
        )
    return warnings


def _shorter_sides(folder, options):
    """Returns the shorter side of each readable image in pixels, in ascending order."""
    labels = options.labels, options.label_columns or None, options.labels_as
    keeps_eight_bits = options.dtype in (None, "uint8")
    layout, _ = labeled_layout(folder, "train", labels, () if keeps_eight_bits else (ARRAY_SUFFIX,))
    sides = []
    for path in layout.files:
        try:
            sides.append(min(_size_of(path)))
        except Exception:  # Decoders raise many kinds of errors; loading the data reports the file.
            continue
    if len(sides) < _FEWEST_IMAGES:
        raise ValueError(
            f"Expected at least {_FEWEST_IMAGES} image files that can be read. "
            f"Received: {str(folder)!r}, with {len(sides)}"
        )
    return sorted(sides)


def _size_of(path):
    """Returns the sides of an image in pixels, from the start of its file."""
    if path.suffix.lower() == ARRAY_SUFFIX:
        return np.load(path, mmap_mode="r", allow_pickle=False).shape[:2]
    return size_of(path)


def _size(sides, largest):
    """Returns the largest power of two up to the median side, within the limits."""
    middle = sides[len(sides) // 2]
    return min(max(2 ** (middle.bit_length() - 1), SMALLEST_SIZE), largest)
