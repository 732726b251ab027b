"""`ganzoo evaluate` prints and writes the values that the library returns."""

import dataclasses
import io
import json
import pathlib
import shutil
import sys

import numpy as np
import pytest

import ganzoo
from ganzoo import drawing, extractors, recipes
from ganzoo.metrics import Result
from ganzoo.metrics.evaluation import evaluate
from ganzoo.presets import builtin
from ganzoo.runs.run_folder import RunFolder
from ganzoo_cli.main import main
from support import presets
from support.gans import pictures


class Pixels:
    name, sha256, resize = "pixels", "0123456789abcdef", None

    def __call__(self, images):
        return images.reshape(len(images), -1)[:, :5].astype("float32")

    def probabilities(self, images):
        scores = self(images) / 64
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    gan = pictures.gan()
    path = tmp_path_factory.mktemp("run") / "model.keras"
    gan.save(path)
    return path, gan


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    get = extractors.get
    monkeypatch.setattr(extractors, "get", lambda name: Pixels() if name == "pixels" else get(name))


def run(capsys, *arguments):
    """Runs a command line that must succeed; returns what it printed."""
    assert main(["evaluate", *map(str, arguments)]) == 0
    return capsys.readouterr().out


DIGITS = ("--data=digits", "--split=test", "--extractor=pixels")


def test_a_model_is_measured_on_data_of_its_size(model, capsys):
    path, gan = model
    flags = (
        "--metrics=fid,is,precision_recall",
        "--n=100",
        "--seed=3",
        "--output=out/figures.json",
    )

    printed = run(capsys, path.parent, *DIGITS, *flags)

    data = ganzoo.data.load("digits", split="test", size=8)
    expected = evaluate(gan.sample, data, ["fid", "is", "precision_recall"], Pixels(), 100, 3)
    content = json.loads(pathlib.Path("out/figures.json").read_text())
    found = {n: Result.from_dict(one) for n, one in content["results"].items()}
    assert found == expected
    assert content["samples"] == str(path.parent)
    assert (content["ganzoo"], found["fid"].protocol.reference) == (
        ganzoo.__version__,
        "digits test",
    )
    rows = {line.split("  ")[0].strip(): line for line in printed.splitlines()}
    assert f"100 of {path.parent}, from seed 3" in rows["samples"]
    assert "359 of digits test" in rows["real"]
    assert "pixels, sha256 0123456789ab" in rows["extractor"]
    assert f"{float(expected['fid']):.4g}" in rows["FID"]
    assert "±" in rows["IS"] and "splits 10" in rows["IS"]
    assert {"precision", "recall", "density", "coverage", "file"} <= set(rows)


def test_a_preset_is_measured_as_for_its_card(capsys):
    printed = run(capsys, "dcgan_digits", "--metrics=fid,is")

    card = json.loads((builtin.folder_of("dcgan_digits") / "metrics.json").read_text())
    fid = Result.from_dict(card["figures"]["samples"]["fid"])
    rows = {line.split("  ")[0].strip(): line for line in printed.splitlines()}
    assert f"{fid.value:.4g}" in rows["FID"]
    assert "359 of digits test" in rows["real"] and "digits-classifier" in rows["extractor"]


