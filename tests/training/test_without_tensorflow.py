"""On JAX, all but TensorFlow Datasets works where TensorFlow is absent."""

import keras
import numpy as np
import pytest

from ganzoo.random import latents_from_seeds, split_seeds
from support.gans import tiny
from support.processes import run_python

TRAIN = """
import sys
import keras
import numpy as np
import ganzoo
from ganzoo.random import latents_from_seeds, split_seeds
from support.gans import tiny

gan = tiny.gan("sngan", loss="hinge", regularizers=[ganzoo.regularizers.R1(0.1, every=2)])
ganzoo.data.pack(ganzoo.data.Dataset(tiny.images(32), name="images"), {folder!r} + "/images.npz")
gan.fit(ganzoo.data.load({folder!r} + "/images.npz"), batch_size=8, epochs=2, verbose=0)
assert gan.step == 8
gan.save({folder!r} + "/gan.keras")
loaded = keras.saving.load_model({folder!r} + "/gan.keras")
assert tiny.largest_difference(tiny.state(gan), tiny.state(loaded))[0] == 0.0
latents = latents_from_seeds(split_seeds(np.arange(16)), tiny.LATENT_DIM, "normal")
np.savez({folder!r} + "/samples.npz", sampled=gan.sample(16), generated=gan(latents))
assert "tensorflow" not in sys.modules
"""


@pytest.mark.slow
def test_a_gan_trained_without_tensorflow_gives_the_same_samples_with_it(tmp_path):
    run_python(TRAIN.format(folder=str(tmp_path)), backend="jax", without_tensorflow=True)
    gan = keras.saving.load_model(tmp_path / "gan.keras")
    latents = latents_from_seeds(split_seeds(np.arange(16)), tiny.LATENT_DIM, "normal")
    with np.load(tmp_path / "samples.npz") as samples:
        np.testing.assert_allclose(gan(latents), samples["generated"], atol=1e-4)
        assert np.abs(gan.sample(16).astype(int) - samples["sampled"].astype(int)).max() <= 1
    assert gan.step == 8
