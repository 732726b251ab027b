"""`ganzoo data`: describes a data source, or packs it into one file."""

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import (
    add_content_flags,
    add_data_flags,
    add_debug_flag,
    check_whole_images,
)


def parse_action(others: list[str]) -> tuple[str, str]:
    """Returns `"describe"` or `"pack"`, and the data source.

    Raises:
        ValueError: If the arguments are neither SOURCE nor `pack` SOURCE.
    """
    if len(others) == 1 and others[0] != "pack":
        return "describe", others[0]
    if len(others) == 2 and others[0] == "pack":
        return "pack", others[1]
    raise ValueError(
        "Expected `ganzoo data SOURCE` or `ganzoo data pack SOURCE --output=FILE.npz`; "
        f"`ganzoo list` lists the sources. Received: {' '.join(others) or 'no source'}"
    )


def _check(options, others):
    action, _ = parse_action(others)
    check_whole_images(
        options, "Pack whole images of one size, and give --crop=random to `ganzoo train`."
    )
    if action != "pack" and "shards" in options.given:
        raise ValueError(
            f"--shards is for `ganzoo data pack`. Received: --shards={options.shards} without pack"
        )
    if action == "pack" and "output" not in options.given:
        raise ValueError(
            "`ganzoo data pack` needs a file to write: --output=FILE.npz. Received: none"
        )
    if action == "pack" and "n" in options.given:
        raise ValueError(
            "`ganzoo data pack` packs all examples; --n is for the picture of `ganzoo data "
            f"SOURCE`. Received: --n={options.n}"
        )


COMMAND = Command(
    "data",
    "Describe a data source and draw its examples, or pack it into one file.",
    "SOURCE [flags]\npack SOURCE --output=FILE.npz [flags]",
    description="""SOURCE is one of the sources that `ganzoo list` lists, or a packed file. A packed
        file holds the images as uint8. Reading it does not need TensorFlow.""",
    examples=(
        "ganzoo data digits --size=32 --output=digits.png",
        "ganzoo data folder:photos --size=64 --on_bad=skip",
        "ganzoo data pack tfds:fashion_mnist --size=32 --output=fashion_32.npz",
        "ganzoo data pack folder:photos --labels=labels.csv --size=64 --output=photos.npz",
        "ganzoo data pack folder:photos --size=64 --cache=cache --shards=16 --output=photos_64",
    ),
    check=_check,
)
COMMAND.group("Data")
add_data_flags(COMMAND)
add_content_flags(COMMAND)
COMMAND.group("Files")
COMMAND.path(
    "output",
    "FILE",
    """Picture of examples: .png, .jpg or .webp; for `pack`, the .npz file to write, or with
    --shards a new folder.""",
    default="data.png",
)
COMMAND.positive_integer(
    "shards",
    """Pack into a folder of so many files, which are read where batches need them: for data that
    are larger than the memory.""",
)
COMMAND.positive_integer("n", "Number of examples in the picture.", default=64)
COMMAND.group("Other")
add_debug_flag(COMMAND)
