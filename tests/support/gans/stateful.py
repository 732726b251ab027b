"""A GAN of vectors with conditions whose step has as much state as one can have.

A head with two outputs (SAN), LeCam's averages, the running mean of path lengths, and a lazy R1
penalty. Without the path lengths, nothing in it couples the examples of a batch.
"""

import keras
import numpy as np

import ganzoo
from ganzoo import layers
from support.gans import tiny

LATENT_DIM, CONDITION_DIM, DIMENSIONS = 4, 3, 6


def gan(**settings):
    """Returns the compiled GAN; `settings` are arguments of `compile`."""
    latents, conditions = keras.Input((LATENT_DIM,)), keras.Input((CONDITION_DIM,))
    joined = keras.layers.Concatenate()([latents, conditions])
    hidden = keras.layers.Dense(8, "tanh")(joined)
    generator = keras.Model([latents, conditions], keras.layers.Dense(DIMENSIONS)(hidden))
    vectors, conditions = keras.Input((DIMENSIONS,)), keras.Input((CONDITION_DIM,))
    joined = keras.layers.Concatenate()([vectors, conditions])
    logits, _ = layers.SANHead()(keras.layers.Dense(8, "tanh")(joined))
    discriminator = keras.Model([vectors, conditions], logits)
    tiny.fill(generator, 1)
    tiny.fill(discriminator, 2)
    settings = {
        "loss": "hinge",
        "regularizers": regularizers(),
        "g_optimizer": keras.optimizers.SGD(0.05, momentum=0.5),
        "d_optimizer": keras.optimizers.SGD(0.05, momentum=0.5),
        **settings,
    }
    made = ganzoo.GAN(generator, discriminator)
    made.compile(**settings)
    return made


def regularizers():
    """Returns LeCam, R1 and the path length."""
    return [
        ganzoo.regularizers.LeCam(0.5, decay=0.8, start=1),
        ganzoo.regularizers.R1(0.1, every=2),
        ganzoo.regularizers.PathLength(0.5, decay=0.5, batch_shrink=1, every=2),
    ]


def data(count):
    """Returns vectors with conditions."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((count, DIMENSIONS)).astype("float32")
    conditions = rng.standard_normal((count, CONDITION_DIM)).astype("float32")
    return ganzoo.data.Dataset(vectors, conditions=conditions)
