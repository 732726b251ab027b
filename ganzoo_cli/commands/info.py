"""`ganzoo info`: versions, devices, the backend and the extras."""

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import add_debug_flag


def _check(options, others):
    if others:
        raise ValueError(f"`ganzoo info` takes no arguments. Received: {' '.join(others)}")


COMMAND = Command(
    "info",
    "Print versions, devices, the backend and the extras: what a report of a fault needs.",
    "[flags]",
    examples=("ganzoo info", "KERAS_BACKEND=jax ganzoo info"),
    check=_check,
)
COMMAND.group("Flags")
add_debug_flag(COMMAND)
