"""Files and folders that appear complete or not at all, and survive a power cut; their hashes.

An unfinished file or folder lies next to its final path. Its name starts with a dot and ends with
the final name. It is removed when writing fails. The remains of a killed process are removed when
the same file or folder is written again, an hour later or more.

Only regular files and folders are replaced. A symbolic link stays, and what it leads to is
replaced. A FIFO or a character device, such as `/dev/null` or `/dev/stdout`, stays, and the content
of a file is written to it. Anything else is refused before the content is made.
"""

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ABANDONED_SECONDS = 3600
_CHUNK = 2**20


def user_path(path: Path | str) -> Path:
    """Returns a path that a user gave, with the home folder in place of a leading `~`.

    Shells expand `~` in `--output ~/x`, and not in `--output=~/x`. A `~name` of no user of this
    system stays as it is.

    Example:

    >>> user_path("~/photos") == Path.home() / "photos"
    True
    """
    return Path(os.path.expanduser(path))


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
        NotADirectoryError: If there is something else than a folder at this path.
    """
    folder = user_path(folder)
    with _named_errors(folder):
        status = _status(folder)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(f"Expected a folder, or nothing. Received: {folder}, a file")
        folder = _followed(folder)
        partial = _partial(folder)
        partial.mkdir()
        try:
            yield partial
            _copy_permissions(status, partial)
            _synchronize_tree(partial)
            try:
                _rename_folder(partial, folder, replace)
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                    raise FileExistsError(f"There is such a folder already: {folder}") from error
                raise
            synchronize(folder.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def new_file(path: Path | str, replace: bool = False) -> Iterator[Path]:
    """Yields a path to write a file to, and renames the file to `path` when the context ends well.

    A FIFO or a character device gets the content of the file when the context ends well.

    Args:
        path: Path of the file. Its parents are created.
        replace: Whether it may replace a file of that name, whose permissions the new file gets.

    Raises:
        FileExistsError: If it may not, and there is one when the context ends.
        IsADirectoryError: If the path is a folder.
        PermissionError: If there is a file that may not be written.
        OSError: If the path is a block device, a socket, or a FIFO that nobody reads.
    """
    path = user_path(path)
    with _named_errors(path):
        status = _status(path)
        _check_writable(path, status)
        if _is_stream(path, status):
            with _written_through(path) as partial:
                yield partial
            return
        name, path = path.name, _followed(path)
        # Writers take formats from the suffix that the caller knows, and not from that of a link.
        partial = _partial(path.with_name(name))
        try:
            yield partial
            _copy_permissions(status, partial)
            synchronize(partial)
            if replace:
                os.replace(partial, path)
            else:
                _rename_to_new(partial, path)
            synchronize(path.parent)
        finally:
            partial.unlink(missing_ok=True)


def check_place(name: str, path: Path | str, is_folder: bool = False) -> None:
    """Raises `OSError` if a file or a folder cannot be written at a path.

    Permissions do not tell it of every file system, so a folder is created next to it and removed.

    Args:
        name: Name of the argument or flag, for the message.
        path: Path of the file or the folder, whose parents need not exist.
        is_folder: Whether it is a folder, in which files are written if it exists.
    """
    place = user_path(path).absolute()
    if is_stream(place):
        return
    if is_folder and place.exists() and not place.is_dir():
        raise NotADirectoryError(
            f"{name} must be a folder, or not exist. Received: {name}={path}, a file"
        )
    if place.is_dir() and not is_folder:
        raise IsADirectoryError(
            f"{name} must be a file, or not exist. Received: {name}={path}, a folder"
        )
    places = (place, *place.parents) if is_folder else place.parents
    above = next(one for one in places if os.path.exists(one))
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".", suffix=".partial.probe", dir=above))
    except OSError as error:
        raise type(error)(
            f"Nothing can be written in {above}: {error.strerror}. Give another path, in a folder "
            f"that you may write. Received: {name}={path}"
        ) from error


def remove_folder(folder: Path | str) -> None:
    """Removes a folder. A process that stops meanwhile never leaves a part under its name.

    If it is a symbolic link, only the link is removed.
    """
    folder = Path(folder)
    partial = _partial(folder)
    os.rename(folder, partial)
    _remove(partial)


def remove_unfinished(folder: Path | str) -> None:
    """Removes unfinished files and folders from a folder that no other process writes to.

    A folder that a killed process has moved away, and not yet replaced, gets its name back.
    """
    for path in Path(folder).glob(".*.replaced.*"):
        _end_replacement(path)
    for path in Path(folder).glob(".*.partial.*"):
        _remove(path)


def is_unfinished(path: Path | str) -> bool:
    """Returns whether a file or a folder has the name of an unfinished one."""
    return Path(path).match(".*.partial.*")


def is_stream(path: Path | str) -> bool:
    """Returns whether a path leads to a FIFO or a device, which is written to but not replaced."""
    path = user_path(path)
    status = _status(path)
    return _is_stream(path, status) and not stat.S_ISDIR(status.st_mode)


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


@contextlib.contextmanager
def _named_errors(path):
    """Makes errors of a file or a folder that cannot be written name it, and not the unfinished."""
    try:
        yield
    except OSError as error:
        if not isinstance(error.filename, (str, os.PathLike)):
            raise
        found, places = Path(error.filename), {path, *path.parents, *_followed(path).parents}
        if found not in places and not found.name.endswith(f".partial.{path.name}"):
            raise
        kind = NotADirectoryError if isinstance(error, FileExistsError) else type(error)
        raise kind(
            f"This file or folder cannot be written: {error.strerror}. Give another path, in a "
            f"folder that you may write. Received: {path}"
        ) from error


def _status(path):
    """Returns the status of what a path leads to, or `None` if there is nothing."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _followed(path):
    """Returns the path that a path leads to when its symbolic links are followed."""
    return Path(os.path.realpath(path))


