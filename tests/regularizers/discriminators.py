"""Discriminators with the interface that a penalty sees, for the tests."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from support.discriminators import outputs_of


class LinearDiscriminator:
    """`D(x) = w . x`, whose gradient is `w` everywhere."""

    def __init__(self, w):
        self.w = ops.convert_to_tensor(w)

    def __call__(self, images):
        products = ops.reshape(images * self.w, (ops.shape(images)[0], -1))
        return ops.sum(products, axis=1, keepdims=True)

    def gradient(self, images):
        return ops.broadcast_to(self.w, ops.shape(images))


class QuadraticDiscriminator:
    """`D(x) = sum(x^2) / 2`, whose gradient is `x`."""

    def __call__(self, images):
        squares = ops.reshape(ops.square(images), (ops.shape(images)[0], -1))
        return ops.sum(squares, axis=1, keepdims=True) / 2

    def gradient(self, images):
        return images


class NetworkDiscriminator:
    """A Keras network, differentiated by a tape."""

    def __init__(self, network):
        self.network = network

    def __call__(self, images):
        return self.network(images)

    def gradient(self, images):
        images = tf.convert_to_tensor(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(self(images))
        return tape.gradient(total, images)


def penalty_of(part, discriminator, real, fake, draws):
    """Returns a penalty of real and fake examples, as the training step calls it."""
    passes = (outputs_of(discriminator, examples) for examples in (real, fake))
    return part.penalty(discriminator, *passes, draws)


def tanh_network(dimension, units=5, dtype="float32"):
    """`D(x) = w2 . tanh(x W1 + b1) + b2` of vectors."""
    network = keras.Sequential(
        [
            keras.layers.Input((dimension,), dtype=dtype),
            keras.layers.Dense(units, activation="tanh", dtype=dtype),
            keras.layers.Dense(1, dtype=dtype),
        ]
    )
    generator = np.random.default_rng(0)
    network.set_weights([generator.normal(size=weight.shape) for weight in network.weights])
    return network


def convolutional_network(image_shape):
    """Two layers on images, the second linear."""
    network = keras.Sequential(
        [
            keras.layers.Input(image_shape),
            keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="softplus"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    generator = np.random.default_rng(0)
    network.set_weights([generator.normal(size=weight.shape) for weight in network.weights])
    return network


def example_batches(shape, dtype="float32", seed=1):
    """A real and a fake batch, uniform in [-1, 1]."""
    return np.random.default_rng(seed).uniform(-1, 1, size=(2, *shape)).astype(dtype)
