"""Files and folders appear complete or not at all, and have one kind of hash."""

import concurrent.futures
import errno
import hashlib
import os
import socket
import stat
import time
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo.files import (
    check_place,
    describe_file,
    is_unfinished,
    new_file,
    new_folder,
    remove_folder,
    remove_unfinished,
)


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "made" / "text.txt"
    with new_file(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        assert partial.suffix == ".txt"
    assert path.read_text() == "half"
    assert _names(path.parent) == ["text.txt"]


def test_a_folder_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "made" / "3"
    with new_folder(path) as partial:
        (partial / "inner").mkdir()
        (partial / "inner" / "text.txt").write_text("all")
        assert not path.exists()
    assert (path / "inner" / "text.txt").read_text() == "all"
    assert _names(path.parent) == ["3"]


@pytest.mark.parametrize("new", [new_file, new_folder])
def test_a_failure_leaves_nothing(tmp_path, new):
    with pytest.raises(RuntimeError, match=r"full"), new(tmp_path / "x") as partial:
        (partial if new is new_file else partial / "text").write_text("half")
        raise RuntimeError("full")
    assert _names(tmp_path) == []


def test_a_file_is_replaced_only_with_replace(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("old")
    with pytest.raises(FileExistsError, match=r"meanwhile"), new_file(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "old"
    with new_file(path, replace=True) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    assert _names(tmp_path) == ["text.txt"]


def test_a_folder_is_not_replaced_without_replace(tmp_path):
    path = tmp_path / "1"
    with pytest.raises(FileExistsError, match=r"already"), new_folder(path) as partial:
        (partial / "text").write_text("mine")
        path.mkdir()
        (path / "text").write_text("theirs")
    assert (path / "text").read_text() == "theirs"
    assert _names(tmp_path) == ["1"]


def test_one_of_several_writers_wins(tmp_path):
    def write(path, text):
        try:
            with new_file(path) as partial:
                partial.write_text(text)
        except FileExistsError:
            return None
        return text

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for turn in range(50):
            path = tmp_path / f"{turn}"
            results = set(threads.map(write, [path] * 4, "abcd"))
            assert results == {None, path.read_text()}


def test_remains_of_a_killed_process_are_removed_after_an_hour(tmp_path):
    old, young, other = (
        tmp_path / name for name in (".1.partial.a[b]", ".2.partial.a[b]", ".3.partial.c")
    )
    for path in (old, young, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, (time.time() - 4000,) * 2)
    with new_file(tmp_path / "a[b]") as partial:
        partial.write_text("whole")
    assert _names(tmp_path) == [young.name, other.name, "a[b]"]


def test_a_folder_is_replaced_with_replace(tmp_path):
    path = tmp_path / "preset"
    path.mkdir()
    (path / "old").write_text("old")
    with new_folder(path, replace=True) as partial:
        (partial / "new").write_text("new")
        assert _names(path) == ["old"]
    assert _names(path) == ["new"]
    assert _names(tmp_path) == ["preset"]


def test_a_folder_stays_if_its_replacement_fails(tmp_path, monkeypatch):
    path = tmp_path / "preset"
    path.mkdir()
    (path / "old").write_text("old")
    with pytest.raises(RuntimeError), new_folder(path, replace=True) as partial:
        (partial / "new").write_text("half")
        raise RuntimeError
    rename = os.rename

    def fail_for_the_new_one(source, target):
        if ".partial." in Path(source).name:
            raise OSError("no space left")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail_for_the_new_one)
    with pytest.raises(OSError), new_folder(path, replace=True) as partial:
        (partial / "new").write_text("new")
    assert _names(path) == ["old"] and _names(tmp_path) == ["preset"]


def test_a_killed_replacement_gets_its_folder_back_or_is_finished(tmp_path):
    """It was killed between two renames, or after them, more than an hour ago or just now."""
    names = (".1.replaced.lost", ".2.replaced.done", ".3.replaced.now", "done")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
        if "now" not in name:
            os.utime(tmp_path / name, (time.time() - 4000,) * 2)
    for name in ("lost", "done", "now"):
        with pytest.raises(RuntimeError), new_folder(tmp_path / name):
            raise RuntimeError
    assert _names(tmp_path) == [".3.replaced.now", "done", "lost"]
    assert _names(tmp_path / "lost") == [".1.replaced.lost"]
    remove_unfinished(tmp_path)
    assert _names(tmp_path) == ["done", "lost", "now"]


def test_a_removed_folder_is_gone_and_unfinished_ones_too(tmp_path):
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / "text").write_text("all")
    remove_folder(folder)
    assert _names(tmp_path) == []
    (tmp_path / ".1.partial.a").mkdir()
    (tmp_path / ".2.replaced.b").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / ".3.partial.b").write_text("half")
    (tmp_path / ".notes").write_text("mine")
    remove_unfinished(tmp_path)
    assert _names(tmp_path) == [".notes", "b"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path, exists):
    target, link = tmp_path / "there" / "target", tmp_path / "link.npz"
    target.parent.mkdir()
    link.symlink_to("there/target")
    if exists:
        target.write_text("old")
    with new_file(link, replace=True) as partial:
        # NumPy would add a suffix of its own, as ffmpeg and Keras would refuse the name.
        assert partial.suffix == ".npz" and partial.parent == target.parent
        np.savez(partial, x=1)
    assert link.is_symlink() and os.readlink(link) == "there/target"
    assert np.load(target)["x"] == 1
    assert _names(target.parent) == ["target"] and _names(tmp_path) == ["link.npz", "there"]