def _check_writable(path, status):
    """Raises `OSError` unless a file can be written at a path."""
    if status is None:
        return
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"Expected the path of a file. Received: {path}, a folder")
    if stat.S_ISBLK(status.st_mode) or stat.S_ISSOCK(status.st_mode):
        raise OSError(
            "Expected the path of a file, a FIFO or a character device: nothing is written to "
            f"disks and sockets. Received: {path}"
        )
    if not os.access(path, os.W_OK):
        raise PermissionError(f"There is a file that may not be written. Received: {path}")


def _is_stream(path, status):
    """Returns whether a path can only be written to, and not be replaced."""
    if status is None:
        return False
    if not stat.S_ISREG(status.st_mode):
        return True
    # Names such as /dev/stdout may lead to a file that has no name.
    found = _status(_followed(path))
    return found is None or not os.path.samestat(found, status)


@contextlib.contextmanager
def _written_through(path):
    """Yields a path to write a file to, whose content is then written to a FIFO or a device."""
    # Without O_NONBLOCK, a FIFO that nobody reads would block forever.
    flags = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OSError(
            f"Nobody reads this FIFO: start its reader first. Received: {path}"
        ) from error
    try:
        os.set_blocking(descriptor, True)
        with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
            partial = Path(folder, path.name)
            yield partial
            with open(partial, "rb") as file, open(descriptor, "wb", closefd=False) as stream:
                shutil.copyfileobj(file, stream)
    except BrokenPipeError as error:
        raise OSError(f"The reader of the output has closed it. Received: {path}") from error
    finally:
        os.close(descriptor)


def _copy_permissions(status, path):
    """Gives a file or a folder the owner and the mode of the one that it will replace, if any."""
    if status is None:
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))


def _end_replacement(old):
    """Removes a folder that was moved away, or gives it its name back if nothing replaced it."""
    folder = old.with_name(old.name.split(".replaced.", 1)[1])
    if folder.exists():
        _remove(old)
    else:
        os.rename(old, folder)


def _remove(path):
    """Removes a file, a folder with its content, or a symbolic link alone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


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
    for kind, end in (("replaced", _end_replacement), ("partial", _remove)):
        for abandoned in path.parent.glob(f".*.{kind}.{glob.escape(path.name)}"):
            # Another process may be removing its own.
            with contextlib.suppress(OSError):
                if time.time() - abandoned.lstat().st_mtime > _ABANDONED_SECONDS:
                    end(abandoned)
    return _hidden(path, "partial")


def _hidden(path, kind):
    return path.with_name(f".{uuid.uuid4().hex[:8]}.{kind}.{path.name}")
