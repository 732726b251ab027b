"""Flags and words that several commands share."""

from types import SimpleNamespace

from ganzoo_cli.command import Command

MODEL = """MODEL is a preset that `ganzoo list` lists, a model on the Hugging Face Hub as
    hf://user/name or hf://user/name@revision, a `.keras` file, or the folder of a run."""
# The flags that say what the files of a folder hold.
CONTENT_FLAGS = (
    *("labels", "label_columns", "labels_as", "alpha", "crop", "dtype", "value_range", "cache"),
)
# The flags that say how a data source is read.
DATA_FLAGS = frozenset({"split", "size", "channels", "on_bad", "max_pixels", *CONTENT_FLAGS})


def add_data_flags(command: Command) -> None:
    """Gives a command the flags that say how a data source is read."""
    command.text("split", "NAME", "Part of the source.", default="train")
    command.size(
        "size",
        """Side of the images in pixels, or their height and width such as 32x64: they are cropped
        around their center to this shape and resized with antialiasing. By default they keep their
        own size.""",
    )
    add_channels_flag(command)
    add_folder_flags(command)


def add_checkpoint_flag(command: Command) -> None:
    """Gives a command the flag that chooses a checkpoint of a run."""
    command.text(
        "checkpoint",
        "NAME",
        """For the folder of a run: best, which a run with --keep_best has; newest; or the number of
        a step. By default the model at the end of the run.""",
    )


def add_channels_flag(command: Command) -> None:
    """Gives a command the flag for the number of channels of images."""
    command.choice("channels", (1, 3), "Gray or color. By default what the images have.")


def add_folder_flags(command: Command) -> None:
    """Gives a command the flags for files in a folder of images that cannot be used."""
    command.choice(
        "on_bad",
        ("error", "skip"),
        """What happens if a file in a folder is not an image: the command ends, or it skips the
        file and lists it. By default an error.""",
    )
    command.positive_integer(
        "max_pixels",
        """The largest number of pixels of a file in a folder; a JPEG may have 64 times as many if
        --size is much smaller. By default 64,000,000.""",
    )


def add_content_flags(command: Command) -> None:
    """Gives a command the flags that say what the files of a folder hold, in their own group."""
    command.group("What a folder holds")
    command.path(
        "labels",
        "FILE",
        """Table of labels in place of sub-folders, which may lie in the folder: .csv, .tsv, .jsonl
        or .json, such as StyleGAN's dataset.json.""",
    )
    command.names(
        "label_columns",
        """Columns of the table. One column of texts or integers holds classes; floats or several
        columns are conditions. By default all columns, if there is one or if all are numbers. A
        name with a comma is in double quotes.""",
    )
    command.choice(
        "labels_as", ("classes", "conditions"), "What a column holds that could be both."
    )
    command.text(
        "alpha",
        "keep|COLOR",
        """Keep alpha as a fourth channel, or lay transparent pixels over a color such as #000000.
        By default over white.""",
    )
    command.choice(
        "crop",
        ("center", "pad", "random"),
        """What happens to images of another aspect than --size: their longer sides are cut, or
        borders are added. With random, each batch of a training run has other windows of this size
        of larger images, which are not resized. By default their sides are cut.""",
    )
    command.choice(
        "dtype",
        ("uint8", "uint16", "float32"),
        """Keep 16 bits or floats, also of .npy files of any number of channels. Floats need
        --value_range. By default uint8.""",
    )
    command.pair("value_range", "LOW,HIGH", "The values of black and white, for --dtype=float32.")
    command.path(
        "cache",
        "FOLDER",
        """Keep the decoded images of a folder in shards here, and not in memory. They are decoded
        again if files or flags change. With true, the folder is ganzoo/folders in Keras's own.""",
    )


def check_whole_images(options: SimpleNamespace, why: str) -> None:
    """Raises `ValueError` for random windows, which a command outside of training cannot use.

    Args:
        options: The values of the flags.
        why: What the command does, and what to do instead.
    """
    if options.crop == "random":
        raise ValueError(
            f"Random windows are drawn while a model trains. {why} Received: --crop=random"
        )


def add_seed_flag(command: Command) -> None:
    """Gives a command the flag for the seed of a training run."""
    command.integer(
        "seed", "Determines the initial weights, the noise and the order of the data.", default=0
    )


def add_dry_run_flag(command: Command) -> None:
    """Gives a command the flag that ends it before anything is trained or written."""
    command.switch("dry_run", "Check everything, build the networks, print the plan, and end.")


def add_debug_flag(command: Command) -> None:
    """Gives a command the flag that every command has."""
    command.switch("debug", "Show the traceback of an error, and TensorFlow's messages.")
