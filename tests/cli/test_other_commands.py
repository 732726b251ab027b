"""`ganzoo list`, `ganzoo sample` and `ganzoo data`."""

import io
import os
import pathlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import drawing
from ganzoo_cli.main import main
from support.gans import pictures


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.keras"
    gan = pictures.gan()
    gan.save(path)
    return path, gan


@pytest.fixture(scope="module")
def conditional_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "conditional.keras"
    gan = pictures.gan(num_classes=3)
    gan.save(path)
    return path, gan


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_list_names_all_parts(capsys):
    assert main(["list"]) == 0

    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:2] == "  "]
    for parts in (ganzoo.recipes, ganzoo.regularizers, ganzoo.augment):
        assert set(parts.names()) <= set(listed)
    assert set(ganzoo.losses.adversarial_names()) <= set(listed)
    assert set(ganzoo.list_models()) <= set(listed)
    assert set(ganzoo.data.names()) - {"arrays"} <= set(listed)


def test_list_fits_100_columns_and_starts_with_the_models(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == "Models (ganzoo sample NAME):"
    columns = [lines[1].index(name) for name in ("data", "size", "classes", "metric")]
    rows = lines[2 : 2 + len(ganzoo.list_models())]
    assert all(row[column - 1] == " " != row[column] for row in rows for column in columns)
    (row,) = (row.split() for row in rows if row.split()[0] == "semi_supervised_mnist")
    assert row[1:7] == ["MNIST", "28", "x", "28", "gray", "10"] and row[7] == "error"


def test_list_takes_kinds(capsys):
    assert main(["list", "losses", "augmentations"]) == 0
    out = capsys.readouterr().out
    assert "Losses (--loss)" in out and "Augmentations" in out and "Recipes" not in out
    assert main(["list", "reciepes"]) == 2
    assert "Did you mean recipes? Received: reciepes" in capsys.readouterr().err


def test_sample_draws_a_grid(model, capsys):
    path, gan = model

    assert main(["sample", str(path), "--n=6", "--seed=4", "--columns=3"]) == 0

    expected = drawing.image_grid(gan.sample(6, seed=4), columns=3)[..., 0]
    np.testing.assert_array_equal(read("samples.png"), expected)
    assert capsys.readouterr().out == "6 samples in samples.png\n"


def test_sample_writes_a_file_for_each_sample(model):
    path, gan = model

    assert main(["sample", str(path), "--n=3", "--seed=7", "--folder=out/here"]) == 0

    for row, image in enumerate(gan.sample(3, seed=7)):
        np.testing.assert_array_equal(read(f"out/here/seed_{7 + row:06d}.png"), image[..., 0])


def test_sample_truncates(model):
    path, gan = model

    assert main(["sample", str(path), "--n=4", "--truncation=0.5", "--output=t.png"]) == 0

    expected = drawing.image_grid(gan.sample(4, truncation=0.5))[..., 0]
    np.testing.assert_array_equal(read("t.png"), expected)


def test_sample_takes_a_run_folder(model, tmp_path):
    path, _ = model
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.keras").write_bytes(path.read_bytes())

    assert main(["sample", "run", "--n=1"]) == 0


@pytest.mark.parametrize(
    "flags, labels, columns",
    [
        (["--n=6"], [0, 0, 1, 1, 2, 2], 2),
        (["--n=4", "--labels=2"], [2, 2, 2, 2], 2),
        (["--n=4", "--labels=2,0,1,0"], [2, 0, 1, 0], 2),
        (["--labels=0-2"], [0, 1, 2], 2),
        # Exactly as many as asked for: each row or each column is one class.
        (["--n=7"], [0, 1, 2, 0, 1, 2, 0], 3),
        (["--n=2"], [0, 1], 2),
        ([], [0] * 21 + [1] * 21 + [2] * 21, 21),
    ],
)
def test_sample_draws_classes(conditional_model, flags, labels, columns):
    path, gan = conditional_model

    assert main(["sample", str(path), *flags]) == 0

    expected = drawing.image_grid(gan.sample(len(labels), labels=labels), columns)[..., 0]
    np.testing.assert_array_equal(read("samples.png"), expected)


@pytest.mark.parametrize(
    "flags, received",
    [
        (["--labels=1"], "labels=1"),
        (["--labels=one"], "--labels=one"),
        (["--n=0"], "--n=0"),
        (["--truncation=-1"], "--truncation=-1"),
        (["--output=a.png", "--folder=b"], "--output=a.png and --folder=b"),
        (["--columns=3", "--folder=b"], "--columns=3 and --folder=b"),
        (["--seeds=3,4,3", "--folder=b"], "1 of them more than once, first seed_000003"),
    ],
)
def test_sample_refuses_flags_that_do_not_fit(model, capsys, flags, received):
    assert main(["sample", str(model[0]), *flags]) == 2

    assert received in capsys.readouterr().err.partition("Received:")[2]


@pytest.mark.parametrize("flags", [["--n=4"], ["--seeds=0-3"]])
def test_a_class_for_each_sample(conditional_model, capsys, flags):
    assert main(["sample", str(conditional_model[0]), "--labels=0,1,2", *flags]) == 2
    line = capsys.readouterr().err
    assert "without --n and --seeds" in line and line.endswith("3 classes for 4 samples\n")


def test_repeated_files_are_refused_before_drawing(conditional_model, monkeypatch, capsys):
    monkeypatch.setattr("ganzoo.GAN.sample", lambda *_, **__: pytest.fail("samples were drawn"))
    flags = ["--seeds=0-3,2,3", "--labels=1", "--folder=b"]
    assert main(["sample", str(conditional_model[0]), *flags]) == 2
    assert "2 of them more than once, first seed_000002_class_1" in capsys.readouterr().err


@pytest.fixture(scope="module")
def named_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "named.keras"
    gan = pictures.gan(num_classes=3, class_names=["cat", "big dog", "1"])
    gan.save(path)
    return str(path), gan


@pytest.mark.parametrize(
    "flag, labels, said",
    [
        ("--labels=cat", [0, 0], ""),
        ("--labels=big dog,0", [1, 0], ""),
        # A name wins over the number, with a line.
        ("--labels=1,2", [2, 2], "class 1 is the one with the number 2\n"),
        ("--labels=0-1", [0, 1], ""),
    ],
)
def test_sample_takes_names_of_classes(named_model, capsys, flag, labels, said):
    path, gan = named_model
    assert main(["sample", path, "--n=2", flag]) == 0
    assert capsys.readouterr().out == f"{said}2 samples in samples.png\n"
    expected = drawing.image_grid(gan.sample(2, labels=labels))[..., 0]
    np.testing.assert_array_equal(read("samples.png"), expected)


def test_files_of_samples_have_the_names_of_their_classes(named_model):
    assert main(["sample", named_model[0], "--folder=x", "--labels=cat,big dog"]) == 0
    names = sorted(path.name for path in pathlib.Path("x").iterdir())
    assert names == ["seed_000000_class_0_cat.png", "seed_000001_class_1_big_dog.png"]


@pytest.mark.parametrize(
    "flag, message", [("cta", "'cat', 'big dog', '1'. Did you mean cat?"), ("cat,,1", "between")]
)
def test_sample_refuses_unknown_names(named_model, capsys, flag, message):
    assert main(["sample", named_model[0], f"--labels={flag}"]) == 2
    error = capsys.readouterr().err
    assert message in error and f"Received: --labels={flag}" in error


@pytest.mark.parametrize("command", ["sample", "interpolate"])
@pytest.mark.parametrize("shape", [(8, 8, 2), (8, 8, 6), (6, 2)])
def test_samples_that_no_picture_holds_are_refused(command, shape, monkeypatch, capsys):
    def gan_of(path, checkpoint):
        return SimpleNamespace(example_shape=shape)

    monkeypatch.setattr(f"ganzoo.cli.{command}.load_model", gan_of)
    assert main([command, "dcgan_digits"]) == 2
    assert f"which generates examples of shape {shape}" in capsys.readouterr().err


def test_sample_refuses_an_unknown_class(conditional_model, capsys):
    assert main(["sample", str(conditional_model[0]), "--labels=3"]) == 2

    assert "classes from 0 to 2" in capsys.readouterr().err


def test_data_describes_and_draws(capsys):
    assert main(["data", "digits", "--size=16", "--output=digits.png", "--n=40"]) == 0

    printed = capsys.readouterr().out
    for fact in ("1,438", "16 x 16 x 1", "10, of"):
        assert fact in printed
    assert read("digits.png").shape == (10 * 66 + 2, 4 * 66 + 2)


def test_data_draws_each_class_in_a_row():
    labels = np.repeat(np.arange(3), 5)
    images = np.tile((10 + 50 * labels).astype("uint8").reshape(-1, 1, 1, 1), (1, 64, 64, 1))
    ganzoo.data.pack(ganzoo.data.Dataset(images, labels), "x.npz")

    assert main(["data", "x.npz", "--n=6"]) == 0

    grid = read("data.png")
    assert [[grid[30 + 66 * row, 30 + 66 * column] for column in (0, 1)] for row in range(3)] == [
        [10, 10],
        [60, 60],
        [110, 110],
    ]


def test_data_ends_the_row_of_a_small_class_in_white():
    images = np.random.default_rng(0).integers(0, 100, (12, 4, 4, 1), "uint8")
    labels = np.array([0] + [1] * 3 + [2] * 8)
    data = ganzoo.data.Dataset(images, labels, name="uneven")
    ganzoo.data.pack(data, "uneven.npz")

    assert main(["data", "uneven.npz", "--n=12"]) == 0

    picture = read("data.png")
    side = picture.shape[0] // 3
    cells = picture[: 3 * side, : 4 * side].reshape(3, side, 4, side).min(axis=(1, 3))
    # Each row is a class, and ends in white.
    np.testing.assert_array_equal(cells < 100, np.arange(4) < np.array([[1], [3], [4]]))


def test_data_pack_takes_no_number_of_examples(capsys):
    assert main(["data", "pack", "digits", "--output=d.npz", "--n=3"]) == 2
    assert "packs all examples" in capsys.readouterr().err


def test_data_draws_vectors(capsys):
    assert main(["data", "toy:grid", "--n=500"]) == 0

    assert "100,000" in capsys.readouterr().out
    assert read("data.png").shape == (512, 512, 3)


def test_data_packs_a_file_that_every_backend_reads(capsys):
    assert main(["data", "pack", "digits", "--size=16", "--output=digits_16.npz"]) == 0

    packed, digits = ganzoo.data.load("digits_16.npz"), ganzoo.data.load("digits", size=16)
    np.testing.assert_array_equal(packed.examples, digits.examples)
    np.testing.assert_array_equal(packed.labels, digits.labels)
    assert "digits_16.npz" in capsys.readouterr().out


def test_a_folder_of_photos_with_a_bad_file_can_be_skipped(tmp_path):
    (tmp_path / "photos").mkdir()
    for index in range(30):
        Image.new("L", (16, 16), color=index).save(tmp_path / "photos" / f"{index}.png")
    (tmp_path / "photos" / "bad.png").write_bytes(b"nothing")

    assert main(["data", "folder:photos"]) == 2
    with pytest.warns(UserWarning, match=r"bad\.png"):
        assert main(["data", "folder:photos", "--on_bad=skip"]) == 0


def test_a_bar_shows_how_far_a_folder_is_loaded_and_files_are_bounded(
    tmp_path, capsys, monkeypatch
):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    folder = tmp_path / os.fsdecode(b"caf\xe9")
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        Image.new("L", (16, 16)).save(folder / name / "1.png")
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        assert main(["data", f"folder:{folder}"]) == 0
    assert "2/2" in terminal.getvalue()
    printed = capsys.readouterr().out
    assert "2/2" not in printed and r"caf\xe9" in printed and "cat, dog" in printed

    assert main(["data", f"folder:{folder}", "--max_pixels=255"]) == 2
    assert "16 x 16 pixels, more than max_pixels=255" in capsys.readouterr().err
    assert main(["data", "digits", "--max_pixels=255"]) == 2
    assert "takes the options" in capsys.readouterr().err
