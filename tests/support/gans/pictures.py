"""The smallest GANs of images, for tests of what is done with a model."""

import math

import keras

import ganzoo


def gan(num_classes=None, latent_dim=2, shape=(8, 8, 1), **settings):
    """Returns a GAN whose generator is one dense layer, to which classes add images of their own.

    Args:
        num_classes: Number of classes, or `None`.
        latent_dim: Size of the latents.
        shape: Shape of the images.
        settings: More arguments of `ganzoo.GAN`.
    """
    keras.utils.set_random_seed(0)
    layers, size = keras.layers, math.prod(shape)
    spread = keras.initializers.RandomNormal(stddev=0.5)
    latents, images = keras.Input((latent_dim,)), keras.Input(shape)
    pixels = layers.Dense(size, kernel_initializer=spread)(latents)
    logits = layers.Dense(1)(layers.Flatten()(images))
    of_generator, of_discriminator = latents, images
    if num_classes is not None:
        labels = keras.Input((), dtype="int32")
        pixels = layers.Add()([pixels, layers.Embedding(num_classes, size, spread)(labels)])
        logits = layers.Add()([logits, layers.Embedding(num_classes, 1)(labels)])
        of_generator, of_discriminator = [latents, labels], [images, labels]
    generated = layers.Reshape(shape)(layers.Activation("tanh")(pixels))
    return ganzoo.GAN(
        keras.Model(of_generator, generated),
        keras.Model(of_discriminator, logits),
        num_classes=num_classes,
        **settings,
    )
