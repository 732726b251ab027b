import pathlib

import keras
import numpy as np
import pytest

import ganzoo

FORMATS = sorted(pathlib.Path(__file__).parent.glob("format_*"))


def test_every_format_has_a_golden_preset():
    numbers = [int(path.name.removeprefix("format_")) for path in FORMATS]
    assert numbers == list(range(1, ganzoo.presets.manifest.FORMAT + 1))


@pytest.mark.parametrize("folder", FORMATS, ids=lambda folder: folder.name)
def test_a_golden_preset_gives_its_stored_samples(folder):
    gan = ganzoo.GAN.from_preset(folder / "preset")
    stored = np.load(folder / "samples.npz")
    np.testing.assert_array_equal(gan.sample(len(stored["images"]), seed=0), stored["images"])
    for network, inputs, expected in (
        (gan, "latents", "floats"),
        (gan.discriminator, "reals", "logits"),
    ):
        outputs = network([stored[inputs].astype("float32"), stored["labels"]])
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(outputs), stored[expected], rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("folder", FORMATS, ids=lambda folder: folder.name)
def test_a_golden_preset_is_small(folder):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 100_000
