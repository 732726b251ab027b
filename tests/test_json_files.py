"""A damaged JSON file is named, with a way out, wherever one is read."""

import re
from pathlib import Path

import pytest

import ganzoo
from ganzoo import callbacks, extractors, json_files, runs, zoo
from ganzoo.cli.create_plan import CreatePlan
from ganzoo.data.generated import read_manifest
from ganzoo.extractors import classifier
from ganzoo.presets import PresetError, builtin
from ganzoo.runs import run_checkpoints
from ganzoo.studies.records import Records
from ganzoo_cli import package

PACKAGE = Path(ganzoo.__file__).parent
# A file that was cut, no object, bytes of no text, too many brackets, and an object without keys.
DAMAGES = (b'{"a"', b"[1]", b"\xff\xfe", b"[" * 100_000, b"{}")


def test_the_object_in_a_file_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    assert json_files.read(path, "remove it") == {"a": 1}
    with pytest.raises(FileNotFoundError):
        json_files.read(tmp_path / "b.json", "remove it")


@pytest.mark.parametrize("content", DAMAGES)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    expected = rf"a\.json is damaged: remove it\. Received: .*{re.escape(str(path))}, "
    reading = json_files.reading(path, "remove it", PresetError)
    with pytest.raises(PresetError, match=expected), reading as found:
        assert found["b"]


def test_files_are_read_in_one_way():
    # The others read texts that are in other files, from the network, or verified by hashes.
    allowed = {"json_files.py", "json_lines.py", "checkpoint_files.py", "folder_lock.py"}
    found = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"json\.loads?\([^)]*read", path.read_text())
    }
    assert found <= allowed


def _tracked(folder):
    callbacks.TrackRun([], folder).on_train_begin()


def _cell_record(folder):
    path = folder / "study" / "seed_0.json"
    path.parent.mkdir()
    (folder / "seed_0.json").rename(path)

    class Cell:
        name = "study"

        def settings(self):
            return {}

    Records(folder).load(Cell(), 0)


def _record_of_create(folder):
    plan = CreatePlan.__new__(CreatePlan)
    plan._record = folder / "create.json"
    plan._read_record()


@pytest.mark.parametrize("content", DAMAGES[:3], ids=["cut", "list", "bytes"])
@pytest.mark.parametrize(
    ("name", "read", "way_out"),
    [
        ("trackers.json", _tracked, "remove it"),
        ("options.json", lambda folder: runs.RunFolder(folder).read_options(), "restore a copy"),
        ("create.json", _record_of_create, "write into it"),
        ("generated.json", read_manifest, "generate the samples again"),
        ("seed_0.json", _cell_record, "remove it, to train the cell again"),
        ("digits.json", lambda folder: extractors.get("digits", folder=folder), "install ganzoo"),
    ],
)
def test_damaged_files_of_users_are_named(tmp_path, name, read, way_out, content):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "digits.npz").write_bytes((classifier.WEIGHTS / "digits.npz").read_bytes())
    with pytest.raises(ValueError, match=rf"{name} is damaged: .*{way_out}.* Received: .*{name}, "):
        read(tmp_path)


def test_damaged_options_name_the_file_that_repeats_the_run(tmp_path):
    folder = runs.RunFolder(tmp_path)
    folder.options.write_text("{}")
    folder.toml.write_text("")
    expected = rf"--config={re.escape(str(folder.toml))} --output=FOLDER.*, no key 'recipe'"
    with pytest.raises(ValueError, match=expected):
        folder.read_options()


@pytest.mark.parametrize("content", DAMAGES[:3], ids=["cut", "list", "bytes"])
def test_damaged_files_of_the_package_are_named(tmp_path, monkeypatch, content):
    monkeypatch.setattr(builtin, "_FOLDERS", (tmp_path,))
    monkeypatch.setattr(package, "_PRESETS", (tmp_path,))
    (tmp_path / "index.json").write_bytes(content)
    for read in (builtin.list_models, package.preset_names):
        with pytest.raises(ValueError, match=r"index.json is damaged: .*--table=.*Received: "):
            read()
    (tmp_path / "index.json").unlink()
    (tmp_path / "model").mkdir()
    for name in ("metadata.json", "metrics.json"):
        (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(PresetError, match=r"metrics.json is damaged: .* Received: .*metrics.json"):
        builtin.facts_of("model")
    with pytest.raises(PresetError, match=r"metrics.json is damaged: publish .* Received: .*json"):
        zoo.read_all(tmp_path)


def test_a_damaged_config_of_a_run_is_named(tmp_path, monkeypatch):
    folder = runs.RunFolder(tmp_path)
    folder.config.write_text("[")
    monkeypatch.setattr(run_checkpoints, "_find", lambda *given: tmp_path)
    monkeypatch.setattr(run_checkpoints.checkpoint_files, "read", lambda path: ({}, {}))
    with pytest.raises(ValueError, match=r"gan.json is damaged: `ganzoo train --resume .*Received"):
        run_checkpoints.load_checkpoint(folder, "newest")
