"""Files and folders that appear whole or not at all, and stay after a power cut.

What is under way lies beside its place, under a name that begins with a dot and ends as the whole
one's, and goes when writing it fails. What a killed process left goes when the same file or folder
is written an hour later or after.
"""

import contextlib
import glob
import os
import shutil
import time
import uuid
from pathlib import Path

_ABANDONED_SECONDS = 3600


@contextlib.contextmanager
def new_folder(folder):
    """Gives an empty folder to write to, which takes its name when the context ends well.

    Args:
        folder: Path of the folder, whose parents are made.

    Raises:
        FileExistsError: If there is such a folder with something in it when the context ends.
    """
    folder = Path(folder)
    partial = _partial(folder)
    partial.mkdir()
    try:
        yield partial
        _synchronize_tree(partial)
        try:
            os.rename(partial, folder)
        except OSError as error:
            if folder.exists():
                raise FileExistsError(f"Something else made it meanwhile: {folder}") from error
            raise
        synchronize(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def new_file(path, replace=False):
    """Gives the path of a file to write, which takes its name when the context ends well.

    Args:
        path: Path of the file, whose parents are made.
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


def synchronize(path):
    """Makes the disk keep a file, or the names in a folder."""
    if os.name != "posix" and os.path.isdir(path):
        return  # Only POSIX can.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename_to_new(partial, path):
    """Renames a file, or raises `FileExistsError`."""
    try:
        # A link, unlike a rename, never replaces a file.
        os.link(partial, path)
    except FileExistsError as error:
        raise FileExistsError(f"Something else made it meanwhile: {path}") from error
    except OSError:  # There are file systems without links: there, two writers may not meet.
        if path.exists():
            raise
        os.rename(partial, path)


def _synchronize_tree(folder):
    for path in Path(folder).rglob("*"):
        synchronize(path)
    synchronize(folder)


def _partial(path):
    """Returns where what is to be at a path is written, and makes its parents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in path.parent.glob(f".*.partial.{glob.escape(path.name)}"):
        # Others, at work beside this one, take theirs away.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - abandoned.stat().st_mtime > _ABANDONED_SECONDS:
                if abandoned.is_dir():
                    shutil.rmtree(abandoned, ignore_errors=True)
                else:
                    abandoned.unlink()
    return path.with_name(f".{uuid.uuid4().hex[:8]}.partial.{path.name}")
