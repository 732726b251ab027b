"""Files with a JSON object in each line, to which a run adds lines while others read them."""

import json
import os
import warnings
from pathlib import Path
from typing import Any


def append(path: Path | str, record: dict[str, Any]) -> None:
    """Adds a line to a file, which is created if there is none.

    A process that was killed may have left an incomplete last line. It is ended first, so that it
    does not damage the new one.

    Args:
        path: Path of the file.
        record: Dictionary that JSON can hold.
    """
    line = json.dumps(record).encode() + b"\n"
    with open(path, "ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def read(path: Path | str) -> list[dict[str, Any]]:
    """Returns the records of a file, without damaged lines, of which it warns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has lines, and none is a JSON object.
    """
    lines = [line for line in Path(path).read_bytes().splitlines() if line.strip()]
    records = [record for line in lines if (record := _parsed(line)) is not None]
    if lines and not records:
        raise ValueError(f"Expected a file with a JSON object in each line. Received: {path}")
    if len(records) < len(lines):
        warnings.warn(
            "Damaged lines are left out, as a process that is killed may leave them. Received: "
            f"{path}, with {len(lines) - len(records)} of {len(lines)} lines damaged",
            stacklevel=2,
        )
    return records


def _parsed(line):
    """Returns the object in a line, or `None`."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