def test_a_link_is_not_replaced_without_replace(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(FileExistsError), new_file(tmp_path / "link") as partial:
        partial.write_text("new")
    assert (tmp_path / "target").read_text() == "old" and (tmp_path / "link").is_symlink()


def test_a_link_to_a_folder_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "old").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("1")
    with new_folder(link, replace=True) as partial:
        (partial / "new").write_text("new")
    assert link.is_symlink() and _names(tmp_path / "1") == ["new"]
    assert _names(tmp_path) == ["1", "link"]
    remove_folder(link)
    assert _names(tmp_path) == ["1"] and _names(tmp_path / "1") == ["new"]


def test_a_loop_of_links_is_an_error(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for new in (new_file, new_folder):
        with pytest.raises(OSError, match=r"symbolic links"), new(tmp_path / "a"):
            pass
    assert _names(tmp_path) == ["a", "b"]


def test_a_fifo_gets_the_content(tmp_path):
    path = tmp_path / "fifo.txt"
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"Nobody reads this FIFO.*fifo"), new_file(path):
        raise AssertionError("The content was made.")
    content = os.urandom(20_000)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with new_file(path, replace=True) as partial:
        assert partial.suffix == ".txt" and partial.parent != tmp_path
        partial.write_bytes(content)
    assert os.read(reader, 2**16) == content
    with pytest.raises(OSError, match=r"has closed it.*fifo") as error, new_file(path) as partial:
        os.close(reader)
        partial.write_text("new")
    assert not isinstance(error.value, BrokenPipeError)
    assert stat.S_ISFIFO(path.lstat().st_mode) and _names(tmp_path) == ["fifo.txt"]


@pytest.mark.parametrize("minor, fails", [(3, False), (7, True)])
def test_a_character_device_gets_the_content(tmp_path, minor, fails):
    path = tmp_path / "device"
    try:
        os.mknod(path, 0o622 | stat.S_IFCHR, os.makedev(1, minor))
        path.chmod(0o622)
        os.close(os.open(path, os.O_WRONLY))
    except OSError:
        pytest.skip("devices cannot be made here")
    try:
        with new_file(path, replace=True) as partial:
            partial.write_text("text")
        assert not fails
    except OSError as error:
        assert fails and error.errno == errno.ENOSPC
    assert stat.S_ISCHR(path.lstat().st_mode) and stat.S_IMODE(path.lstat().st_mode) == 0o622
    with pytest.raises(NotADirectoryError), new_folder(path, replace=True):
        pass


def test_an_open_file_without_a_name_gets_the_content(tmp_path):
    path = tmp_path / "file"
    with open(path, "wb+") as file:
        path.unlink()
        with new_file(f"/proc/self/fd/{file.fileno()}", replace=True) as partial:
            partial.write_text("text")
        assert os.pread(file.fileno(), 9, 0) == b"text"
    assert _names(tmp_path) == []


