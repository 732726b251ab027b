"""A lock that makes one process the only writer of a folder."""

import contextlib
import datetime
import errno
import json
import os
import shlex
import socket
import sys
import warnings
from pathlib import Path
from typing import Self

try:
    import fcntl
except ImportError:  # Windows.
    fcntl = None

_NAME = ".lock"
_NOT_SUPPORTED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)
_held: set[int] = set()


class FolderLock:
    """Makes one process the only writer of a folder, while it holds the lock.

    The system keeps the lock, and releases it when the process ends for whatever reason: nothing
    that a killed process leaves can block the next one. While the lock is held, the file `.lock` in
    the folder names its holder. Child processes do not inherit the lock.

    Args:
        folder: Folder, which must exist when the lock is acquired.

    Example:

    >>> with FolderLock("checkpoints"):
    ...     write_to("checkpoints")
    """

    def __init__(self, folder: str | Path):
        self._path = Path(folder) / _NAME
        self._descriptor: int | None = None

    @staticmethod
    def is_lock(path: Path) -> bool:
        """Returns whether a path is the file of a lock."""
        return path.name == _NAME

    def acquire(self) -> None:
        """Acquires the lock, if it is not held by this object.

        It warns if the file system has no locks.

        Raises:
            BlockingIOError: If another process, or another object of this process, holds the lock.
            OSError: If the folder is not writable.
        """
        if self._descriptor is not None:
            return
        while self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if _lock(descriptor, self._path) and self._is_named(descriptor):
                    self._descriptor, descriptor = descriptor, None
            finally:
                if descriptor is not None:
                    os.close(descriptor)
        _held.add(self._descriptor)
        os.truncate(self._descriptor, 0)
        os.write(self._descriptor, json.dumps(_this_process()).encode())

    def release(self) -> None:
        """Releases the lock, if it is held by this object."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor not in _held:  # Not held, or this is a child of the holder.
            return
        _held.discard(descriptor)
        with contextlib.suppress(OSError):
            # The folder may be gone.
            self._path.unlink(missing_ok=True)
        os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def _is_named(self, descriptor):
        """Returns whether a locked file is still there: its last holder may have removed it."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False


def _lock(descriptor, path):
    """Locks an open file and returns `True`, or raises `BlockingIOError`."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            warnings.warn(
                "The file system has no locks, so a second process that writes to this folder "
                f"would not be noticed. Received: {path.parent}",
                stacklevel=5,
            )
            return True
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        raise BlockingIOError(
            f"{_holder(descriptor)} writes to this folder, and a folder has one writer. Wait for "
            f"its end, or give another folder. Received: {str(path.parent)!r}"
        ) from None
    return True


def _this_process():
    now = datetime.datetime.now(datetime.UTC).isoformat(" ", "seconds")
    return {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": now,
        "command": shlex.join(sys.argv)[:200],
    }


def _holder(descriptor):
    """Returns the holder of a lock in words."""
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return (
            f"Process {holder['process']} on {holder['host']} ({holder['command']}, since "
            f"{holder['since']})"
        )
    except (ValueError, KeyError, TypeError):  # It is about to write its name.
        return "Another process"


def _close_held():
    # A child that outlives a killed parent would otherwise keep its locks.
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_held)
