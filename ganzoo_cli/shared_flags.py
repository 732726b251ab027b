"""Flags and words that several commands share."""

from ganzoo_cli.command import Command

MODEL = """MODEL is a preset that `ganzoo list` lists, a model on the Hugging Face Hub as
    hf://user/name or hf://user/name@revision, a `.keras` file, or the folder of a run."""
# The flags that say how a data source is read.
DATA_FLAGS = frozenset({"split", "size", "channels", "on_bad", "max_pixels"})


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
