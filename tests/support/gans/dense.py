"""A GAN that trains a few epochs within a second, and its data."""

import keras
import numpy as np

import ganzoo

CLASSES = 3


def images(count=48, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), "uint8")


def dataset(count=48, conditional=False):
    labels = np.arange(count) % CLASSES if conditional else None
    return ganzoo.data.Dataset(images(count), labels)


def build(conditional=False, seed=0, g_rate=1e-3, d_rate=4e-3, **compile_arguments):
    """Returns a compiled GAN with state of every kind: batch norm, spectral vectors, moments."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    latents, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    x = latents
    if conditional:
        x = layers.Concatenate()(
            [x, layers.CategoryEncoding(CLASSES, output_mode="one_hot")(labels)]
        )
    x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(16)(x)))
    x = layers.Reshape((8, 8, 1))(layers.Dense(64, activation="tanh")(x))
    generator = keras.Model([latents, labels] if conditional else latents, x)

    pictures = keras.Input((8, 8, 1))
    x = layers.Flatten()(pictures)
    if conditional:
        x = layers.Concatenate()(
            [x, layers.CategoryEncoding(CLASSES, output_mode="one_hot")(labels)]
        )
    x = layers.LeakyReLU()(ganzoo.layers.SpectralNormalization(layers.Dense(16))(x))
    x = layers.Dense(1)(x)
    discriminator = keras.Model([pictures, labels] if conditional else pictures, x)

    gan = ganzoo.GAN(
        generator, discriminator, num_classes=CLASSES if conditional else None, seed=seed
    )
    gan.compile(
        g_optimizer=keras.optimizers.Adam(g_rate, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(d_rate, beta_1=0.5),
        **compile_arguments,
    )
    return gan


def state(gan):
    """Returns the values of all variables of a GAN and of its optimizers."""
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(gan)]


def restore(gan, values):
    """Sets all variables to the values that `state` returned."""
    for variable, value in zip(_variables(gan), values, strict=True):
        variable.assign(value)


def largest_difference(first, second):
    """Returns the largest difference between two states; NaN counts as infinite."""
    differences = (np.abs(a - b) for a, b in zip(first, second, strict=True))
    return max(float(np.max(np.nan_to_num(one, nan=np.inf))) for one in differences)


def _variables(gan):
    return [*gan.variables, *gan.optimizer.variables]
