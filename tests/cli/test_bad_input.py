"""Every mistake is answered with one line, before anything is built or written."""

import json
import os

import keras
import numpy as np
import pytest
from PIL import Image

import ganzoo
import ganzoo.cli.sample
from ganzoo_cli.main import main

TRAIN = ["train", "--model=sngan", "--data=digits", "--size=8"]


def write_packed(path, examples, labels=None, **metadata):
    """Writes a packed file without the checks of `ganzoo.data.pack`."""
    metadata = {
        "format": "ganzoo-dataset",
        "version": 1,
        "name": "made",
        "split": "train",
    } | metadata
    arrays = {"metadata": np.frombuffer(json.dumps(metadata).encode(), np.uint8)}
    if labels is not None:
        arrays["labels"] = labels
    np.savez(path, examples=examples, **arrays)


@pytest.fixture(autouse=True)
def nothing_is_built(monkeypatch):
    """Fails the test if a GAN is built."""

    def build(*arguments, **options):
        raise AssertionError("A model was built from bad input.")

    monkeypatch.setattr(ganzoo.GAN, "__init__", build)


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    """Runs a command line that must be refused; returns the line on stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        before = sorted(tmp_path.rglob("*"))
        code = main(list(arguments))
        out, err = capsys.readouterr()
        lines = err.splitlines()
        assert code == 2
        assert len(lines) == 1 and lines[0].startswith("ganzoo")
        assert "Traceback" not in err and out == ""
        assert sorted(tmp_path.rglob("*")) == before  # Nothing was written.
        return lines[0]

    return run


@pytest.mark.parametrize(
    "flag, received",
    [
        ("--model=stylegan7", "'stylegan7'"),
        ("--data=imagenet", "source='imagenet'"),
        ("--data=toy:circle", "'toy:circle'"),
        ("--data=folder:nowhere", "'folder:nowhere'"),
        ("--data=nowhere.npz", "'nowhere.npz'"),
        ("--data=folder:", "source='folder:'"),
        ("--data=hf:", "source='hf:'"),
        ("--data=tfds:", "source='tfds:'"),
        # Its permissions allow root to write there, and the file system does not.
        ("--output=/proc/run", "--output=/proc/run"),
        ("--split=holdout", "split='holdout'"),
        ("--loss=mse", "loss='mse'"),
        ("--regularizers=r1,dropout", "regularizers='dropout'"),
        ("--regularizers=r1:0.1", "--regularizers=r1:0.1"),
        ("--regularizers=r1:gamma=strong", "gamma='strong'"),
        ("--regularizers=r1:strength=1", "strength"),
        ("--batch_size=0", "--batch_size=0"),
        ("--batch_size=-64", "--batch_size=-64"),
        ("--batch_size=many", "--batch_size=many"),
        ("--batch_size=5000", "batch_size=5000"),
        ("--batch_size=1.5", "--batch_size=1.5"),
        ("--epochs=0", "--epochs=0"),
        ("--steps=-1", "--steps=-1"),
        ("--size=-32", "--size=-32"),
        ("--size=100000000", "--size=100000000"),
        ("--channels=4", "--channels=4"),
        ("--width=0", "--width=0"),
        ("--latent_dim=0", "--latent_dim=0"),
        ("--generator_rate=0", "--generator_rate=0"),
        ("--discriminator_rate=nan", "--discriminator_rate=nan"),
        ("--ema_decay=1", "--ema_decay=1"),
        ("--seed=-1", "--seed=-1"),
        ("--seed=99999999999", "--seed=99999999999"),
        ("--precision=float8", "--precision=float8"),
        ("--jit=maybe", "--jit=maybe"),
        ("--sample_every=0", "--sample_every=0"),
        ("--size=4", "image_shape=(4, 4, 1)"),
        ("--model=mlp", "shape=(8, 8, 1)"),
        ("--data=toy:ring", "size"),
        ("--lerning_rate=1", "--lerning_rate=1"),
        ("digits", "digits"),
    ],
)
def test_flags_of_a_run_with_wrong_values(refused, flag, received):
    line = refused(*TRAIN, flag)

    assert received in line.partition("Received:")[2]


@pytest.mark.parametrize(
    "arguments, received",
    [
        (["train"], "none"),
        (["train", "--model=sngan"], "--model=sngan"),
        ([*TRAIN, "--epochs=1", "--steps=5"], "--epochs=1 --steps=5"),
        (["train", "--resume"], "none"),
        (["train", "--resume", "--output=nowhere"], "nowhere"),
        (["train", "--resume", "--output=nowhere", "--width=8"], "--width"),
        (["dance"], "dance"),
        (["sample"], "none"),
        (["sample", "nowhere.keras"], "nowhere.keras"),
        (["data"], "no source"),
        (["data", "pack", "digits"], "none"),
        (["data", "pack", "digits", "--shards=2", f"--output={os.path.dirname(__file__)}"], "cli"),
        (["data", "digits", "--on_bad=skip"], "on_bad='skip'"),
        (["list", "modes"], "modes"),
        (["sample", "dcgan_digits", "--seed=18446744073709551616"], "--seed=18446744073709551616"),
        (["sample", "dcgan_digits", "--folder="], "--folder=''"),
        (["sample", "dcgan_digits", "--output=grid.bmp"], "--output=grid.bmp"),
        (["sample", "dcgan_digits", "--folder=x.png"], "--folder=x.png"),
        (["sample", "dcgan_digits", "--n=100001"], "--n=100001"),
        (["sample", "dcgan_digits", "--labels=cat,"], "--labels=cat,"),
        (["interpolate", "dcgan_digits", "--rows=99999999"], "99999999 rows"),
        (["interpolate", "dcgan_digits", "--output=x.avi"], "--output=x.avi"),
        (["evaluate", "dcgan_digits", "--output=x.csv"], "--output=x.csv"),
        (["data", "digits", "--output=x.npz"], "--output=x.npz"),
        (["data", "pack", "digits", "--output=x.png"], "--output=x.png"),
        ([*TRAIN, "--output=run.keras"], "--output=run.keras"),
        ([*TRAIN, "--output="], "--output=''"),
        # Its permissions allow root to write there, and the file system does not.
        (["sample", "dcgan_digits", "--output=/proc/x.png"], "--output=/proc/x.png"),
        (["sample", "dcgan_digits", "--folder=/proc/x"], "--folder=/proc/x"),
        (["interpolate", "dcgan_digits", "--output=/proc/x.gif"], "--output=/proc/x.gif"),
        (["evaluate", "dcgan_digits", "--output=/proc/x.json"], "--output=/proc/x.json"),
        (["directions", "dcgan_digits", "--output=/proc/x.png"], "--output=/proc/x.png"),
        (["directions", "dcgan_digits", "--save=/proc/x.npz"], "--save=/proc/x.npz"),
        (["export", "dcgan_digits", "--output=/proc/x"], "path=/proc/x"),
        (["export", "dcgan_digits", "--output=/proc/x.onnx"], "path=/proc/x.onnx"),
        (["ablate", "gaussians", "--output=/proc/x"], "--output=/proc/x"),
        (["ablate", "gaussians", "--page_folder=/proc/x"], "--page_folder=/proc/x"),
        (["generate", "dcgan_digits", "--n=9", "--output=/proc/x"], "folder=/proc/x"),
        (["data", "digits", "--output=/proc/x.png"], "--output=/proc/x.png"),
        (["data", "pack", "digits", "--output=/proc/x.npz"], "--output=/proc/x.npz"),
        (["data", "pack", "digits", "--shards=2", "--output=/proc/x"], "--output=/proc/x"),
    ],
)
def test_wrong_command_lines(refused, arguments, received):
    line = refused(*arguments)

    assert received in line.partition("Received:")[2]


def test_a_conditional_model_without_labels(refused, tmp_path):
    ganzoo.data.pack(ganzoo.data.Dataset(np.zeros((9, 8, 8, 1), "uint8")), tmp_path / "x.npz")

    line = refused("train", "--model=sngan", "--data=x.npz", "--conditional")

    assert line.endswith("Received: --data=x.npz, which has no labels")


@pytest.mark.parametrize(
    "examples, received",
    [
        (np.zeros((0, 8, 8, 1), "uint8"), "examples.shape=(0, 8, 8, 1)"),
        (np.zeros((9, 8, 8), "uint8"), "examples.shape=(9, 8, 8)"),
        (np.full((9, 8, 8, 1), 200.0, "float32"), "in [200, 200]"),
        (np.linspace(-3, 3, 576, dtype="float32").reshape(9, 8, 8, 1), "in [-3, 3]"),
        (np.linspace(0, 1, 576, dtype="float32").reshape(9, 8, 8, 1), "in [0, 1]"),
        (np.where(np.arange(576) == 99, np.nan, 0.5).reshape(9, 8, 8, 1), "1 such rows of 9"),
        (np.full((9, 8, 8, 1), np.inf, "float32"), "9 such rows of 9"),
    ],
)
def test_data_that_cannot_be_trained_on(refused, tmp_path, examples, received):
    write_packed(tmp_path / "x.npz", examples)

    line = refused("train", "--model=sngan", "--data=x.npz", "--batch_size=4")

    assert received in line.partition("Received:")[2]


def test_labels_above_the_number_of_classes(refused, tmp_path):
    labels = np.arange(9, dtype="int32")
    write_packed(tmp_path / "x.npz", np.zeros((9, 8, 8, 1), "uint8"), labels, num_classes=5)

    line = refused("train", "--model=sngan", "--data=x.npz", "--conditional")

    assert "labels in [0, 8], num_classes=5" in line.partition("Received:")[2]


def test_an_export_in_an_unknown_format(refused):
    line = refused("export", "dcgan_digits", "--output=digits.h5")

    assert ".onnx" in line and ".tflite" in line and line.endswith("Received: path=digits.h5")


def test_a_file_in_place_of_a_folder(refused, tmp_path):
    (tmp_path / "cat.png").write_text("")

    assert "This is a file: give the folder" in refused("data", "folder:cat.png")


def test_a_folder_without_images(refused, tmp_path):
    (tmp_path / "photos").mkdir()

    line = refused("train", "--model=sngan", "--data=folder:photos")

    assert "with none" in line.partition("Received:")[2]


def test_a_damaged_image_is_named(refused, tmp_path):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "photos" / "good.png")
    (tmp_path / "photos" / "bad.png").write_bytes(b"<html>not found</html>")

    assert "bad.png" in refused("train", "--model=sngan", "--data=folder:photos")


def test_the_folder_of_another_run(refused, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")

    line = refused(*TRAIN, "--output=run")

    assert "--resume" in line and line.endswith("Received: --output=run")


def test_damaged_options_of_a_run(refused, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "options.json").write_text('{"recipe": {}}')

    assert "options.json is damaged" in refused("train", "--resume", "--output=run")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 and then nothing", b"<html>not found</html>"]
)
def test_a_file_that_is_not_a_model(refused, tmp_path, content):
    (tmp_path / "bad.keras").write_bytes(content)

    assert "bad.keras cannot be loaded: it is damaged" in refused("sample", "bad.keras")


@pytest.mark.parametrize(
    "path, hint",
    [
        ("empty", ""),
        ("project", "Give one of the folders in it: project/model, project/run."),
        ("project/run/checkpoints", "--checkpoint=newest"),
        ("project/run/checkpoints/step_00000004", "--checkpoint=newest"),
        ("project/export", "Give the preset or the run"),
        ("project/export/1", "Give the preset or the run"),
    ],
)
def test_a_folder_without_a_model(refused, tmp_path, path, hint):
    files = ["run/options.json", "run/checkpoints/step_00000004/state.json"]
    for file in ["model/metadata.json", "export/1/saved_model.pb", *files]:
        (tmp_path / "project" / file).parent.mkdir(parents=True)
        (tmp_path / "project" / file).write_text("{}")
    (tmp_path / "empty").mkdir()

    line = refused("sample", path)

    assert "no model in this folder" in line and hint.lower() in line.lower()
    assert "--resume" not in line and line.endswith(f"Received: {path}")


@pytest.mark.parametrize("arguments", [["publish", "out"], ["train", "--resume", "--output=out"]])
def test_a_folder_around_a_run(refused, tmp_path, arguments):
    (tmp_path / "out" / "run").mkdir(parents=True)
    (tmp_path / "out" / "run" / "options.json").write_text("{}")

    line = refused(*arguments)

    assert "Give one of the folders in it: out/run." in line and line.endswith("Received: out")


def test_a_flag_of_several_values_is_given_once(refused):
    line = refused("sample", "dcgan_digits", "--labels=3", "--labels=5")
    assert line.endswith("Received: --labels=5 after another --labels")
    line = refused(*TRAIN, "--metrics=fid", "--metrics=kid")
    assert "with commas" in line and line.endswith("--metrics=kid after another --metrics")


@pytest.mark.parametrize(
    "arguments, meant",
    [
        (["data", "digit"], "'digits'"),
        (["data", "foldr:photos"], "'folder:photos'"),
        (["data", "digits", "--split=tset"], "'test'"),
        ([*TRAIN, "--metrics=fdi"], "'fid'"),
    ],
)
def test_mistyped_names_get_the_closest_one(refused, arguments, meant):
    assert f"Did you mean {meant}?" in refused(*arguments)


def test_a_model_that_is_not_a_gan(refused, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save(tmp_path / "other.keras")

    assert refused("sample", "other.keras").endswith("which holds a Sequential")


@pytest.mark.skipif(os.geteuid() == 0, reason="The superuser may write anywhere.")
def test_a_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)

    assert "locked" in refused("data", "digits", "--output=locked/digits.png")


@pytest.mark.parametrize(
    "error",
    [MemoryError(), type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor")],
)
def test_a_lack_of_memory_is_answered_with_one_line(error, monkeypatch, capsys):
    def allocate(*arguments):
        raise error

    monkeypatch.setattr(ganzoo.cli.sample, "load_model", allocate)
    assert main(["sample", "dcgan_digits"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ganzoo sample: There is not enough memory")
    with pytest.raises(type(error)):
        main(["sample", "dcgan_digits", "--debug"])


def test_debug_shows_where_an_error_comes_from(monkeypatch):
    with pytest.raises(ValueError, match="Received: 'stylegan7'"):
        main([*TRAIN, "--model=stylegan7", "--debug"])


def test_an_error_of_the_library_is_not_hidden(monkeypatch, tmp_path):
    monkeypatch.undo()

    def broken(*arguments, **options):
        raise ValueError("An error of the library.")

    monkeypatch.setattr(ganzoo.GAN, "fit", broken)
    with pytest.raises(ValueError, match="An error of the library"):
        main([*TRAIN, "--width=4", "--epochs=1", f"--output={tmp_path / 'run'}"])
