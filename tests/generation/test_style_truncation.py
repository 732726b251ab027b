"""Truncation of a generator with styles moves these, and not its latents."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import ganzoo
from conformance import parts
from ganzoo.layers import StyleMapping


def networks(**options):
    """A generator of vectors with styles, but few layers."""
    latents = keras.Input((4,))
    x = StyleMapping(2, 3, depth=1, name="mapping", **options)(latents)
    x = keras.layers.Dense(2, name="synthesis")(keras.layers.Flatten()(x))
    vectors = keras.Input((2,))
    pair = keras.Model(latents, x), keras.Model(vectors, keras.layers.Dense(1)(vectors))
    for network in pair:
        parts.fill(network, 0)
    return pair


@pytest.fixture(scope="module")
def gan():
    gan = ganzoo.GAN(*networks())
    gan.inference_generator.get_layer("mapping").style_average.assign([1.0, -1.0, 2.0])
    return gan


def test_samples_are_those_of_truncated_styles(gan):
    generator = gan.inference_generator
    styles = np.array(generator.get_layer("mapping")(gan.latents_of([0, 1, 2])))
    average = np.array([1.0, -1.0, 2.0])
    moved = average + 0.5 * (styles - average)
    kernel, bias = map(np.array, generator.get_layer("synthesis").weights)
    expected = moved.reshape(3, 6) @ kernel + bias
    np.testing.assert_allclose(gan.sample(3, truncation=0.5), expected, rtol=1e-5)
    np.testing.assert_allclose(
        gan.generate(gan.latents_of([0, 1, 2]), truncation=0.5), expected, rtol=1e-5
    )
    np.testing.assert_array_equal(gan.sample(3, truncation=1.0), gan.sample(3))
    same = gan.sample(3, truncation=0.0)
    np.testing.assert_array_equal(same[0], same[2])
    np.testing.assert_allclose(
        gan.interpolate([0, 1], steps=2, truncation=0.5)[0], expected[0], rtol=1e-5
    )


@pytest.mark.parametrize("truncation", [-0.1, 1.5, float("nan"), "half"])
def test_truncation_out_of_its_range_is_refused(gan, truncation):
    with pytest.raises(ValueError, match="Received: truncation="):
        gan.sample(1, truncation=truncation)


def test_styles_inside_of_another_network_are_not_truncated_as_latents():
    inner, discriminator = networks()
    latents = keras.Input((4,))
    gan = ganzoo.GAN(keras.Model(latents, inner(latents)), discriminator)
    assert gan.sample(2).shape == (2, 2)
    with pytest.raises(ValueError, match=r"Received: .* 'mapping' inside of another network"):
        gan.sample(2, truncation=0.5)


def test_mixing_latents_of_another_distribution_are_refused():
    with pytest.raises(ValueError, match=r"latent='uniform'.*Received: latent='uniform'"):
        ganzoo.GAN(*networks(mixing=0.5), latent="uniform")
    ganzoo.GAN(*networks(mixing=0.5, latent="uniform"), latent="uniform")
    ganzoo.GAN(*networks(), latent="uniform")


@pytest.mark.slow
def test_exports_and_presets(tmp_path):
    pair = ganzoo.architectures.build(
        "stylegan2", (9, 8, 1), latent_dim=4, width=2, mapping_layers=2, num_classes=3
    )
    for seed, network in enumerate(pair):
        parts.fill(network, seed)
    gan = ganzoo.GAN(*pair, num_classes=3)
    gan.inference_generator.get_layer("mapping").style_average.assign([0.0, 0.2, 0.4, 0.6])
    gan.save_to_preset(tmp_path / "preset")
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(loaded.sample(4, truncation=0.3), gan.sample(4, truncation=0.3))
    for suffix in (".onnx", ".tflite"):
        loaded.export(tmp_path / f"generator{suffix}")  # Compares the examples.
    path = loaded.export(tmp_path / "saved", truncation=True)
    function = tf.saved_model.load(path).signatures["sample"]
    seeds, labels = ops.cast([0, 1, 2], "int64"), ops.cast([1, 1, 1], "int64")
    served = function(seed=seeds, label=labels, truncation=tf.constant([1.0, 0.5, 0.0]))
    for row, amount in enumerate((1.0, 0.5, 0.0)):
        (image,) = gan.sample(1, seed=row, labels=1, truncation=amount)
        difference = np.array(served["images"][row], int) - image
        assert np.abs(difference).max() <= 1
