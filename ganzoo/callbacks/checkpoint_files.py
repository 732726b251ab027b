"""Checkpoints on disk: folders that are complete or absent, with a hash of each file.

A checkpoint is a folder `step_00000123`. It holds `arrays.npz` (all arrays by name), `state.json`
(everything else) and `manifest.json` (the size and the SHA-256 of the other two). It is written
under another name, forced to the disk and renamed, so that no process that ends leaves an
incomplete checkpoint. The manifest shows damage before anything is parsed.

NumPy's files have no bfloat16. Such arrays are stored as integers of the same bits, and
`state.json` names their types. Older checkpoints lack these names: `read` returns the integers.
"""

import functools
import json
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.files import describe_file, new_folder, remove_folder, remove_unfinished, user_path

_FORMAT = 1
_ARRAYS, _STATE, _MANIFEST = "arrays.npz", "state.json", "manifest.json"
_TYPES = "types_of_arrays"
_NAME = re.compile(r"step_(\d{8,})")


class DamagedCheckpoint(ValueError):
    """A file of a checkpoint is not the file that was written. The message names it."""


def write(folder: Path | str, step: int, arrays: dict, state: dict) -> Path:
    """Writes a checkpoint. After an error or the end of the process, the others are unchanged.

    Args:
        folder: Folder of the checkpoints, which must exist.
        step: Number of the training step, which names the checkpoint. A checkpoint of the same
            step is replaced.
        arrays: Dictionary of NumPy arrays.
        state: Dictionary that JSON can hold.

    Returns:
        The path of the checkpoint.

    Raises:
        OSError: If it cannot be written, for example because the disk is full.
        FileNotFoundError: If there is no such folder.
    """
    folder = user_path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder of the checkpoints is gone. Received: {str(folder)!r}")
    path = folder / f"step_{step:08d}"
    if path.exists() and not path.is_dir():
        remove_folder(path)
    with new_folder(path, replace=True) as partial:
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        types = {name: one.dtype.name for name, one in arrays.items() if not _is_plain(one)}
        np.savez(partial / _ARRAYS, **{name: _plain(array) for name, array in arrays.items()})
        _write_json(partial / _STATE, {**state, _TYPES: types} if types else state)
        files = {name: describe_file(partial / name) for name in (_ARRAYS, _STATE)}
        _write_json(partial / _MANIFEST, {"format": _FORMAT, "step": step, "files": files})
    return path


def read(path: Path | str) -> tuple[dict, dict]:
    """Verifies a checkpoint, and returns its dictionary of arrays and its state."""
    path = user_path(path)
    verify(path)
    with np.load(path / _ARRAYS, allow_pickle=False) as file:
        arrays = dict(file.items())
    state = _read_json(path / _STATE)
    for name, dtype in state.pop(_TYPES, {}).items():
        arrays[name] = arrays[name].view(dtype)
    return arrays, state


def read_state(path: Path | str) -> dict[str, Any]:
    """Returns the state of a checkpoint without its arrays."""
    return _read_json(user_path(path) / _STATE)


def verify(path: Path | str) -> None:
    """Raises `DamagedCheckpoint` unless each file of a checkpoint is the file that was written."""
    path = user_path(path)
    manifest = _read_json(path / _MANIFEST)
    expected = {"format": _FORMAT, "step": step_of(path), "files": manifest.get("files")}
    if manifest != expected or set(manifest["files"]) != {_ARRAYS, _STATE}:
        raise DamagedCheckpoint(
            f"{path / _MANIFEST} is not the manifest of this checkpoint, in the format {_FORMAT}"
        )
    for name, written in manifest["files"].items():
        try:
            found = describe_file(path / name)
        except OSError as error:
            raise DamagedCheckpoint(f"{path / name} cannot be read: {error}") from error
        if found != written:
            raise DamagedCheckpoint(
                f"{path / name} is damaged. Expected: {written}. Received: {found}"
            )


def _is_intact(path):
    """Returns whether `verify` accepts a checkpoint. Files that did not change are read once."""
    try:
        status = [(path / name).stat() for name in (_ARRAYS, _STATE, _MANIFEST)]
        _verify_once(path, *((one.st_size, one.st_mtime_ns, one.st_ino) for one in status))
    except (OSError, DamagedCheckpoint):
        return False
    return True


@functools.lru_cache(maxsize=64)
def _verify_once(path, *status):
    verify(path)


def newest(folder: Path | str) -> Path | None:
    """Returns the path of the newest intact checkpoint, or `None` if there is no checkpoint.

    It warns once if newer checkpoints are damaged.

    Raises:
        DamagedCheckpoint: If there are checkpoints, and all of them are damaged.
    """
    paths, damages = every(folder), []
    for path in reversed(paths):
        try:
            verify(path)
        except DamagedCheckpoint as damage:
            damages.append(str(damage))
            continue
        if damages:
            warnings.warn(f"Going back to {path}, since {'; '.join(damages)}", stacklevel=2)
        return path
    if damages:
        raise DamagedCheckpoint(
            f"No checkpoint in {folder} is intact: {'; '.join(damages)}. Remove the folder to "
            "start a new run."
        )
    return None


def every(folder: Path | str) -> list[Path]:
    """Returns the paths of all checkpoints in a folder, intact or not, in the order of steps."""
    folder = user_path(folder)
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=step_of)


def prune(folder: Path | str, keep: int, best_step: int | None, written: Path) -> None:
    """Removes the checkpoints that are no longer needed.

    It keeps the newest `keep` intact checkpoints, the one of `best_step`, the one that was just
    written, and damaged ones that are newer than the oldest of these: if files become readable
    again, the newest is still there.

    Args:
        folder: Folder of the checkpoints.
        keep: Number of intact checkpoints, at least 1.
        best_step: Step of a checkpoint that is kept in addition, or `None`.
        written: Path of the newest written checkpoint, which need not have the largest step.
    """
    paths = every(folder)
    if len(paths) <= keep:
        return
    intact = []
    for path in reversed(paths):
        if len(intact) == keep:
            if path != written and step_of(path) != best_step:
                remove_folder(path)
        elif path == written or _is_intact(path):
            intact.append(path)


def prepare(folder: Path | str, size: int) -> None:
    """Prepares a folder for checkpoints, and removes what killed processes left in it.

    Args:
        folder: The folder, which is created if there is none.
        size: Number of bytes of a checkpoint.

    Raises:
        OSError: If it cannot be written to, or the disk has too little free space.
    """
    folder = user_path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder)
    Path(tempfile.mkdtemp(prefix=".", suffix=".partial.probe", dir=folder)).rmdir()
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(
            f"A checkpoint takes {size:,} bytes, and there must be room for one more than the "
            f"number that is kept. Received: folder={str(folder)!r} with {free:,} bytes free"
        )


def step_of(path: Path) -> int:
    """Returns the step of a checkpoint."""
    return int(_NAME.fullmatch(path.name)[1])


def _plain(array):
    """Returns an array of a type that NumPy's files have."""
    return array if _is_plain(array) else array.view(f"u{array.dtype.itemsize}")


def _is_plain(array):
    return array.dtype.isbuiltin == 1


def _read_json(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedCheckpoint(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("files", {}), dict):
        raise DamagedCheckpoint(f"{path} is damaged")
    return content


def _write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
