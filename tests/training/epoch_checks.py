"""What is the same on every backend: epochs have the steps that were asked for, and no others."""

import contextlib
import io
import itertools
import re

import keras
import numpy as np

import ganzoo
from support.gans import dense, linear, tiny

ROWS = 24
SIZE = 8
SHUFFLED = ("array", "batches")


class Listed(keras.utils.PyDataset):
    """The batches of a list."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    @property
    def num_batches(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


class Watch(keras.callbacks.Callback):
    """Notes the index of the last batch of each execution, and the step of the model after it."""

    def on_train_begin(self, logs=None):
        self.indices, self.steps = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.indices.append([])

    def on_train_batch_end(self, batch, logs=None):
        self.indices[-1].append(batch)
        self.steps.append(self.model.step)


class WatchingHook(ganzoo.callbacks.FitHook):
    """With a hook among the callbacks, nothing may change."""


def gan(**compile_arguments):
    """A GAN with state of every kind that a step updates."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((linear.LATENT_DIM,))
    outputs = keras.layers.BatchNormalization()(keras.layers.Dense(linear.DIMENSIONS)(inputs))
    model = ganzoo.GAN(keras.Model(inputs, outputs), linear.discriminator())
    tiny.fill(model.generator, 1)
    tiny.fill(model.discriminator, 2)
    model.compile(
        **{
            "optimizer": "adam",
            "ema_decay": 0.9,
            "regularizers": [ganzoo.regularizers.HistoricalAveraging(0.01)],
            **compile_arguments,
        }
    )
    return model


def known():
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices(linear.vectors(ROWS))
    return rows.batch(SIZE, drop_remainder=True)


def unknown():
    return known().filter(lambda rows: True)


def unequal():
    """A pass over the data with 1 batch, then one with 2, then one with 3, and so on."""
    import tensorflow as tf

    passes = iter(range(1, 100))

    def rows():
        yield from np.split(linear.vectors(SIZE * 99), 99)[: next(passes)]

    signature = tf.TensorSpec((SIZE, linear.DIMENSIONS), "float32")
    return tf.data.Dataset.from_generator(rows, output_signature=signature)


def check_unknown_length(make=gan, **compile_arguments):
    """Data whose length nobody knows train as the same data of a known length."""
    model, watch = make(**compile_arguments), Watch()
    start = dense.state(model)
    reference = model.fit(known(), epochs=3, verbose=0).history
    state = tiny.state(model)
    assert model.step == 9
    dense.restore(model, start)
    history = model.fit(unknown(), epochs=3, verbose=0, callbacks=[watch]).history

    assert model.step == 9
    difference, name = tiny.largest_difference(state, tiny.state(model))
    assert difference == 0, name
    assert history == reference
    assert watch.steps[-1] == 9 and [indices[-1] for indices in watch.indices] == [2, 2, 2]


def check_every_pass_is_whole(**compile_arguments):
    """Passes of different lengths are read to their ends."""
    data = unequal()
    model = linear.gan(**compile_arguments)
    # Checking the data takes the first pass, which has a single batch.
    model.fit(data, epochs=2, verbose=0)
    assert model.step == 2 + 3


def check_steps_per_epoch(all_steps, only=None, **compile_arguments):
    """Each epoch has the steps that were asked for, with any data and with any callbacks.

    Forms of the same batches, with and without a hook among the callbacks, train alike.

    Args:
        all_steps: Numbers of steps to ask for.
        only: Names of the forms of data; by default all.
        **compile_arguments: Settings of `compile`.
    """
    rows = linear.vectors(ROWS)
    batches = np.split(rows, 3)
    forms = {
        "array": lambda: rows,
        "batches": lambda: ganzoo.data.Dataset(rows).batches(SIZE),
        "tf.data": known,
        "tf.data of unknown length": unknown,
        "endless tf.data": lambda: known().repeat(),
        "PyDataset": lambda: Listed(batches),
    }
    model = linear.gan(optimizer="sgd", ema_decay=None, **compile_arguments)
    start, states = dense.state(model), {}
    for (i, form), (j, steps) in itertools.product(enumerate(only or forms), enumerate(all_steps)):
        dense.restore(model, start)
        watch, hooks = Watch(), [WatchingHook()] * ((i + j) % 2)
        model.fit(
            forms[form](),
            batch_size=SIZE,
            epochs=2,
            steps_per_epoch=steps,
            verbose=0,
            callbacks=[*hooks, watch],
        )
        assert model.step == 2 * steps, (form, steps, hooks, model.step)
        last = [indices[-1] for indices in watch.indices]
        assert last == 2 * [steps - 1], (form, steps, watch.indices)
        state = dense.state(model)
        expected = states.setdefault((form in SHUFFLED, steps), state)
        assert dense.largest_difference(state, expected) == 0, (form, steps, hooks)


def check_progress(folder, steps_per_execution):
    """The progress of an epoch has the steps that it really has in this run."""

    def counts(**settings):
        model = linear.gan(run_eagerly=True, steps_per_execution=steps_per_execution)
        checkpoint = ganzoo.callbacks.AtomicCheckpoint(folder, every=100, unit="steps")
        callbacks = [checkpoint, *settings.pop("callbacks", [])]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            model.fit(
                linear.vectors(ROWS), batch_size=SIZE, verbose=2, callbacks=callbacks, **settings
            )
        return model.step, re.findall(r"^(\d+/\d+) - ", out.getvalue(), re.MULTILINE)

    assert counts(epochs=9, callbacks=[ganzoo.callbacks.StopAtStep(4)]) == (4, ["3/3", "1/1"])
    assert counts(steps=11) == (11, ["2/2", "3/3", "2/2"])
    assert counts(steps=11) == (11, [])
