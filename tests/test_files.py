"""Files and folders appear complete or not at all, and have one kind of hash."""

import concurrent.futures
import hashlib
import os
import time
from pathlib import Path

import pytest

import ganzoo
from ganzoo.files import (
    describe_file,
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
    with pytest.raises(FileExistsError, match=r"meanwhile"), new_folder(path) as partial:
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


def test_a_killed_replacement_keeps_the_old_folder_for_good(tmp_path):
    old = tmp_path / ".1.replaced.preset"
    old.mkdir()
    os.utime(old, (time.time() - 4000,) * 2)
    with new_folder(tmp_path / "preset") as partial:
        (partial / "text").write_text("new")
    assert _names(tmp_path) == [old.name, "preset"]


def test_a_removed_folder_is_gone_and_unfinished_ones_too(tmp_path):
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / "text").write_text("all")
    remove_folder(folder)
    assert _names(tmp_path) == []
    (tmp_path / ".1.partial.a").mkdir()
    (tmp_path / ".2.replaced.a").mkdir()
    (tmp_path / ".3.partial.b").write_text("half")
    (tmp_path / ".notes").write_text("mine")
    remove_unfinished(tmp_path)
    assert _names(tmp_path) == [".notes"]


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
