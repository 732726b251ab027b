"""Checkpoints on disk: folders that are there whole or not at all, with a hash of each file.

A checkpoint is a folder `step_00000123` with `arrays.npz` (all arrays, by name), `state.json` (all
else) and `manifest.json` (the size and the sha256 of these two). It is written under another name,
forced to the disk and renamed: whatever ends the process, no checkpoint is ever half written. A
damaged one is found by its manifest before anything of it is parsed.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np

from ganzoo.files import synchronize

_FORMAT = 1
_ARRAYS, _STATE, _MANIFEST = "arrays.npz", "state.json", "manifest.json"
_PARTIAL = ".partial-"
_NAME = re.compile(r"step_(\d{8,})")


class DamagedCheckpoint(ValueError):
    """A file of a checkpoint is not what was written; the message names it."""


def write(folder, step, arrays, state):
    """Writes a checkpoint: after an error, or the end of the process, the others are as before.

    Args:
        folder: Folder of the checkpoints, which must exist.
        step: Number of the training step, which names the checkpoint. One of the same step, which
            can only be damaged, is replaced.
        arrays: Dictionary of NumPy arrays.
        state: What JSON can hold.

    Returns:
        The path of the checkpoint.

    Raises:
        OSError: If it cannot be written, e.g. because the disk is full or the folder is gone.
    """
    folder = Path(folder)
    path = folder / f"step_{step:08d}"
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder))
    try:
        with open(partial / _ARRAYS, "wb") as file:
            np.savez(file, **{name: _plain(array) for name, array in arrays.items()})
            _force(file)
        _write_json(partial / _STATE, state)
        files = {name: _facts(partial / name) for name in (_ARRAYS, _STATE)}
        _write_json(partial / _MANIFEST, {"format": _FORMAT, "step": step, "files": files})
        synchronize(partial)
        if path.exists():
            shutil.rmtree(path)
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    synchronize(folder)
    return path


def read(path):
    """Returns the dictionary of arrays and the state of a checkpoint, after `verify`."""
    path = Path(path)
    verify(path)
    with np.load(path / _ARRAYS, allow_pickle=False) as file:
        arrays = dict(file.items())
    return arrays, _read_json(path / _STATE)


def read_state(path):
    """Returns the state of a checkpoint without its arrays."""
    return _read_json(Path(path) / _STATE)


def verify(path):
    """Raises `DamagedCheckpoint` unless each file of a checkpoint is what was written."""
    path = Path(path)
    manifest = _read_json(path / _MANIFEST)
    expected = {"format": _FORMAT, "step": step_of(path), "files": manifest.get("files")}
    if manifest != expected or set(manifest["files"]) != {_ARRAYS, _STATE}:
        raise DamagedCheckpoint(
            f"{path / _MANIFEST} is not the manifest of this checkpoint, in the format {_FORMAT}"
        )
    for name, written in manifest["files"].items():
        try:
            found = _facts(path / name)
        except OSError as error:
            raise DamagedCheckpoint(f"{path / name} cannot be read: {error}") from error
        if found != written:
            raise DamagedCheckpoint(
                f"{path / name} is damaged. Expected: {written}. Received: {found}"
            )


def newest(folder):
    """Returns the path of the newest whole checkpoint, or `None` where there is none at all.

    It warns, once, of newer ones that are damaged.

    Raises:
        DamagedCheckpoint: If there are checkpoints, and all are damaged.
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
            f"No checkpoint in {folder} is whole: {'; '.join(damages)}. Remove the folder to start "
            "afresh."
        )
    return None


def every(folder):
    """Returns the paths of all checkpoints in a folder, whole or not, in the order of steps."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=step_of)


def prune(folder, keep, best_step=None):
    """Removes all checkpoints but the newest `keep` and that of a step."""
    for path in every(folder)[:-keep]:
        if step_of(path) != best_step:
            # Out of the way in one move, so that no half of it is ever taken for a checkpoint.
            doomed = path.with_name(f"{_PARTIAL}{path.name}")
            os.rename(path, doomed)
            shutil.rmtree(doomed)


def prepare(folder, size):
    """Makes a folder ready for checkpoints, and removes what killed processes left in it.

    Args:
        folder: The folder, which is made if there is none.
        size: Number of bytes that a checkpoint will take.

    Raises:
        OSError: If it cannot be written to, or has not the room.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(path)
    probe = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder))
    probe.rmdir()
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OSError(
            f"A checkpoint takes {size:,} bytes, and there must be room for one more than are "
            f"kept. Received: folder={str(folder)!r} with {free:,} bytes free"
        )


def step_of(path):
    """Returns the step that a checkpoint is of."""
    return int(_NAME.fullmatch(path.name)[1])


def _plain(array):
    """Returns an array of a type of NumPy's own: files hold bfloat16 as integers."""
    array = np.asarray(array)
    return array if array.dtype.isbuiltin == 1 else array.view(f"u{array.dtype.itemsize}")


def _facts(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
        return {"size": file.tell(), "sha256": digest.hexdigest()}


def _read_json(path):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedCheckpoint(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("files", {}), dict):
        raise DamagedCheckpoint(f"{path} is damaged")
    return content


def _write_json(path, content):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
        _force(file)


def _force(file):
    file.flush()
    os.fsync(file.fileno())
