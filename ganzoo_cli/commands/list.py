"""`ganzoo list`: the published models, and the names that the other commands take."""

from ganzoo_cli.command import Command
from ganzoo_cli.shared_flags import add_debug_flag
from ganzoo_cli.suggestions import did_you_mean

KINDS = ("models", "recipes", "data", "losses", "regularizers", "augmentations")


def _check(options, others):
    for other in others:
        if other not in KINDS:
            raise ValueError(
                f"`ganzoo list` lists {', '.join(KINDS)}.{did_you_mean(other, KINDS)} "
                f"Received: {other}"
            )


COMMAND = Command(
    "list",
    "List published models, recipes, data sources, losses, regularizers and augmentations.",
    "[KIND ...] [flags]",
    description=f"KIND is one of {', '.join(KINDS)}. By default all are listed.",
    examples=("ganzoo list", "ganzoo list models"),
    check=_check,
)
COMMAND.group("Flags")
add_debug_flag(COMMAND)
