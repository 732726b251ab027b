"""Files and folders appear whole or not at all."""

import concurrent.futures
import os
import time

import pytest

from ganzoo.files import new_file, new_folder


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "made" / "text.txt"
    with new_file(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        assert partial.suffix == ".txt"
    assert path.read_text() == "half"
    assert _names(path.parent) == ["text.txt"]


def test_a_folder_appears_when_it_is_whole(tmp_path):
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


def test_a_file_is_replaced_only_where_it_may_be(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("old")
    with pytest.raises(FileExistsError, match=r"meanwhile"), new_file(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "old"
    with new_file(path, replace=True) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    assert _names(tmp_path) == ["text.txt"]


def test_a_folder_replaces_none(tmp_path):
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


def test_what_a_killed_process_left_goes_after_an_hour(tmp_path):
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
