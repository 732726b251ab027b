"""GANs of 16 bits and of floats, in the commands that draw their images."""

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import drawing
from ganzoo.explore import Explorer, View
from ganzoo_cli.main import main
from support.gans import pictures

FORMATS = {"uint16": ("uint16",), "float32": ("float32", -80.0, 0.0)}


class Classifier:
    """Tells dark images from bright ones."""

    name, class_names = "brightness", ("dark", "bright")

    def probabilities(self, images):
        assert images.dtype == np.uint8
        bright = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - bright, bright], axis=1)


@pytest.fixture(scope="module")
def model(request, tmp_path_factory):
    gan = pictures.gan(pixels=ganzoo.data.PixelFormat(*FORMATS[request.param]))
    path = tmp_path_factory.mktemp(request.param) / "model.keras"
    gan.save(path)
    return str(path), gan


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def check_drawn(path, gan, images, columns):
    """A picture is the sheet of the images in 8 bits."""
    sheet = drawing.image_grid(gan.pixels.in_eight_bits(images), columns=columns)[..., 0]
    with Image.open(path) as picture:
        np.testing.assert_array_equal(np.asarray(picture), sheet)


@pytest.mark.parametrize("model", ["uint16"], indirect=True)
def test_paths_directions_and_projections_are_drawn_in_8_bits(model):
    path, gan = model
    assert main(["interpolate", path, "--seeds=0,1", "--steps=4"]) == 0
    check_drawn("interpolation.png", gan, gan.interpolate([0, 1], steps=4), 5)

    assert main(["directions", path, "--n=1", "--steps=3", "--output=d.png"]) == 0
    found = gan.directions("sefa", 1)
    moved = gan.edit(gan.latents_of([0] * 3), found, {0: np.array([-3.0, 0.0, 3.0])})
    check_drawn("d.png", gan, moved, 3)
    scores = ganzoo.generation.score(gan, found, Classifier(), samples=8)
    assert 0 < scores.changes[0] <= 255

    image = gan.sample(1, seed=3)[0]
    np.save("image.npy", image)
    short = ["--steps=5", "--restarts=1"]
    assert main(["project", path, "image.npy", *short, "--save=z.npz", "--output=p.png"]) == 0
    saved = np.load("z.npz")["images"]
    assert saved.dtype == image.dtype
    check_drawn("p.png", gan, np.stack([image, saved[0]]), 2)


@pytest.mark.parametrize("model", ["float32"], indirect=True)
def test_the_page_shows_8_bits(model):
    gan = model[1]
    images = Explorer(gan).samples(View(seed=3, count=2))
    expected = gan.pixels.in_eight_bits(gan.sample(2, seed=3)).astype(int)
    assert images.dtype == np.uint8
    assert np.abs(images - expected).max() <= 1
