"""`ganzoo interpolate`, and the samples that `ganzoo sample` takes by their seeds."""

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
    return str(path), gan


@pytest.fixture(scope="module")
def conditional_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "conditional.keras"
    gan = pictures.gan(num_classes=3)
    gan.save(path)
    return str(path), gan


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def sheet(paths):
    return drawing.image_grid(np.concatenate(paths), columns=len(paths[0]))[..., 0]


def test_a_strip_leads_from_seed_to_seed(model, capsys):
    path, gan = model

    assert main(["interpolate", path, "--seeds=3,17,204", "--steps=4"]) == 0

    np.testing.assert_array_equal(
        read("interpolation.png"), sheet([gan.interpolate([3, 17, 204], steps=4)])
    )
    assert capsys.readouterr().out == "1 x 9 images in interpolation.png\n"


def test_rows_share_the_seeds_or_take_two_each(model):
    path, gan = model

    assert main(["interpolate", path, "--rows=2", "--interpolation=linear"]) == 0
    expected = [gan.interpolate(seeds, interpolation="linear") for seeds in ([0, 1], [2, 3])]
    np.testing.assert_array_equal(read("interpolation.png"), sheet(expected))

    flags = ["--rows=2", "--seeds=5-10", "--loop", "--truncation=0.5", "--steps=2"]
    assert main(["interpolate", path, *flags]) == 0
    expected = [
        gan.interpolate(seeds, steps=2, loop=True, truncation=0.5)
        for seeds in ([5, 6, 7], [8, 9, 10])
    ]
    np.testing.assert_array_equal(read("interpolation.png"), sheet(expected))


@pytest.mark.parametrize(
    "flags, paths",
    [
        (["--rows=2"], [([0, 1], 0), ([2, 3], 1)]),
        (["--labels=2"], [([0, 1], 2)]),
        (["--labels=2,0,1"], [(0, [2, 0, 1])]),
        (["--labels=2,0", "--seeds=4,9", "--rows=2"], [(4, [2, 0]), (9, [2, 0])]),
        (["--labels=2,0", "--seeds=4,9"], [([4, 9], [2, 0])]),
    ],
)
def test_rows_have_classes_of_their_own_or_go_through_several(conditional_model, flags, paths):
    path, gan = conditional_model

    assert main(["interpolate", path, "--steps=2", *flags]) == 0

    expected = [gan.interpolate(seeds, labels, steps=2) for seeds, labels in paths]
    np.testing.assert_array_equal(read("interpolation.png"), sheet(expected))


def test_an_animation_shows_the_rows_next_to_each_other(model):
    path, gan = model
    flags = ["--rows=2", "--steps=3", "--loop"]

    assert main(["interpolate", path, *flags, "--output=path.gif"]) == 0

    first, second = (gan.interpolate(seeds, steps=3, loop=True) for seeds in ([0, 1], [2, 3]))
    with Image.open("path.gif") as animation:
        assert animation.n_frames == 6 and animation.info["loop"] == 0
        animation.seek(4)
        shown = np.asarray(animation.convert("L")).astype(int)
        assert animation.info["duration"] == 70
    expected = drawing.image_grid(np.stack([first[4], second[4]]))[..., 0]
    assert np.abs(shown - expected).max() <= 2


@pytest.mark.process
def test_a_video_has_a_frame_for_each_step(model):
    imageio = pytest.importorskip("imageio.v3")
    pytest.importorskip("imageio_ffmpeg")

    assert main(["interpolate", model[0], "--steps=5", "--output=path.MP4"]) == 0

    assert imageio.imread("path.MP4").shape == (6, 260, 260, 3)


@pytest.mark.parametrize(
    "flags, received",
    [
        (["--output=path.avi"], "--output=path.avi"),
        (["--seeds=1,x"], "--seeds=1,x"),
        (["--seeds=1"], "1 seed(s)"),
        (["--seeds=1,2,3", "--rows=2"], "3 seeds for 2 rows"),
        (["--labels=0,1"], "labels=[0, 1]"),
        (["--steps=0"], "steps=0"),
        (["another"], "another"),
    ],
)
def test_flags_that_do_not_fit_are_refused(model, capsys, flags, received):
    assert main(["interpolate", model[0], *flags]) == 2

    assert received in capsys.readouterr().err.partition("Received:")[2]


def test_models_of_vectors_are_refused(capsys):
    networks = ganzoo.architectures.build("mlp", (2,), width=4)
    ganzoo.GAN(*networks).save("vectors.keras")

    assert main(["interpolate", "vectors.keras"]) == 2

    assert "shape (2,)" in capsys.readouterr().err


# Chosen samples.


def test_sample_draws_chosen_seeds(model, capsys):
    path, gan = model

    assert main(["sample", path, "--seeds=3,17,204-205"]) == 0

    expected = drawing.image_grid(gan.sample(4, [3, 17, 204, 205]))[..., 0]
    np.testing.assert_array_equal(read("samples.png"), expected)
    assert capsys.readouterr().out == "4 samples in samples.png\n"


def test_sample_draws_chosen_seeds_in_all_or_in_chosen_classes(conditional_model):
    path, gan = conditional_model

    assert main(["sample", path, "--seeds=8,5"]) == 0
    samples = gan.sample(6, [8, 5] * 3, labels=[0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(read("samples.png"), drawing.image_grid(samples, 2)[..., 0])

    assert main(["sample", path, "--seeds=8,8", "--labels=2,0", "--folder=each"]) == 0
    for image, label in zip(gan.sample(2, [8, 8], labels=[2, 0]), (2, 0), strict=True):
        np.testing.assert_array_equal(read(f"each/seed_000008_class_{label}.png"), image[..., 0])


def test_sample_takes_chosen_or_consecutive_seeds(model, capsys):
    for flag in ("--n=3", "--seed=3"):
        assert main(["sample", model[0], "--seeds=1,2", flag]) == 2
        assert "--seeds=1,2" in capsys.readouterr().err.partition("Received:")[2]


def test_rows_move_along_directions(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    gan = pictures.gan(latent_dim=4)
    gan.save("model.keras")
    found = gan.directions("sefa", k=3)
    found.save("found.npz")
    arguments = ["interpolate", "model.keras", "--directions=found.npz", "--seeds=5", "--steps=4"]
    assert main([*arguments, "--along=2,0", "--span=2", "--easing=smooth"]) == 0
    assert capsys.readouterr().out == "2 x 5 images in interpolation.png\n"
    eased = 4.0 * np.array([0.0, 10 / 64, 0.5, 54 / 64, 1.0]) - 2.0
    rows = [gan.edit(gan.latents_of([5] * 5), found, {number: eased}) for number in (2, 0)]
    with Image.open("interpolation.png") as picture:
        expected = drawing.image_grid(np.concatenate(rows), columns=5)[..., 0]
        assert np.abs(np.asarray(picture).astype(int) - expected).max() <= 1
    assert main([*arguments, "--along=no"]) == 2
    assert "Directions: 0, 1, 2. Received: 'no'" in capsys.readouterr().err
    assert main([*arguments, "--rows=2"]) == 2
    assert "There is a row for each direction" in capsys.readouterr().err
    assert main(["interpolate", "model.keras", "--span=2"]) == 2
    assert "--span is for --directions or --along" in capsys.readouterr().err
