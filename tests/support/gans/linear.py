"""GANs of vectors with linear networks, whose gradients can be written by hand."""

import keras
import numpy as np

import ganzoo

LATENT_DIM = 3
DIMENSIONS = 2
NUM_CLASSES = 4


@keras.saving.register_keras_serializable(package="tests")
class BilinearHead(keras.layers.Layer):
    """Logits `x a + b + v[label] x` of vectors `x` and labels."""

    def build(self, input_shapes):
        (_, dimensions), _ = input_shapes
        self.a = self.add_weight(name="a", shape=(dimensions, 1))
        self.b = self.add_weight(name="b", shape=(1,), initializer="random_normal")
        self.v = self.add_weight(name="v", shape=(NUM_CLASSES, dimensions))

    def call(self, inputs):
        x, labels = inputs
        products = keras.ops.sum(keras.ops.take(self.v, labels, axis=0) * x, axis=1, keepdims=True)
        return keras.ops.matmul(x, self.a) + self.b + products


def generator(conditional=False):
    """Builds `G(z) = z W + c`; a conditional one adds `E[label]`."""
    latents = keras.Input((LATENT_DIM,), name="latents")
    vectors = keras.layers.Dense(DIMENSIONS, bias_initializer="random_normal", name="affine")
    if not conditional:
        return keras.Model(latents, vectors(latents), name="generator")
    labels = keras.Input((), dtype="int32", name="labels")
    shifts = keras.layers.Embedding(NUM_CLASSES, DIMENSIONS, name="shift")
    outputs = keras.layers.Add(name="vectors")([vectors(latents), shifts(labels)])
    return keras.Model([latents, labels], outputs, name="generator")


def discriminator(conditional=False):
    """Builds `D(x) = x a + b`; a conditional one adds `v[label] x`."""
    vectors = keras.Input((DIMENSIONS,), name="vectors")
    if not conditional:
        logits = keras.layers.Dense(1, bias_initializer="random_normal", name="logits")
        return keras.Model(vectors, logits(vectors), name="discriminator")
    labels = keras.Input((), dtype="int32", name="labels")
    logits = BilinearHead(name="logits")([vectors, labels])
    return keras.Model([vectors, labels], logits, name="discriminator")


def gan(conditional=False, seed=0, latent="normal", **compile_arguments):
    """Builds and compiles a linear GAN."""
    model = ganzoo.GAN(
        generator(conditional),
        discriminator(conditional),
        latent=latent,
        num_classes=NUM_CLASSES if conditional else None,
        seed=seed,
    )
    if "optimizer" not in compile_arguments:
        compile_arguments.setdefault("g_optimizer", keras.optimizers.Adam(0.01))
        compile_arguments.setdefault("d_optimizer", keras.optimizers.Adam(0.02))
    model.compile(**compile_arguments)
    return model


def vectors(n, seed=0):
    """Returns random float32 vectors."""
    draws = np.random.default_rng(seed).standard_normal((n, DIMENSIONS))
    return (1.0 + 2.0 * draws).astype("float32")


def labels(n, seed=0):
    """Returns random int32 labels."""
    return np.random.default_rng(seed).integers(0, NUM_CLASSES, n, dtype="int32")
