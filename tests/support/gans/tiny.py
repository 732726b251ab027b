"""Small GANs with weights that are the same on every backend."""

import math

import keras
import numpy as np

import ganzoo

LATENT_DIM = 8
IMAGE_SHAPE = (16, 16, 1)
NUM_CLASSES = 3


def fill(network, seed):
    """Replaces a network's random initial weights by NumPy's, which no backend changes."""
    rng = np.random.default_rng(seed)
    for weight in network.trainable_weights:
        initial = np.array(weight.numpy())
        constant = initial if np.ptp(initial) == 0 else 0.0
        weight.assign(constant + 0.1 * rng.standard_normal(weight.shape))


def networks(
    architecture="small",
    image_shape=IMAGE_SHAPE,
    num_classes=None,
    width=4,
    latent_dim=LATENT_DIM,
):
    """Builds a generator and a discriminator of an architecture at a small width.

    The default, `"small"`, has batch and spectral normalization as SNGAN has, but few layers: its
    step is traced and compiled in a fraction of the time.
    """
    if architecture == "small":
        generator, discriminator = _small(image_shape, num_classes, width, latent_dim)
    else:
        generator, discriminator = ganzoo.architectures.build(
            architecture, image_shape, latent_dim=latent_dim, width=width, num_classes=num_classes
        )
    fill(generator, 1)
    fill(discriminator, 2)
    for variable in discriminator.non_trainable_variables:
        if variable.name == "u":
            variable.assign(
                np.linspace(0.5, 1.0, math.prod(variable.shape)).reshape(variable.shape)
            )
    return generator, discriminator


def _small(image_shape, num_classes, width, latent_dim):
    height, breadth, channels = image_shape
    latents, classes = keras.Input((latent_dim,)), keras.Input((), dtype="int32")
    x = keras.layers.Dense(height // 4 * (breadth // 4) * width, use_bias=False)(latents)
    x = keras.layers.Reshape((height // 4, breadth // 4, width))(x)
    if num_classes:
        x = ganzoo.layers.ConditionalBatchNormalization(num_classes)([x, classes])
    else:
        x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2DTranspose(channels, 4, strides=4)(keras.layers.ReLU()(x))
    x = keras.layers.Activation("tanh", dtype="float32")(x)
    inputs = [latents, classes] if num_classes else latents
    generator = keras.Model(inputs, x, name="generator")

    spectral = ganzoo.layers.SpectralNormalization
    images = keras.Input(image_shape)
    features = spectral(keras.layers.Conv2D(width, 4, strides=4))(images)
    features = keras.layers.Flatten()(keras.layers.LeakyReLU()(features))
    if num_classes:
        head = ganzoo.layers.ProjectionHead(num_classes, True, dtype="float32")
        return generator, keras.Model([images, classes], head([features, classes]))
    logits = spectral(keras.layers.Dense(1, dtype="float32"))(features)
    return generator, keras.Model(images, logits, name="discriminator")


def gan(architecture="small", num_classes=None, seed=0, latent="normal", **compile_arguments):
    """Builds and compiles a small GAN."""
    model = ganzoo.GAN(
        *networks(architecture, num_classes=num_classes),
        latent=latent,
        num_classes=num_classes,
        seed=seed,
    )
    compile_arguments.setdefault("g_optimizer", keras.optimizers.Adam(2e-4, beta_1=0.5))
    compile_arguments.setdefault("d_optimizer", keras.optimizers.Adam(2e-4, beta_1=0.5))
    model.compile(**compile_arguments)
    return model


def images(n, shape=IMAGE_SHAPE, seed=0):
    """Returns random uint8 images."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype="uint8")


def labels(n, seed=0):
    """Returns random int32 labels."""
    return np.random.default_rng(seed).integers(0, NUM_CLASSES, n, dtype="int32")


def state(model):
    """Returns every variable of a model and of its optimizer as NumPy, by a readable name."""
    variables = [*model.variables, *model.optimizer.variables]
    return {f"{i} {v.path}": np.array(v.numpy()) for i, v in enumerate(variables)}


def largest_difference(first, second):
    """Returns the largest difference of two states, and where it is."""
    assert len(first) == len(second)
    differences = {
        name: float(np.max(np.abs(a.astype("float64") - b.astype("float64")), initial=0.0))
        for (name, a), b in zip(first.items(), second.values(), strict=True)
    }
    name = max(differences, key=differences.get)
    return differences[name], name
