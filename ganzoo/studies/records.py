"""The folder of a study: a record of each cell and seed that is done."""

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ganzoo import json_files
from ganzoo.distribution import hardware
from ganzoo.files import new_file, user_path
from ganzoo.folder_lock import FolderLock
from ganzoo.studies.study import Cell
from ganzoo.version import __version__


class Records:
    """The records of a study in a folder.

    A record is the file `CELL/seed_N.json`, next to `CELL/seed_N.npy` with samples. It appears
    complete or not at all. `CELL/seed_N` is the folder of the checkpoints of a cell that is not
    done; its lock shows who trains the cell.

    Args:
        folder: Path of the folder, which is created when something is written.
    """

    def __init__(self, folder: str | Path):
        self.folder = user_path(folder)

    def load(self, cell: Cell, seed: int) -> dict[str, Any] | None:
        """Returns the record of a cell and a seed, or `None`.

        Infinity and NaN are `None` in it.

        Raises:
            ValueError: If the record is of another cell of that name, or is damaged.
        """
        path = self._path(cell, seed, ".json")
        try:
            with json_files.reading(path, "remove it, to train the cell again") as record:
                record, settings = _without_nan(record), _without_nan(record["settings"])
        except FileNotFoundError:
            return None
        difference = _difference("settings", settings, _plain(cell.settings()))
        if difference:
            raise ValueError(
                "The study has changed since a cell was trained: give another folder, or remove "
                f"the record to train the cell again. Received: {path} with {difference}"
            )
        return record

    def samples(self, cell: Cell, seed: int) -> np.ndarray | None:
        """Returns the samples that were kept, or `None`."""
        path = self._path(cell, seed, ".npy")
        return np.load(path) if path.is_file() else None

    def save(self, cell: Cell, seed: int, results: dict[str, Any], samples: Any = None) -> None:
        """Writes the record of a cell and a seed, and removes its checkpoints."""
        if samples is not None:
            kept = new_file(self._path(cell, seed, ".npy"), replace=True)
            with kept as path, open(path, "wb") as file:
                np.save(file, samples)
        record = {
            "cell": cell.name,
            "seed": seed,
            **results,
            "settings": cell.settings(),
            "hardware": hardware.machine(),
            "threads": hardware.threads(),
            "versions": {
                "ganzoo": __version__,
                "keras": keras.__version__,
                keras.backend.backend(): hardware.backend_version(),
                "numpy": np.__version__,
            },
            "date": time.strftime("%Y-%m-%d"),
        }
        with new_file(self._path(cell, seed, ".json"), replace=True) as path:
            path.write_text(json.dumps(_without_nan(record), indent=1, allow_nan=False))
        shutil.rmtree(self.checkpoints(cell, seed), ignore_errors=True)

    def checkpoints(self, cell: Cell, seed: int) -> Path:
        """Returns the folder of the checkpoints of a cell that is not done."""
        return self._path(cell, seed, "")

    def claim(self, cell: Cell, seed: int) -> FolderLock | None:
        """Returns a lock that makes this process the only one to train a cell, or `None`.

        It is `None` if another process trains it, or has just done so.
        """
        # The folder stays: another process may be about to lock it.
        folder = self.folder / ".claims" / cell.name / f"seed_{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
        try:
            lock.acquire()
        except BlockingIOError:
            return None
        if self.load(cell, seed) is not None:
            lock.release()
            return None
        return lock

    def _path(self, cell, seed, suffix):
        return self.folder / cell.name / f"seed_{seed}{suffix}"


def _plain(settings):
    """Returns settings as they come back from a record."""
    return _without_nan(json.loads(json.dumps(settings)))


def _without_nan(value):
    """Returns plain data with `None` for infinity and NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _difference(name, recorded, current):
    """Returns the first difference of two settings in words, or `None`."""
    if isinstance(recorded, dict) and isinstance(current, dict):
        for key in sorted({*recorded, *current}):
            inner = _difference(f"{name}.{key}", recorded.get(key), current.get(key))
            if inner:
                return inner
        return None
    return None if recorded == current else f"{name}={recorded!r} in place of {current!r}"
