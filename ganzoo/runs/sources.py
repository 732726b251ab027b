"""Data sources as the flags of a command, or the options of a run, describe them."""

import re
from types import SimpleNamespace

from ganzoo import data
from ganzoo.data.sources import UnknownSplit
from ganzoo.runs.progress import Progress
from ganzoo_cli.shared_flags import CONTENT_FLAGS

# The source of a `Dataset` that was given to `ganzoo.train`.
GIVEN_IN_PYTHON = "arrays"
# Options of some sources, which other sources refuse.
_OPTIONS = ("on_bad", "max_pixels", *CONTENT_FLAGS)
# The whole training split or a slice of it. A model trained on any other split may have seen the
# test images.
_PART_OF_TRAINING = re.compile(r"train(\[[^\]+]*\])?")


def load_source(source, options, keep_sizes=False, **changes):
    """Loads a data source.

    Args:
        source: The source, such as `"digits"`.
        options: The flags that `ganzoo_cli.shared_flags.DATA_FLAGS` names, as attributes.
        keep_sizes: Whether images of a folder may keep different sizes, for metrics.
        **changes: Values that replace values of `options`.

    Returns:
        A `ganzoo.data.Dataset`, or a `ganzoo.data.MixedImages`.
    """
    if source == GIVEN_IN_PYTHON:
        raise ValueError(
            "The data were given in Python, as a `ganzoo.data.Dataset`, and must be given again: "
            "`ganzoo.train(resume=True, output=..., data=dataset)` resumes the run. For other "
            "commands, `ganzoo.data.pack` makes them a file for --data. "
            f"Received: the source {source!r}"
        )
    options = with_changes(options, **changes)
    # Only folders have these options, and other sources refuse them.
    given = {name: getattr(options, name, None) for name in _OPTIONS}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if given.get("cache") == "true":
        given["cache"] = True
    with Progress() as progress:
        if source.startswith("folder:"):
            given |= {"progress": progress, "keep_sizes": keep_sizes}
        return data.load(
            source,
            split=options.split,
            size=options.size,
            channels=options.channels,
            **given,
        )


def load_test_split(source, trained_on, options):
    """Returns the test images of a source, or `None` if there are none that are surely unseen.

    Args:
        source: The source of the data.
        trained_on: The split that the model was trained on.
        options: The flags that `ganzoo_cli.shared_flags.DATA_FLAGS` names, as attributes.
    """
    if not _PART_OF_TRAINING.fullmatch(trained_on or ""):
        return None
    try:
        return load_source(source, options, split="test")
    except UnknownSplit:
        return None


def with_changes(options, **changes):
    """Returns a copy of a command's options with other values."""
    return SimpleNamespace(**{**vars(options), **changes})
