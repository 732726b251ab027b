"""The flags that say what the files of a folder hold, in the commands that read it."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.cli.condition_flags import conditions_of, example
from ganzoo.data.shards import ShardedDataset
from ganzoo.runs.recipe_flags import training_command
from ganzoo.runs.run_folder import data_of
from ganzoo_cli.main import main

RNG = np.random.default_rng(0)
SETTINGS = {
    **{"size": 8, "labels": "labels.csv", "label_columns": ["age", "hat"]},
    **{"dtype": "float32", "value_range": (-80, 0), "crop": "pad", "cache": "cache"},
}


class Pixels:
    name, sha256, resize = "pixels", "0123456789abcdef", None

    def __init__(self, seen=None):
        self.seen = [] if seen is None else seen

    def __call__(self, images):
        assert images.dtype == np.uint8
        self.seen.append(np.asarray(images))
        return images.reshape(len(images), -1)[:, :5].astype("float32")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("scans")
    rows = ["file,age,hat,eyes"]
    for number in range(16):
        np.save(root / f"{number}.npy", RNG.uniform(-80, 0, (8, 6)))
        rows.append(f"{number},{RNG.standard_normal():.3f},{number % 2},blue")
    (root / "labels.csv").write_text("\n".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root.parent)
        return root, ganzoo.train(
            "sngan",
            f"folder:{root}",
            **SETTINGS,
            **{"conditional": True, "width": 1, "batch_size": 8, "steps": 2},
            output=root.parent / "run",
            verbose=0,
        )


def test_a_run_reads_the_folder_as_its_flags_say(run):
    root, trained = run
    gan = trained.gan
    assert gan.condition_names == ("age", "hat") and gan.example_shape == (8, 8, 1)
    assert gan.pixels == ganzoo.data.PixelFormat("float32", -80, 0)
    samples = gan.sample(2, conditions=[0.5, 1])
    assert -80 <= samples.min() < samples.max() <= 0
    assert len(list((root.parent / "cache").iterdir())) == 1


def test_the_run_keeps_the_flags(run, monkeypatch):
    root, trained = run
    monkeypatch.chdir(root.parent)
    recipe, settings = trained.folder.read_options()
    kept = {name: settings[name] for name in SETTINGS}
    assert kept == {**SETTINGS, "value_range": [-80, 0]}
    command = training_command(recipe, SimpleNamespace(**settings | {"labels": "/home/me/l.csv"}))
    assert "--labels=l.csv --label_columns=age,hat" in command and "--cache" not in command
    assert "--crop=pad --dtype=float32 --value_range=-80.0,0.0" in command
    assert data_of(trained.folder.path)["dtype"] == "float32"
    plan = ganzoo.runs.plan(resume=True, output=trained.folder.path, steps=4)
    assert isinstance(plan.data, ShardedDataset) and plan.steps_to_do == 2


def test_a_resumed_run_may_have_another_cache_and_no_other_pixels(run, tmp_path):
    output = run[1].folder.path
    plan = ganzoo.runs.plan(resume=True, output=output, steps=4, cache=tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) and plan.steps_to_do == 2
    with pytest.raises(ValueError, match=r"keeps its options.*--dtype"):
        ganzoo.runs.plan(resume=True, output=output, steps=4, dtype="uint8")


def test_a_model_is_evaluated_on_data_that_are_read_as_in_its_run(run, monkeypatch, capsys):
    root, trained = run
    monkeypatch.chdir(root.parent)
    monkeypatch.setattr("ganzoo.extractors.get_for", lambda source: Pixels())
    assert main(["evaluate", str(trained.folder.path), "--metrics=fid", "--output=fid.json"]) == 0
    assert "16 of folder:" in capsys.readouterr().out
    (result,) = json.loads((root.parent / "fid.json").read_text())["results"].values()
    assert np.isfinite(result["value"])


def test_samples_have_the_given_conditions(run, tmp_path, monkeypatch, capsys):
    trained = run[1]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganzoo.cli.sample.load_model", lambda path, checkpoint: trained.gan)
    sample = ["sample", str(trained.folder.path), "--folder=drawn"]
    expected = trained.gan.sample(2, conditions=[0.5, 1])
    for flag in ("0.5,1", "hat=1, age=0.5"):
        shutil.rmtree("drawn", ignore_errors=True)
        assert main([*sample, "--n=2", f"--conditions={flag}"]) == 0
        drawn = np.stack([np.asarray(Image.open(path)) for path in sorted(Path("drawn").iterdir())])
        found = trained.gan.pixels.in_eight_bits(expected)[..., 0]
        assert np.abs(drawn.astype(int) - found).max() <= 1
    assert "pictures have 8 bits" in capsys.readouterr().out
    np.save("three.npy", [[0.5, 1], [1, 0], [0, 0]])
    np.save("wide.npy", np.zeros((3, 4)))
    assert main(["sample", sample[1], "--conditions=three.npy"]) == 0
    assert capsys.readouterr().out.endswith("3 samples in samples.png\n")
    for flag in ("1", "1,2,3", "age=1", "age=1,age=2", "age=1,cap=2", "age=x,hat=1", "1,nan"):
        assert main([*sample, f"--conditions={flag}"]) == 2
        message = capsys.readouterr().err
        assert "2 numbers between commas, such as age=0,hat=0" in message and flag in message
    assert main([*sample, "--conditions=wide.npy"]) == 2
    assert "float64 of shape (3, 4)" in capsys.readouterr().err
    assert main(sample) == 2
    assert "needs --conditions" in capsys.readouterr().err
    with pytest.raises(ValueError, match="classes are --labels"):
        conditions_of("1", SimpleNamespace(condition_dim=None))


def test_the_name_of_a_condition_may_have_a_comma():
    gan = SimpleNamespace(condition_dim=2, condition_names=("age, in years", "hat"))
    found = conditions_of('hat=1, "age, in years=0.5"', gan)
    assert found.tolist() == [0.5, 1]
    assert conditions_of(example(gan), gan).tolist() == [0, 0]
    with pytest.raises(ValueError, match='such as "age, in years=0",hat=0'):
        conditions_of("age, in years=0.5,hat=1", gan)


def test_data_of_other_kinds_have_no_such_flags(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    train = ["train", "--model=sngan", "--data=digits", "--dry_run"]
    assert main([*train, "--dtype=uint16"]) == 2
    assert "Received: dtype='uint16'" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"for sources\. Received: alpha"):
        dataset = ganzoo.data.load("digits", size=8)
        ganzoo.runs.plan("sngan", dataset, alpha="keep", output=tmp_path / "run")


def test_the_cache_may_be_the_one_of_keras(run, tmp_path, monkeypatch):
    root = shutil.copytree(run[0], tmp_path / "scans")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    flags = ("--dtype=float32", "--value_range=-80,0", "--labels=labels.csv", "--label_columns=hat")
    assert main(["data", f"folder:{root}", *flags, "--cache=true", "--output=x.png"]) == 0
    assert list((tmp_path / "home" / "ganzoo" / "folders").iterdir())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["evaluate", "dcgan_digits"], "windows in the middle"),
        (["data", "digits"], "--crop=random to `ganzoo train`"),
    ],
)
def test_random_windows_are_for_training(command, words, capsys):
    assert main([*command, "--crop=random", "--size=8"]) == 2
    error = capsys.readouterr().err
    assert words in error and "Received: --crop=random" in error


def test_a_run_on_random_windows_is_measured_on_the_middle(tmp_path, monkeypatch):
    # Statistics of real images are kept there, so that an earlier run would have them.
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        pixels = RNG.integers(0, 256, (12, 10, 3), dtype="uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")
    flags = [f"--data=folder:{folder}", "--size=8", "--width=1", "--batch_size=4", "--steps=1"]
    run = tmp_path / "run"
    assert main(["train", "--model=dcgan", *flags, "--crop=random", f"--output={run}"]) == 0
    assert data_of(run)["crop"] == "random"
    measured = []
    monkeypatch.setattr("ganzoo.extractors.get_for", lambda source: Pixels(measured))
    assert main(["evaluate", str(run), "--metrics=fid"]) == 0
    middle = ganzoo.data.load(f"folder:{folder}").examples[:, 2:10, 1:9]
    assert any(np.array_equal(images, middle) for images in measured)
