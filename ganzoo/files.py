"""Files and folders that appear complete or not at all, and survive a power cut; their hashes.

An unfinished file or folder lies next to its final path. Its name starts with a dot and ends with
the final name. It is removed when writing fails. The remains of a killed process are removed when
the same file or folder is written again, an hour later or more.
"""

import contextlib
import glob
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ABANDONED_SECONDS = 3600
_CHUNK = 2**20


@contextlib.contextmanager
def new_folder(folder: Path | str, replace: bool = False) -> Iterator[Path]:
    """Yields an empty folder to write to, and renames it to `folder` when the context ends well.

    Args:
        folder: Path of the folder. Its parents are created.
        replace: Whether it may replace a folder that is not empty. The old folder stays if an error
            occurs. A process that is killed between the two renames leaves both folders complete,
            the old one under a name with `.replaced.`.

    Raises:
        FileExistsError: If it may not replace a folder, and there is one that is not empty when
            the context ends.
    """
    folder = Path(folder)
    partial = _partial(folder)
    partial.mkdir()
    try:
        yield partial
        _synchronize_tree(partial)
        try:
            _rename_folder(partial, folder, replace)
        except OSError as error:
            if folder.exists():
                raise FileExistsError(f"Another process created it meanwhile: {folder}") from error
            raise
        synchronize(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def new_file(path: Path | str, replace: bool = False) -> Iterator[Path]:
    """Yields a path to write a file to, and renames the file to `path` when the context ends well.

    Args:
        path: Path of the file. Its parents are created.
        replace: Whether it may replace a file of that name.

    Raises:
        FileExistsError: If it may not, and there is one when the context ends.
    """
    path = Path(path)
    partial = _partial(path)
    try:
        yield partial
        synchronize(partial)
        if replace:
            os.replace(partial, path)
        else:
            _rename_to_new(partial, path)
        synchronize(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def remove_folder(folder: Path | str) -> None:
    """Removes a folder. A process that stops meanwhile never leaves a part under its name."""
    folder = Path(folder)
    partial = _partial(folder)
    os.rename(folder, partial)
    shutil.rmtree(partial)


def remove_unfinished(folder: Path | str) -> None:
    """Removes unfinished files and folders from a folder that no other process writes to."""
    for kind in ("partial", "replaced"):
        for path in Path(folder).glob(f".*.{kind}.*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def synchronize(path: Path | str) -> None:
    """Forces a file, or the list of names in a folder, to the disk."""
    if os.name != "posix" and os.path.isdir(path):
        return  # Other systems cannot do it for folders.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(file: BinaryIO) -> str:
    """Returns the SHA-256 of the rest of an open binary file, in hexadecimal digits."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def describe_file(path: Path | str) -> dict[str, int | str]:
    """Returns the entry of a file in a manifest: a dictionary of its `size` and its `sha256`."""
    with open(path, "rb") as file:
        sha256 = sha256_of(file)
        return {"size": file.tell(), "sha256": sha256}


def _rename_folder(partial, folder, replace):
    """Renames a folder. With `replace`, an old folder is moved away first, and back on an error."""
    if not (replace and folder.is_dir()):
        os.rename(partial, folder)
        return
    # Under this name it is never taken for an abandoned one: it may be the only complete one.
    old = _hidden(folder, "replaced")
    os.rename(folder, old)
    try:
        os.rename(partial, folder)
    except BaseException:
        os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _rename_to_new(partial, path):
    """Renames a file, or raises `FileExistsError`."""
    try:
        # A link, unlike a rename, never replaces a file.
        os.link(partial, path)
    except FileExistsError as error:
        raise FileExistsError(f"Another process created it meanwhile: {path}") from error
    except OSError:  # The file system has no links. There, two writers must not meet.
        if path.exists():
            raise
        os.rename(partial, path)


def _synchronize_tree(folder):
    for path in Path(folder).rglob("*"):
        synchronize(path)
    synchronize(folder)


def _partial(path):
    """Returns the path of the unfinished file or folder of a path, and creates its parents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in path.parent.glob(f".*.partial.{glob.escape(path.name)}"):
        # Another process may be removing its own.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - abandoned.stat().st_mtime > _ABANDONED_SECONDS:
                if abandoned.is_dir():
                    shutil.rmtree(abandoned, ignore_errors=True)
                else:
                    abandoned.unlink()
    return _hidden(path, "partial")


def _hidden(path, kind):
    return path.with_name(f".{uuid.uuid4().hex[:8]}.{kind}.{path.name}")
