"""What is the same on every backend: a step in less memory computes the same numbers."""

import contextlib

import keras
import numpy as np
from keras import layers

import ganzoo

ROWS, CLASSES = 12, 3
# Each needs the numbers of its rows, and the automatic strength that of all rows.
PENALTIES = (ganzoo.regularizers.R1("auto"), "gradient_penalty", "consistency")


@contextlib.contextmanager
def float64():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def networks(dropout=0.0):
    """Conditional networks with noise and with states that move in each pass."""
    latents, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    x = layers.Concatenate()([latents, layers.Embedding(CLASSES, 4)(labels)])
    mapping = ganzoo.layers.StyleMapping(2, style_dim=4, depth=1, mixing=0.5)
    x = layers.Reshape((2, 2, 2))(mapping(x))
    x = layers.UpSampling2D()(layers.Conv2D(4, 3, padding="same")(x))
    x = layers.LayerNormalization()(ganzoo.layers.NoiseInjection()(x))
    generator = keras.Model([latents, labels], layers.Conv2D(2, 1, activation="tanh")(x))
    examples, labels = keras.Input((4, 4, 2)), keras.Input((), dtype="int32")
    convolution = layers.Conv2D(4, 3, strides=2, padding="same")
    x = layers.LeakyReLU()(ganzoo.layers.SpectralNormalization(convolution)(examples))
    x = layers.Dropout(dropout)(x)
    x = layers.Conv2D(4, 3, padding="same", activation="tanh")(x)
    x = layers.Concatenate()([layers.Flatten()(x), layers.Embedding(CLASSES, 2)(labels)])
    return generator, keras.Model([examples, labels], layers.Dense(1)(x))


def state_after_a_step(penalties=PENALTIES, dropout=0.0, **settings):
    """Returns the logs and all variables after a step, as NumPy arrays by name."""
    keras.utils.set_random_seed(0)
    keras.backend.clear_session()  # It numbers the names.
    generator, discriminator = networks(dropout)
    for layer in generator.layers:
        if isinstance(layer, ganzoo.layers.NoiseInjection):
            layer.strength.assign(0.5)
    gan = ganzoo.GAN(generator, discriminator, num_classes=CLASSES)
    rates = {"g_optimizer": "sgd", "d_optimizer": "sgd", "generator_batch_ratio": 2}
    gan.compile(**rates, loss="hinge", regularizers=penalties, **settings)
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (ROWS, 4, 4, 2), "uint8")
    labels = draws.integers(0, CLASSES, ROWS)
    values = gan.train_on_batch(images, labels, return_dict=True)
    variables = {v.path: keras.ops.convert_to_numpy(v) for v in gan.variables}
    return {**variables, **{name: np.asarray(value) for name, value in values.items()}}


def deep_gan(**settings):
    """Most of its memory are the activations of a chain of convolutions."""
    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(768), layers.Reshape((16, 16, 3))]
    )
    discriminator = keras.Sequential([keras.Input((16, 16, 3))])
    for _ in range(8):
        discriminator.add(layers.Conv2D(8, 3, padding="same", activation="tanh"))
    discriminator.add(layers.Flatten())
    discriminator.add(layers.Dense(1))
    gan = ganzoo.GAN(generator, discriminator)
    gan.compile(**settings)
    return gan


def assert_equal(first, second, tolerance):
    assert first.keys() == second.keys()
    for name, value in first.items():
        # Sums are in another order.
        np.testing.assert_allclose(second[name], value, tolerance, tolerance, err_msg=name)


def check_accumulation(tolerance=1e-10, remat=False, **settings):
    with float64():
        settings["augment"] = ["adaptive_pseudo_augment", "translation"]
        whole = state_after_a_step(**settings)
        parts = state_after_a_step(accumulate=3, remat=remat, **settings)
        assert_equal(whole, parts, tolerance)


def check_rematerialization(**settings):
    """The dropout masks of both passes are equal too."""
    with float64():
        settings |= {"penalties": PENALTIES[:2], "dropout": 0.5}
        whole = state_after_a_step(**settings)
        assert_equal(whole, state_after_a_step(remat=True, **settings), 1e-12)
