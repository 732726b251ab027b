"""Folders that appear whole or not at all, and stay after a power cut."""

import contextlib
import os
import shutil
import time
import uuid
from pathlib import Path

_ABANDONED_SECONDS = 3600


@contextlib.contextmanager
def new_folder(folder):
    """Gives an empty folder to write to, which takes its name when the context ends well.

    It lies beside the one that it becomes, with a name that begins with a dot. What a killed
    process left there an hour ago or longer is removed.

    Args:
        folder: Path of the folder, whose parents are made.

    Raises:
        FileExistsError: If there is such a folder with something in it when the context ends.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in folder.parent.glob(".*.partial"):
        if time.time() - abandoned.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(abandoned, ignore_errors=True)
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.partial")
    partial.mkdir()
    try:
        yield partial
        synchronize_tree(partial)
        try:
            os.rename(partial, folder)
        except OSError as error:
            if folder.exists():
                raise FileExistsError(f"Something else made it meanwhile: {folder}") from error
            raise
        synchronize(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextlib.contextmanager
def new_file(path):
    """Gives the path of a file to write, which takes its name when the context ends well.

    Args:
        path: Path of the file, whose parents are made.

    Raises:
        FileExistsError: If there is such a file when the context ends.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        yield partial
        synchronize(partial)
        # A link, unlike a rename, does not replace a file that appeared meanwhile.
        os.link(partial, path)
        synchronize(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def synchronize_tree(folder):
    """Makes the disk keep a folder and all that is in it."""
    for path in sorted(Path(folder).rglob("*")):
        synchronize(path)
    synchronize(folder)


def synchronize(path):
    """Makes the disk keep a file, or the names in a folder."""
    if os.name != "posix" and os.path.isdir(path):
        return  # Only POSIX can.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
