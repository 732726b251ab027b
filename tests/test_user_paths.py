"""Wherever a user gives a path, the home folder replaces a leading `~`."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import callbacks, data, metrics, presets, runs, studies, zoo
from ganzoo.drawing import save_picture
from ganzoo.files import new_file, new_folder, user_path
from ganzoo.generation import Directions
from ganzoo_cli.main import COMMANDS, command
from support import presets as preset_gans

PACKAGE = Path(ganzoo.__file__).parent
# What the help calls the values of flags that take paths, or names in place of them.
PATHS = {"FILE", "FOLDER", "PATH", "PRESET", "VECTOR"}
FLAGS = [
    (name, flag.name) for name in COMMANDS for flag in command(name).flags if flag.value in PATHS
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Returns a home folder; the working folder is another one, which must stay empty."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(work)
    yield home
    assert not list(work.iterdir())


def test_a_name_of_no_user_stays_as_it_is(home):
    assert user_path("~/a") == home / "a"
    assert user_path("~nobody_of_this_name/a") == Path("~nobody_of_this_name/a")
    assert user_path("a~") == Path("a~")


def test_there_is_one_home_of_the_rule():
    others = [path for path in PACKAGE.rglob("*.py") if path.name != "files.py"]
    assert not [path for path in others if "expanduser" in path.read_text()]


def test_each_command_with_files_has_flags_of_paths():
    assert len(FLAGS) > 30
    assert {"output", "page_folder", "cache", "labels", "init_from", "config", "table"} <= {
        flag for _, flag in FLAGS
    }
    with_output = {name for name in COMMANDS if "output" in command(name).flag_names}
    assert with_output == {name for name, flag in FLAGS if flag == "output"}


@pytest.mark.parametrize(("name", "flag"), FLAGS)
def test_flags_of_paths_know_the_home_folder(home, name, flag):
    options, _ = command(name).parse([f"--{flag}=~/x"])
    assert getattr(options, flag) == os.path.join(home, "x")


def test_words_without_a_flag_know_the_home_folder(home):
    _, others = command("project").parse(["~/model", "--", "~/a.png"])
    assert others == [os.path.join(home, "model"), os.path.join(home, "a.png")]


def test_files_and_folders_are_written_at_home(home):
    with new_file("~/a/text.txt") as partial:
        partial.write_text("")
    with new_folder("~/folder"):
        pass
    save_picture("~/picture.png", np.zeros((4, 4, 1), "uint8"))
    assert {path.name for path in home.iterdir()} == {"a", "folder", "picture.png"}


def test_sources_of_data_are_read_at_home(home):
    digits = _digits()
    data.pack(digits, "~/digits.npz")
    data.pack_shards(digits, "~/shards", shards=2)
    for number, image in enumerate(digits.examples):
        (home / "photos").mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(home / "photos" / f"{number}.png")
    (home / "table.csv").write_text(
        "file,label\n" + "".join(f"{number}.png,a{number % 2}\n" for number in range(8))
    )
    loaded = [data.load(source) for source in ("~/digits.npz", "packed:~/digits.npz", "~/shards")]
    loaded.append(data.load("folder:~/photos", labels="~/table.csv", cache="~/cache"))
    assert [len(one) for one in loaded] == [8] * 4
    assert loaded[-1].num_classes == 2
    assert list((home / "cache").iterdir())


def test_models_are_written_and_read_at_home(home):
    gan = preset_gans.image_gan()
    gan.save_to_preset("~/preset")
    gan.save("~/model.keras")
    directions = gan.directions("sefa", k=2)
    directions.save("~/directions.npz")
    assert len(Directions.load("~/directions.npz")) == 2
    presets.store_directions("~/preset", directions)
    for read in (
        ganzoo.GAN.from_preset,
        presets.load_folder,
        runs.load_model,
    ):
        assert len(read("~/preset").stored_directions) == 2
    assert isinstance(runs.load_model("~/model.keras"), ganzoo.GAN)
    assert presets.read_metrics("~/preset") is None
    assert zoo.read_all("~") == {}
    with pytest.raises(ValueError, match="must be empty or not exist"):
        zoo.publishing.check_folder("~/preset")
    gan = preset_gans.image_gan()
    gan.initialize_from("~/preset")


@pytest.mark.parametrize(
    "make",
    [
        callbacks.SampleGrid,
        callbacks.AtomicCheckpoint,
        lambda folder: callbacks.TrackRun([], folder),
        lambda folder: callbacks.EvaluateSamples(["pairwise_distance"], _digits(), folder=folder),
        lambda folder: callbacks.SpectralMonitor(folder=folder),
        studies.records.Records,
        metrics.feature_cache.FeatureCache,
    ],
)
def test_folders_of_callbacks_and_records_are_at_home(home, make):
    assert make("~/folder").folder == home / "folder"


def test_files_of_metrics_and_logs_are_at_home(home):
    gaussian = metrics.Gaussian(np.zeros(2), np.eye(2), 5)
    gaussian.save("~/gaussian.npz")
    assert metrics.Gaussian.load("~/gaussian.npz").count == 5
    assert callbacks.EpochLog("~/log.csv").path == home / "log.csv"
    assert runs.RunFolder("~/run").path == home / "run"


def test_exports_are_written_at_home(home, monkeypatch):
    from ganzoo import export

    gan = preset_gans.image_gan()
    gan.preset = {"name": "digits", "sha256": "0"}
    seen = []
    monkeypatch.setattr(
        export, "check_options", lambda path, *others: seen.extend([path, others[-1]]) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        gan.export("~/page", format="web", runtime="~/runtime.tgz")
    assert seen == [home / "page", home / "runtime.tgz"]


def _digits():
    return data.load("digits").take(range(8))
