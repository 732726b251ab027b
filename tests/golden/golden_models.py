"""The GANs, data and settings of the stored goldens: the same to write them and to test them.

Do not change what is here for goldens that are stored. A new golden gets functions of its own.
"""

import keras
import numpy as np
from keras import layers

import ganzoo
from ganzoo.layers import (
    ConditionalBatchNormalization,
    GlobalSumPooling2D,
    MinibatchDiscrimination,
    MinibatchStdDev,
    ProjectionHead,
    SelfAttention,
    SpectralNormalization,
    VirtualBatchNormalization,
    WeightNormalization,
)

CLASSES = 3
LATENT_DIM = 4
BATCH_SIZE = 8
# The run whose checkpoint is stored has 4 steps in an epoch. The checkpoint is in the second one.
CHECKPOINT_EPOCHS, CHECKPOINT_STEP = 3, 6
ROWS = 6


def images(count, channels):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, channels), "uint8")


def labels(count):
    return (np.arange(count) % CLASSES).astype("int32")


def conditions(count):
    return np.random.default_rng(2).uniform(-1, 1, (count, CLASSES)).astype("float32")


def latents():
    return np.random.default_rng(1).standard_normal((ROWS, LATENT_DIM)).astype("float32")


def adam():
    # The large epsilon keeps rounding errors of other machines as small as they are.
    return keras.optimizers.Adam(1e-3, beta_1=0.5, epsilon=1e-3)


def layers_gan():
    """A conditional GAN that has each layer of ganzoo, and stock layers with state."""
    code, classes = keras.Input((LATENT_DIM,)), keras.Input((), dtype="int32")
    x = WeightNormalization(layers.Dense(4 * 4 * 4))(code)
    x = layers.Reshape((4, 4, 4))(x)
    x = layers.ReLU()(VirtualBatchNormalization(reference_size=4)(x))
    x = SpectralNormalization(
        layers.Conv2DTranspose(4, 4, 2, padding="same"),
        num_singular_values=2,
        learnable_scale=True,
    )(x)
    x = layers.ReLU()(ConditionalBatchNormalization(CLASSES)([x, classes]))
    x = SelfAttention(key_reduction=2, value_reduction=2, spectral_normalization=True)(x)
    x = layers.BatchNormalization()(x)
    x = layers.SpectralNormalization(layers.Conv2D(3, 3, padding="same", activation="tanh"))(x)
    generator = keras.Model([code, classes], x, name="generator")

    example, classes = keras.Input((8, 8, 3)), keras.Input((), dtype="int32")
    x = WeightNormalization(layers.Conv2D(4, 3, 2, padding="same"), data_dependent=True)(example)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = SpectralNormalization(layers.Conv2D(4, 3, padding="same"))(x)
    x = SelfAttention(key_reduction=2, value_reduction=2, pool_size=2)(x)
    x = layers.GroupNormalization(2)(x)
    x = MinibatchStdDev(group_size=2)(x)
    x = layers.LayerNormalization()(layers.Conv2D(4, 3, padding="same")(x))
    x = GlobalSumPooling2D()(layers.PReLU(shared_axes=[1, 2])(x))
    x = MinibatchDiscrimination(3, 2, weight_normalization=True, use_bias=True)(x)
    logits = ProjectionHead(CLASSES, spectral_normalization=True)([x, classes])
    discriminator = keras.Model([example, classes], logits, name="discriminator")
    return ganzoo.GAN(generator, discriminator, num_classes=CLASSES, seed=5)


def adaptive_gan():
    """An unconditional GAN with every kind of training state."""
    generator = keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(4 * 4 * 4),
            layers.Reshape((4, 4, 4)),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(1, 4, 2, padding="same", activation="tanh"),
        ],
        name="generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            SpectralNormalization(layers.Conv2D(4, 3, 2, padding="same")),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dropout(0.1),
            SpectralNormalization(layers.Dense(1)),
        ],
        name="discriminator",
    )
    gan = ganzoo.GAN(generator, discriminator, seed=7)
    gan.compile(
        g_optimizer=adam(),
        d_optimizer=adam(),
        loss="hinge",
        regularizers=[ganzoo.regularizers.HistoricalAveraging(0.1)],
        augment=ganzoo.augment.AdaptiveAugment(
            ["flip", "translation", "brightness"], interval=2, images_to_one=200, initial=0.3
        ),
        discriminator_steps=2,
        ema_decay=0.8,
        jit_compile=False,
    )
    return gan


def adaptive_data():
    """16 examples for each of the 4 steps of an epoch."""
    return ganzoo.data.Dataset(images(64, 1))


def pixels(images):
    """An extractor whose features are the pixels."""
    return images.reshape(len(images), -1).astype("float32")


pixels.name, pixels.sha256 = "pixels", "0" * 64


def checkpoint_callbacks(folder):
    """The callbacks of the run whose checkpoint is stored, all of which carry state."""
    data = adaptive_data()
    monitor = ganzoo.callbacks.CollapseMonitor(data, n=16, max_duplicates=0.99, min_diversity=0.01)
    return [
        monitor,
        ganzoo.callbacks.EvaluateSamples(
            [ganzoo.metrics.PairwiseDistance(pixels, name="distance")], n=8
        ),
        keras.callbacks.ReduceLROnPlateau("g_loss", factor=0.5, patience=1, mode="max"),
        ganzoo.callbacks.AtomicCheckpoint(
            folder, every=CHECKPOINT_STEP, unit="steps", monitor="d_loss", mode="max"
        ),
    ]


def semi_supervised_gan():
    """A semi-supervised GAN with averages of both networks, and a reference batch."""
    generator = keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(4 * 4 * 4),
            layers.Reshape((4, 4, 4)),
            VirtualBatchNormalization(reference_size=4),
            layers.ReLU(),
            layers.Conv2DTranspose(1, 4, 2, padding="same", activation="tanh"),
        ],
        name="generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            WeightNormalization(layers.Conv2D(4, 3, 2, padding="same")),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(name="features"),
            WeightNormalization(layers.Dense(CLASSES)),
        ],
        name="discriminator",
    )
    gan = ganzoo.SemiSupervisedGAN(generator, discriminator, seed=9)
    gan.compile(
        g_optimizer=adam(),
        d_optimizer=adam(),
        regularizers=["historical_averaging"],
        ema_decay=0.8,
        jit_compile=False,
    )
    return gan


def semi_supervised_data():
    return ganzoo.data.Dataset(images(48, 1), labels(48))


def state(gan):
    """Returns the values of all variables but the metrics', in their order."""
    metrics = {id(variable) for variable in gan.metrics_variables}
    variables = [variable for variable in gan.variables if id(variable) not in metrics]
    variables += gan.optimizer.stored_variables
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def numbered(name, arrays):
    return {f"{name}_{index:03d}": array for index, array in enumerate(arrays)}
