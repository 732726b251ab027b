"""Training runs of small GANs with state of every kind, and callbacks that stop them."""

import contextlib
import functools

import keras
import numpy as np

import ganzoo
from support.gans import linear, stateful

EPOCHS, STEPS = 3, 4  # Steps of each epoch.
BATCH_SIZE = 8


class Stopped(Exception):
    """Stands for any error that ends a process."""


class StopAfter(keras.callbacks.Callback):
    """Raises after a number of training steps."""

    def __init__(self, step):
        super().__init__()
        self._left = step

    def on_train_batch_end(self, batch, logs=None):
        self._left -= 1
        if self._left == 0:
            raise Stopped


def images():
    return np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1), "uint8")


def _vector_gan(generator=None, discriminator=None, **settings):
    settings = {"g_optimizer": "adam", "d_optimizer": "adam", **settings}
    gan = ganzoo.GAN(generator or linear.generator(), discriminator or linear.discriminator())
    gan.compile(**settings)
    return gan


def _plain():
    return _vector_gan()


def _spectral():
    vectors = keras.Input((linear.DIMENSIONS,))
    sn = ganzoo.layers.SpectralNormalization
    hidden = sn(keras.layers.Dense(6, activation="relu"), name="hidden")(vectors)
    hidden = keras.layers.Dropout(0.2)(hidden)
    logits = sn(keras.layers.Dense(1), name="logits")(hidden)
    return _vector_gan(discriminator=keras.Model(vectors, logits), discriminator_steps=2)


def _virtual_batches():
    latents = keras.Input((linear.LATENT_DIM,))
    x = ganzoo.layers.VirtualBatchNormalization(4)(keras.layers.Dense(6)(latents))
    vectors = keras.layers.Dense(linear.DIMENSIONS)(x)
    return _vector_gan(
        keras.Model(latents, vectors), regularizers=["historical_averaging"], ema_decay=0.9
    )


def _lazy_penalty():
    return _vector_gan(regularizers=[ganzoo.regularizers.R1(every=3)])


def _adaptive_augmentation():
    latents, images = keras.Input((3,)), keras.Input((4, 4, 1))
    generator = keras.Model(
        latents, keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16, "tanh")(latents))
    )
    discriminator = keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(images)))
    # The strength is the state that must be resumed: few transforms do.
    augment = ganzoo.augment.AdaptiveAugment("blit")
    return _vector_gan(generator, discriminator, augment=augment)


def _conditions_and_averages():
    return stateful.gan()


def _semi_supervised():
    vectors = keras.Input((linear.DIMENSIONS,))
    features = keras.layers.Dense(6, "relu", name="features")(vectors)
    logits = keras.layers.Dense(linear.NUM_CLASSES)(features)
    gan = ganzoo.SemiSupervisedGAN(linear.generator(), keras.Model(vectors, logits))
    gan.compile(g_optimizer="adam", d_optimizer="adam")
    return gan


_BUILDERS = {
    "plain": _plain,
    "spectral": _spectral,
    "virtual_batches": _virtual_batches,
    "lazy_r1": _lazy_penalty,
    "adaptive_augmentation": _adaptive_augmentation,
    "semi_supervised": _semi_supervised,
    "conditions_and_averages": _conditions_and_averages,
}
NAMES = tuple(_BUILDERS)


def build(name, initialization=0):
    """Builds a GAN. Another initialization reveals state that is not resumed."""
    keras.utils.set_random_seed(initialization)
    return _BUILDERS[name]()


def train(name, folder=None, callbacks=(), initialization=0, epochs=EPOCHS, gan=None, **settings):
    """Trains a GAN, from the checkpoints in a folder if there are any, and returns it.

    It is a new one, or `gan`.
    """
    gan = build(name, initialization) if gan is None else gan
    callbacks = list(callbacks)
    if folder is not None:
        settings = {"every": 1, "unit": "steps", "on_signal": False, **settings}
        callbacks.append(ganzoo.callbacks.AtomicCheckpoint(folder, **settings))
    fit(name, gan, callbacks, epochs)
    return gan


def fit(name, gan, callbacks, epochs=EPOCHS):
    rows = STEPS * BATCH_SIZE * (2 if name == "spectral" else 1)
    if name == "adaptive_augmentation":
        data = images()[:rows]
    elif name == "conditions_and_averages":
        data = stateful.data(rows)
    else:
        labels = np.arange(rows) % linear.NUM_CLASSES if name == "semi_supervised" else None
        data = ganzoo.data.Dataset(linear.vectors(rows), labels)
    more = {"labels_per_class": 2} if name == "semi_supervised" else {}
    gan.fit(
        data, batch_size=BATCH_SIZE, epochs=epochs, callbacks=list(callbacks), verbose=0, **more
    )


def state(gan):
    """Returns the values of all variables of a GAN and of its optimizers."""
    return [
        keras.ops.convert_to_numpy(variable)
        for variable in [*gan.variables, *gan.optimizer.variables, *gan.metrics_variables]
    ]


def straight(name):
    """Returns a GAN that was trained without a stop, as `train` trains in this test.

    It is trained once in a process with graphs, and once without them: the last bits differ.
    """
    return _straight(name, _is_eager())


@functools.cache
def _straight(name, is_eager):
    return train(name)


def _is_eager():
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return tf.config.functions_run_eagerly()


def different(first, second):
    """Returns the number of variables in which any bit differs."""
    pairs = list(zip(state(first), state(second), strict=True))
    return sum(a.tobytes() != b.tobytes() for a, b in pairs)


def resume_everywhere(names, folder, stops):
    """Stops each run at some steps and resumes it; returns the numbers of variables that differ."""
    found = {}
    for name in names:
        for stop in stops:
            path = folder / f"{name}_{stop}"
            with contextlib.suppress(Stopped):
                train(name, path, [StopAfter(stop)])
            found[f"{name} stopped in step {stop}"] = different(
                straight(name), train(name, path, initialization=1)
            )
    return found
