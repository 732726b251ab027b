"""`ganzoo list`: the names that the other commands take."""

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import add_debug_flag


def _check(options, others):
    if others:
        raise ValueError(f"`ganzoo list` takes no arguments. Received: {' '.join(others)}")


COMMAND = Command(
    "list",
    "List models, data sources, losses, regularizers and augmentations.",
    "[flags]",
    check=_check,
)
COMMAND.group("Flags")
add_debug_flag(COMMAND)
