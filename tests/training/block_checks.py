"""What is the same on every backend: blocks of steps train as single steps do."""

import contextlib

import keras
import numpy as np

import ganzoo
from support.gans import dense, linear, tiny

STEPS = 7


class Watch(keras.callbacks.Callback):
    """Notes the first and the last index of each call, and the logs of each step."""

    def on_train_begin(self, logs=None):
        self.indices, self.losses = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.indices.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.indices.append(batch)
        steps = self.model.step_logs
        losses = [logs["d_loss"]] if steps is None else steps["d_loss"]
        self.losses += list(losses[: batch + 1 - self.indices[-2]])
        assert self.losses[-1] == logs["d_loss"]


def gan(steps_per_execution, **settings):
    """A conditional GAN whose steps differ: a schedule, a lazy penalty, an average."""
    keras.utils.set_random_seed(0)
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-2, 2, 0.5)
    return linear.gan(
        conditional=True,
        g_optimizer=keras.optimizers.Adam(schedule),
        d_optimizer=keras.optimizers.Adam(schedule),
        regularizers=[ganzoo.regularizers.R1(every=2)],
        discriminator_steps=2,
        ema_decay=0.9,
        steps_per_execution=steps_per_execution,
        **settings,
    )


def fit(model, epochs=2, **settings):
    """Trains in epochs of 7 steps."""
    data = ganzoo.data.Dataset(linear.vectors(60), linear.labels(60))
    return model.fit(data, batch_size=4, epochs=epochs, verbose=0, **settings).history


def check_equal(first, second, tolerance):
    difference, name = tiny.largest_difference(tiny.state(first), tiny.state(second))
    assert difference <= tolerance, (name, difference)


def check_blocks(folder, **settings):
    """Blocks train as single steps do, in any division, resumed anywhere, from any memory."""
    watches = Watch(), Watch()
    single, blocks = gan(1, **settings), gan(3, **settings)
    start = dense.state(blocks)
    histories = [
        fit(one, callbacks=[watch]) for one, watch in zip((single, blocks), watches, strict=True)
    ]
    assert single.step == blocks.step == 2 * STEPS
    check_equal(single, blocks, 1e-6)
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-5, err_msg=name)
    assert watches[1].indices == 2 * [0, 2, 3, 5, 6, 6]
    np.testing.assert_allclose(*(watch.losses for watch in watches), rtol=1e-5)
    assert len(watches[1].losses) == 2 * STEPS

    # The compiled function stays, and serves any number of examples that come block by block too.
    functions, trained = dict(blocks._execution_functions), dense.state(blocks)
    assert functions
    dense.restore(blocks, start)
    with too_large_for_the_device():
        fit(blocks)
    assert dense.largest_difference(trained, dense.state(blocks)) == 0

    # It stops within a block of two, and goes on from there in blocks of three.
    stopped = gan(2, **settings)
    checkpoint = ganzoo.callbacks.AtomicCheckpoint(folder, every=100, unit="steps")
    fit(stopped, epochs=1, steps=11, callbacks=[checkpoint])
    assert stopped.step == 11
    dense.restore(blocks, start)
    checkpoint = ganzoo.callbacks.AtomicCheckpoint(folder, every=100, unit="steps")
    history = fit(blocks, callbacks=[checkpoint])
    assert dense.largest_difference(trained, dense.state(blocks)) == 0
    assert history == histories[1]
    assert blocks._execution_functions == functions


@contextlib.contextmanager
def too_large_for_the_device():
    """Makes `fit` feed data block by block."""
    from ganzoo.training import execution

    most, execution.MOST_BYTES = execution.MOST_BYTES, 0
    try:
        yield
    finally:
        execution.MOST_BYTES = most
