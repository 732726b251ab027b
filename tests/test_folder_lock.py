import errno
import os
import signal
import subprocess
import sys

import pytest

from ganzoo import folder_lock
from ganzoo.folder_lock import FolderLock

# The code of a process that holds a lock; it imports nothing of ganzoo, and so starts at once.
_HOLD = """
import importlib.util, os, sys, time
spec = importlib.util.spec_from_file_location("folder_lock", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.FolderLock(sys.argv[2]).acquire()
if os.fork() == 0:
    print(os.getpid(), flush=True)  # It runs, so it has let go of its parent's files.
    time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of a folder, and has a child process."""
    command = [sys.executable, "-c", _HOLD, folder_lock.__file__, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    child = int(process.stdout.readline())
    yield process
    os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()


@pytest.mark.process
def test_a_killed_process_blocks_nobody_although_its_child_lives(tmp_path, holder):
    expected = rf"Process {holder.pid} on .*since.*one writer.*Received: .*{tmp_path.name}"
    with pytest.raises(BlockingIOError, match=expected):
        FolderLock(tmp_path).acquire()

    holder.send_signal(signal.SIGKILL)
    holder.wait()

    assert (tmp_path / ".lock").exists()
    with FolderLock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_has_one_writer_within_a_process_too(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    first, second = FolderLock(tmp_path), FolderLock(tmp_path / "link")
    with first:
        first.acquire()
        with pytest.raises(BlockingIOError, match=f"Process {os.getpid()} on"):
            second.acquire()
        second.release()
        assert FolderLock.is_lock(*tmp_path.glob(".lock"))
    with second:
        pass
    first.release()


def test_remains_in_the_file_do_not_matter(tmp_path):
    (tmp_path / ".lock").write_text('{"process": 1, "host": "elsewhere"' + 500 * " ")
    with FolderLock(tmp_path):
        (tmp_path / ".lock").write_text("")
        with pytest.raises(BlockingIOError, match="Another process"):
            FolderLock(tmp_path).acquire()


def test_a_file_system_without_locks_is_used_with_a_warning(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(folder_lock.fcntl, "flock", fail)
    with pytest.warns(UserWarning, match="no locks"), FolderLock(tmp_path):
        pass


def test_a_removed_file_is_made_again(tmp_path, monkeypatch):
    locked = []
    flock = folder_lock.fcntl.flock

    def remove_first(descriptor, operation):
        flock(descriptor, operation)
        if not locked:
            (tmp_path / ".lock").unlink()  # As the last holder does.
        locked.append(descriptor)

    monkeypatch.setattr(folder_lock.fcntl, "flock", remove_first)
    with FolderLock(tmp_path):
        assert len(locked) == 2 and (tmp_path / ".lock").exists()