@pytest.mark.parametrize(
    "trained_on, flags, real",
    [
        ("train", (), "359 of digits test"),
        # The test images of a model that was trained on others than the training split are unknown.
        ("all", (), "1,797 of digits all"),
        pytest.param(
            *("train", ("--split=train",), "1,438 of digits train"), marks=pytest.mark.slow
        ),
        pytest.param(
            *("train", ("--data=digits", "--split=all"), "1,797 of digits all"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_run_is_measured_on_what_it_was_trained_on(model, capsys, trained_on, flags, real):
    folder = RunFolder("run")
    recipe = dataclasses.replace(recipes.get("dcgan"), data="digits")
    options = {"model": "dcgan", "split": trained_on, "size": None, "channels": None}
    options |= {"seed": 0, "precision": "float32", "ganzoo": ganzoo.__version__}
    folder.write_options(recipe, options)
    folder.save_model(model[1])

    printed = run(capsys, "run", "--n=50", "--extractor=pixels", *flags)

    assert real in printed


def test_a_semi_supervised_model_has_its_error_rate(capsys):
    gan = presets.semi_supervised_gan()
    gan.save("classifier.keras")

    printed = run(capsys, "classifier.keras", *DIGITS, "--n=20")

    data = ganzoo.data.load("digits", split="test", size=gan.example_shape[0])
    wrong = np.mean(gan.classify(data.examples) != data.labels)
    (row,) = (line for line in printed.splitlines() if line.startswith("test error"))
    assert row.split() == ["test", "error", f"{wrong:.4g}"]


def test_a_model_that_does_not_know_its_data_needs_a_source(capsys, model):
    path = shutil.copy(model[0], "model.keras")

    assert main(["evaluate", path]) == 2
    assert "model.keras does not say where its data are" in capsys.readouterr().err


def test_a_folder_of_images_is_measured_against_another(model, capsys, tmp_path):
    images = model[1].sample(30)
    (tmp_path / "generated").mkdir()
    for index, image in enumerate(images):
        drawing.save_picture(tmp_path / "generated" / f"{index}.png", image)
    flags = ("--samples=folder:generated", *DIGITS, "--size=8", "--output=figures.json")

    printed = run(capsys, *flags)

    data = ganzoo.data.load("digits", split="test", size=8)
    expected = evaluate(images, data, ["fid"], Pixels())
    found = json.loads(pathlib.Path("figures.json").read_text())["results"]["fid"]
    assert Result.from_dict(found) == expected["fid"]
    assert "30 of folder:generated, in an order of seed 0\n" in printed


def test_folders_of_mixed_sizes_are_left_to_the_extractor(capsys, tmp_path):
    (tmp_path / "generated").mkdir()
    for index, image in enumerate(ganzoo.data.load("digits", size=16).examples[:20]):
        picture = image[: 8 + index % 5]
        drawing.save_picture(tmp_path / "generated" / f"{index}.png", picture)
    flags = ("--samples=folder:generated", "--data=digits", "--split=test", "--metrics=kid")

    printed = run(capsys, *flags, "--n=10", "--seed=3")
    resized = run(capsys, *flags, "--size=32")

    assert "10 of folder:generated, in an order of seed 3\n" in printed
    assert "Lanczos to 32x32 from mixed sizes in gray and 32x32 in gray" in printed
    assert "20 of folder:generated" in resized and "mixed" not in resized


def test_toy_data_need_no_extractor(capsys, tmp_path):
    networks = ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=4)
    ganzoo.GAN(*networks).save("toy.keras")

    printed = run(capsys, "toy.keras", "--data=toy:ring", "--metrics=mixture_coverage", "--n=200")

    assert "\nmodes" in printed and "of 8" in printed and "extractor" not in printed


def test_a_bar_is_shown_on_a_terminal_and_only_there(model, capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    run(capsys, model[0], *DIGITS, "--n=20")
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        printed = run(capsys, model[0], *DIGITS, "--n=20")

    assert "359/359" in terminal.getvalue() and "20/20" in terminal.getvalue()
    assert "20/20" not in printed and printed.startswith("samples")


@pytest.mark.parametrize(
    "arguments, received",
    [
        ((), "none"),
        (("a", "b"), "a b"),
        (("a", "--samples=folder:b"), "a --samples=folder:b"),
        (("a",), "a"),
        (("--samples=folder:a",), "none"),
        (("dcgan_digits", "--data=digits", "--metrics=fod"), "'fod'"),
        (("dcgan_digits", "--data=digits", "--metrics="), "''"),
        (("dcgan_digits", "--data=digits", "--extractor=vgg"), "'vgg'"),
        (("dcgan_digits", "--data=digits", "--n=0"), "--n=0"),
        (("a", "--output=."), "., which is a folder"),
        (("nowhere", "--data=digits"), "nowhere"),
        (("--samples=folder:nowhere", "--data=digits"), "'folder:nowhere'"),
    ],
)
def test_mistakes_are_answered_with_one_line(capsys, arguments, received):
    assert main(["evaluate", *arguments]) == 2

    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == "" and line.startswith("ganzoo evaluate: ")
    assert received in line.partition("Received:")[2]


@pytest.mark.parametrize(
    "flags, message",
    [
        (("--data=folder:photos",), "needs an `extractor`"),
        (("--data=digits", "--extractor=pixels", "--size=16"), "must have the same shape"),
        (("--data=digits", "--extractor=pixels", "--split=dev"), "split='dev'"),
        (("--data=digits", "--extractor=pixels", "--metrics=kid", "--n=1"), "at least 2"),
    ],
)
def test_flags_that_do_not_fit_the_model_are_refused(model, capsys, flags, message):
    pathlib.Path("photos").mkdir()
    drawing.save_picture("photos/one.png", np.zeros((8, 8, 1), np.uint8))

    assert main(["evaluate", str(model[0]), *flags]) == 2

    assert message in capsys.readouterr().err


def test_a_failed_download_is_answered_with_one_line(model, capsys, monkeypatch):
    def unreachable(name):
        raise OSError("The weights could not be downloaded.")

    monkeypatch.setattr(extractors, "get", unreachable)

    assert main(["evaluate", str(model[0]), "--data=digits", "--extractor=inception"]) == 2
    assert "could not be downloaded" in capsys.readouterr().err
