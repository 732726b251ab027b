"""Layers whose conditions are vectors, against the layers of classes and the equations."""

import keras
import numpy as np
import pytest
from keras import ops

from ganzoo.layers import (
    ConditionalBatchNormalization,
    DenseConditionalBatchNormalization,
    DenseProjectionHead,
    ProjectionHead,
    SpectralNormalization,
)

RNG = np.random.default_rng(0)
LABELS = np.array([2, 0, 1, 2, 2])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
IMAGES = RNG.standard_normal((5, 4, 3, 6)).astype("float32")
CONDITIONS = RNG.standard_normal((5, 7)).astype("float32")


@pytest.mark.parametrize("training", [False, True])
def test_one_hot_conditions_are_classes(training):
    of_classes = ConditionalBatchNormalization(3)
    of_vectors = DenseConditionalBatchNormalization()
    of_classes.build([IMAGES.shape, LABELS.shape])
    of_vectors.build([IMAGES.shape, ONE_HOT.shape])
    gamma, beta = RNG.standard_normal((2, 3, 6))
    of_classes.gamma.assign(gamma)
    of_classes.beta.assign(beta)
    of_vectors.scale.kernel.assign(gamma - 1.0)
    of_vectors.offset.kernel.assign(beta)
    expected = of_classes([IMAGES, LABELS], training=training)
    given = of_vectors([IMAGES, ONE_HOT], training=training)
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=1e-5)
    for name in ("moving_mean", "moving_variance"):
        moved = [getattr(layer.normalization, name) for layer in (of_vectors, of_classes)]
        np.testing.assert_allclose(*moved, rtol=1e-6)


def test_scale_and_offset_are_linear_in_the_conditions():
    layer = DenseConditionalBatchNormalization(kernel_initializer="random_normal", epsilon=1e-3)
    outputs = layer([IMAGES, CONDITIONS], training=True)
    x, c = IMAGES.astype("float64"), CONDITIONS.astype("float64")
    scale, offset = (np.array(dense.kernel, "float64") for dense in (layer.scale, layer.offset))
    normalized = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-3)
    expected = (1 + c @ scale)[:, None, None] * normalized + (c @ offset)[:, None, None]
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    # By default, it starts as batch normalization.
    plain = DenseConditionalBatchNormalization(epsilon=1e-3)([IMAGES, CONDITIONS], training=True)
    np.testing.assert_allclose(plain, normalized, rtol=1e-5, atol=1e-5)


def test_the_projection_is_an_inner_product():
    features = RNG.standard_normal((5, 6)).astype("float32")
    head = DenseProjectionHead(kernel_initializer="random_normal")
    logits = head([features, CONDITIONS])
    h, c = features.astype("float64"), CONDITIONS.astype("float64")
    psi, bias, v = (np.array(weight, "float64") for weight in head.weights)
    expected = h @ psi + bias + np.sum((c @ v) * h, axis=1, keepdims=True)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)
    of_classes, of_vectors = ProjectionHead(3), DenseProjectionHead()
    of_classes([features, LABELS]), of_vectors([features, ONE_HOT])
    of_vectors.set_weights(of_classes.get_weights())
    np.testing.assert_allclose(
        of_vectors([features, ONE_HOT]), of_classes([features, LABELS]), rtol=1e-5, atol=1e-6
    )


def test_both_may_be_spectrally_normalized():
    settings = {"spectral_normalization": True, "kernel_initializer": "random_normal"}
    layer, head = DenseConditionalBatchNormalization(**settings), DenseProjectionHead(**settings)
    outputs = layer([IMAGES, CONDITIONS]), head([ops.ones((5, 6)), CONDITIONS])
    for wrapped in (layer.scale, layer.offset, head.psi, head.embedding):
        assert isinstance(wrapped, SpectralNormalization)
    for original, inputs, output in zip(
        (layer, head), ([IMAGES, CONDITIONS], [ops.ones((5, 6)), CONDITIONS]), outputs, strict=True
    ):
        copy = type(original).from_config(original.get_config())
        copy(inputs)
        copy.set_weights(original.get_weights())
        np.testing.assert_allclose(copy(inputs), output, rtol=1e-6)
        assert keras.saving.deserialize_keras_object(
            keras.saving.serialize_keras_object(original)
        ).spectral_normalization
