"""Files that hold one JSON object: an error about a damaged one names it, and says what to do."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What parsing a damaged file raises, and looking at what it should hold.
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)


@contextlib.contextmanager
def reading(
    path: Path | str, way_out: str, error: type[ValueError] = ValueError
) -> Iterator[dict[str, Any]]:
    """Yields the object in a file. The body of the context may raise what shows that it is damaged.

    Args:
        path: Path of the file.
        way_out: What a user can do about a damaged file, without a period.
        error: Class of the error.

    Raises:
        ValueError: If the file holds no JSON object, or the body raises `ValueError`, `KeyError`,
            `IndexError`, `TypeError`, `AttributeError` or `RecursionError`.
        OSError: If the file cannot be read.

    Example:

    >>> with reading("run/options.json", "restore a copy of it") as options:
    ...     seed = int(options["seed"])
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"it must hold a JSON object, and holds {content!r:.50}")
        yield content
    except _DAMAGE as problem:
        found = f"no key {problem}" if isinstance(problem, KeyError) else problem
        raise error(f"{path} is damaged: {way_out}. Received: {path}, {found}") from problem


def read(path: Path | str, way_out: str, error: type[ValueError] = ValueError) -> dict[str, Any]:
    """Returns the object in a file; the arguments and errors are those of `reading`."""
    with reading(path, way_out, error) as content:
        return content
