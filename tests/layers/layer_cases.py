"""Layers with the same weights on every backend, and one training call of each."""

import numpy as np
from keras import layers, ops

from ganzoo.layers import ConditionalBatchNormalization, ProjectionHead, SpectralNormalization

IMAGES = (2, 6, 6, 3)
LABELS = np.array([2, 0], "int32")


def cases():
    """Returns pairs of a built layer, its weights filled from NumPy, and its inputs."""
    rng = np.random.default_rng(0)
    images = ops.array(rng.standard_normal(IMAGES).astype("float32"))
    vectors = ops.array(rng.standard_normal((2, 5)).astype("float32"))
    labels = ops.array(LABELS)
    pairs = [
        (SpectralNormalization(layers.Dense(4), power_iterations=2), vectors),
        (SpectralNormalization(layers.Conv2D(4, 3, strides=2)), images),
        (SpectralNormalization(layers.Conv2DTranspose(4, 3, strides=2)), images),
        (SpectralNormalization(layers.Embedding(3, 4)), labels),
        (ConditionalBatchNormalization(3), [images, labels]),
        (ProjectionHead(3, spectral_normalization=True), [vectors, labels]),
    ]
    for layer, inputs in pairs:
        layer(inputs)
        for variable in layer.variables:
            variable.assign(rng.uniform(0.1, 1.0, variable.shape))
    return pairs


def training_cost(output):
    """Returns the scalar whose gradients are compared."""
    return ops.sum(ops.sin(output))