def test_folders_sockets_and_disks_are_refused_before_the_content_is_made(tmp_path):
    folder, server = tmp_path / "folder", tmp_path / "socket"
    folder.mkdir()
    refused = [(folder, IsADirectoryError), (server, OSError)]
    try:
        os.mknod(tmp_path / "disk", 0o600 | stat.S_IFBLK, os.makedev(7, 250))
        refused.append((tmp_path / "disk", OSError))
    except OSError:
        pass  # Only the superuser makes nodes of disks.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(server))
        for path, error in refused:
            before = path.lstat()
            with pytest.raises(error, match=path.name), new_file(path, replace=True):
                raise AssertionError("The content was made.")
            assert path.lstat() == before
    (tmp_path / "file").write_text("text")
    with pytest.raises(NotADirectoryError), new_folder(tmp_path / "file", replace=True):
        raise AssertionError("The content was made.")


def test_a_new_file_or_folder_keeps_the_mode_of_the_old_one(tmp_path):
    for new, name in ((new_file, "file"), (new_folder, "folder")):
        path = tmp_path / name
        with new(path) as partial:
            (partial if new is new_file else partial / "text").write_text("old")
        path.chmod(0o700)
        with new(path, replace=True) as partial:
            (partial if new is new_file else partial / "text").write_text("new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser writes anywhere")
def test_a_read_only_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o400)
    with pytest.raises(PermissionError), new_file(path, replace=True):
        raise AssertionError("The content was made.")


def test_remains_that_are_links_are_removed_without_their_targets(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "text").write_text("mine")
    (tmp_path / ".1.partial.a").symlink_to("target")
    assert is_unfinished(tmp_path / ".1.partial.a") and not is_unfinished(tmp_path / "target")
    remove_unfinished(tmp_path)
    assert _names(tmp_path) == ["target"] and _names(tmp_path / "target") == ["text"]


def test_a_file_is_described_by_its_size_and_hash(tmp_path):
    content = os.urandom(2**20 + 17)
    (tmp_path / "file").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    assert describe_file(tmp_path / "file") == {"size": len(content), "sha256": sha256}


def test_no_other_module_renames_or_synchronizes_folders():
    for path in Path(ganzoo.__file__).parent.rglob("*.py"):
        if path.name != "files.py":
            text = path.read_text()
            assert not any(call in text for call in ("os.rename(", "os.replace(", "os.fsync(")), (
                path
            )


@pytest.mark.parametrize("new", [new_file, new_folder])
@pytest.mark.parametrize("place", ["/proc/x.png", "/proc/self/x/y.png", "{}/file/x.png"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, new, place):
    (tmp_path / "file").write_text("text")
    path = place.format(tmp_path)
    with (
        pytest.raises(OSError, match=r"cannot be written: .*Give another path") as caught,
        new(path) as partial,
    ):
        (partial if new is new_file else partial / "text").write_text("half")
    assert str(caught.value).endswith(f"Received: {path}") and "partial" not in str(caught.value)
    with pytest.raises(OSError, match=r"Nothing can be written in .*Give another path") as caught:
        check_place("--output", path, is_folder=new is new_folder)
    assert str(caught.value).endswith(f"Received: --output={path}")
    assert _names(tmp_path) == ["file"]


def test_a_place_holds_what_is_written_or_nothing(tmp_path):
    (tmp_path / "x.png").mkdir()
    (tmp_path / "x").touch()
    with pytest.raises(IsADirectoryError, match=r"--output must be a file.*x.png, a folder"):
        check_place("--output", tmp_path / "x.png")
    with pytest.raises(NotADirectoryError, match=r"--output must be a folder.*x, a file"):
        check_place("--output", tmp_path / "x", is_folder=True)


def test_a_place_that_can_be_written_stays_as_it_is(tmp_path):
    (tmp_path / "old.png").write_text("old")
    for name in ("old.png", "new.png", "a/b/new.png"):
        check_place("--output", tmp_path / name)
    check_place("--output", tmp_path / "a" / "b", is_folder=True)
    check_place("--output", "/dev/null")
    assert _names(tmp_path) == ["old.png"]


def test_other_errors_of_the_writer_stay_as_they_are(tmp_path):
    missing = tmp_path / "other"
    with pytest.raises(FileNotFoundError, match=r"No such file.*other"), new_file(tmp_path / "x"):
        missing.read_text()
