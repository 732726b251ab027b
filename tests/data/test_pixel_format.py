"""Pixels of 16 bits and floats of a range, from the data to the samples."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import ganzoo
from ganzoo.data import Dataset, PixelFormat
from ganzoo.numerics import to_signed_range
from support.processes import run_python

RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65536, (32, 8, 8, 1)).astype(np.uint16)
DECIBELS = RNG.uniform(-80, 0, (32, 8, 8, 1))


def test_16_bits_go_to_the_signed_range_and_back():
    pixels = np.arange(65536, dtype=np.uint16)
    signed = keras.ops.convert_to_numpy(to_signed_range(pixels))
    np.testing.assert_allclose(signed, pixels.astype(np.float64) / 32767.5 - 1, atol=1e-7)
    back = keras.ops.convert_to_numpy(PixelFormat("uint16").from_signed(signed))
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(back, pixels)
    eight = PixelFormat("uint16").in_eight_bits(pixels)
    np.testing.assert_array_equal(eight, np.round(pixels.astype(np.float64) / 257))


def test_floats_of_a_range_go_to_the_signed_range_and_back():
    data = Dataset(DECIBELS, value_range=(-80, 0))
    np.testing.assert_allclose(data.examples, (DECIBELS + 80) / 40 - 1, atol=1e-6)
    assert data.examples.dtype == np.float32 and data.pixels == PixelFormat("float32", -80, 0)
    back = keras.ops.convert_to_numpy(data.pixels.from_signed(data.examples))
    np.testing.assert_allclose(back, DECIBELS, atol=1e-4)
    expected = np.round((DECIBELS + 80) / 80 * 255)
    assert np.abs(data.in_eight_bits().examples - expected).max() <= 1
    np.testing.assert_array_equal(data.pixels.in_eight_bits(DECIBELS), expected)


def test_other_data_are_as_before():
    images = (DEEP // 257).astype(np.uint8)
    for data in (Dataset(images), Dataset(DECIBELS / 80 * 2 + 1), Dataset(DECIBELS[:, 0, 0])):
        assert data.pixels.is_eight_bits and data.in_eight_bits() is data
    vectors = RNG.standard_normal((3, 2)).astype(np.float32)
    assert PixelFormat().in_eight_bits(vectors) is vectors


ON_JAX = """
import numpy as np
import ganzoo
images = np.random.default_rng(0).integers(0, 65536, (16, 8, 8, 1)).astype("uint16")
networks = ganzoo.architectures.build("dcgan", (8, 8, 1), width=2, latent_dim=4)
gan = ganzoo.GAN(*networks)
gan.compile(steps_per_execution=2)
gan.fit(images, batch_size=8, steps=2, verbose=0)
assert gan.sample(2).dtype == "uint16" and gan.sample(64).max() > 255
"""


class Means:
    """An extractor of two features of uint8 images."""

    name, sha256 = "means", "0" * 64

    def __call__(self, images):
        assert images.dtype == np.uint8
        return images.astype("float64").reshape(len(images), 2, -1).mean(-1)


def small_gan(**settings):
    keras.utils.set_random_seed(0)
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), width=2, latent_dim=4)
    gan = ganzoo.GAN(*networks)
    gan.compile(run_eagerly=True, **settings)
    return gan


@pytest.mark.parametrize(
    ("examples", "value_range", "dtype"), [(DEEP, None, "uint16"), (DECIBELS, (-80, 0), "float32")]
)
def test_a_gan_takes_and_keeps_the_format(examples, value_range, dtype, tmp_path):
    data = Dataset(examples, value_range=value_range)
    gan = small_gan()
    eight = gan.sample(2)
    grid = ganzoo.callbacks.SampleGrid(tmp_path / "samples", n=4)
    gan.fit(data, batch_size=16, steps=1, verbose=0, callbacks=[grid])
    gan.ema_generator.set_weights(small_gan().generator.get_weights())
    samples = gan.sample(2)
    assert samples.dtype == dtype and eight.dtype == np.uint8
    assert np.abs(gan.pixels.in_eight_bits(samples).astype(int) - eight).max() <= 1
    gan.save(tmp_path / "model.keras")
    gan.save_to_preset(tmp_path / "preset")
    for stored in (
        keras.saving.load_model(tmp_path / "model.keras"),
        ganzoo.GAN.from_preset(tmp_path / "preset"),
    ):
        assert stored.pixels == data.pixels
        np.testing.assert_array_equal(stored.sample(2), samples)
    assert gan.project(samples, steps=1, restarts=1).images.dtype == dtype
    (value,) = gan.evaluate(data, metrics=["fid"], extractor=Means(), n=8, verbose=0).values()
    assert np.isfinite(value)


def test_a_gan_takes_the_format_of_streams_and_batches():
    stream = tf.data.Dataset.from_tensor_slices(DEEP).batch(8, drop_remainder=True)
    for train in (
        lambda gan: gan.fit(stream, steps_per_epoch=1, verbose=0),
        lambda gan: gan.train_on_batch(DEEP[:8]),
    ):
        gan = small_gan()
        train(gan)
        assert gan.step == 1 and gan.sample(2).dtype == np.uint16


def test_packed_files_keep_the_format(tmp_path):
    for name, data in (("deep", Dataset(DEEP)), ("float", Dataset(DECIBELS, value_range=(-80, 0)))):
        packed = ganzoo.data.load(ganzoo.data.pack(data, tmp_path / f"{name}.npz"))
        assert packed.pixels == data.pixels
        np.testing.assert_array_equal(packed.examples, data.examples)


def test_ranges_of_two_data_sets_are_compared():
    gan = small_gan()
    gan.fit(Dataset(DECIBELS, value_range=(-80, 0)), batch_size=16, steps=1, verbose=0)
    with pytest.raises(ValueError, match=r"another range.*low=-80.*Received.*low=-100"):
        gan.fit(Dataset(DECIBELS, value_range=(-100, 0)), batch_size=16, steps=2, verbose=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dataset(DEEP // 257), "uint16 images .* seem to be in .0, 255.: pass"),
        (lambda: Dataset(DECIBELS, value_range=(-50, 0)), r"stated range \[-50, 0\].*from -79.9"),
        (lambda: Dataset(DECIBELS * np.nan, value_range=(-50, 0)), "finite"),
        (lambda: Dataset(DECIBELS, value_range=(0, 0)), "larger one of white"),
        (lambda: Dataset(DECIBELS, value_range="-80,0"), "larger one of white"),
        (lambda: Dataset(DEEP, value_range=(0, 1)), "is for float images"),
        (lambda: PixelFormat("uint16", 0, 255), "in .0, 65535."),
        (lambda: PixelFormat("int8"), "dtype"),
    ],
)
def test_wrong_formats_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_dark_16_bits_are_noticed():
    with pytest.warns(UserWarning, match="nearly black"):
        Dataset(DEEP // 16)


@pytest.mark.slow
def test_a_step_on_16_bits_with_jax():
    run_python(ON_JAX, backend="jax", without_tensorflow=True)
