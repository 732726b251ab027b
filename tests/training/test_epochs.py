"""An epoch has the steps that were asked for: no phantom steps, no lost ones, none that repeat."""

import itertools

import keras
import pytest
import tensorflow as tf
from keras.src.backend import config

import ganzoo
from ganzoo import backend
from support.gans import linear, tiny
from support.processes import run_python
from training import epoch_checks


class Counter(keras.Model):
    """A model whose step counts, reads no example, and fails where a batch is negative."""

    def __init__(self):
        super().__init__()
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.total = keras.metrics.Mean(name="total")

    def train_step(self, data):
        return backend.run_step(self, self._count, data)

    test_step = train_step

    def _count(self, data):
        self.count.assign_add(1.0)
        self.total.update_state(1.0)
        return {"total": self.total.result()}


def fails_at(index):
    batches = tf.data.Dataset.range(5).batch(1)
    return batches.map(
        lambda rows: tf.debugging.check_numerics(1.0 / tf.cast(rows - index, "float32"), "bad row")
    )


@pytest.mark.graph
@pytest.mark.parametrize("steps_per_execution", [1, 2])
@pytest.mark.parametrize("function", ["train", "test"])
def test_no_update_runs_without_its_batch(function, steps_per_execution):
    model = Counter()
    model.compile(steps_per_execution=steps_per_execution)
    model.built = True
    step = model._make_function(getattr(model, f"{function}_step"))

    iterator = iter(tf.data.Dataset.range(3).batch(1))
    with pytest.raises((StopIteration, tf.errors.OutOfRangeError)):
        for _ in itertools.count():
            step(iterator)
    assert float(model.count) == 3 and float(model.total.count) == 3

    iterator = iter(fails_at(2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="bad row"):
        for _ in itertools.count():
            step(iterator)
    assert float(model.count) == 3 + 2


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"steps_per_execution": 2},
        pytest.param({"jit_compile": True}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.graph
@pytest.mark.filterwarnings("ignore:TensorFlow does not know how many")
def test_data_of_unknown_length_train_as_the_same_data_of_known_length(arguments):
    epoch_checks.check_unknown_length(**arguments)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:TensorFlow does not know how many")
def test_data_of_unknown_length_on_two_replicas(two_replicas):
    def make():
        with two_replicas.scope():
            return epoch_checks.gan()

    epoch_checks.check_unknown_length(make=make)


@pytest.mark.filterwarnings("ignore:TensorFlow does not know how many")
def test_passes_of_different_lengths_are_read_to_their_ends():
    epoch_checks.check_every_pass_is_whole(run_eagerly=True)


@pytest.mark.filterwarnings("ignore:TensorFlow does not know how many")
@pytest.mark.parametrize("data", ["known", "unknown"])
def test_the_stock_backup_restores_the_epoch(data, tmp_path):
    batches = getattr(epoch_checks, data)
    for epochs, trained in ((1, [0]), (2, [1])):
        backup = keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
        gan = linear.gan(optimizer="sgd", ema_decay=None, run_eagerly=True)
        history = gan.fit(batches(), epochs=epochs, verbose=0, callbacks=[backup])
        assert (history.epoch, gan.step) == (trained, 3 * epochs)
    # It does not move a `fit` without it.
    assert gan.fit(batches(), initial_epoch=1, epochs=2, verbose=0).epoch == [1]


def test_data_of_unknown_length_may_have_no_end_and_a_warning_says_so():
    gan = linear.gan(run_eagerly=True)
    with pytest.warns(UserWarning) as warned:
        gan.fit(epoch_checks.unknown(), epochs=2, verbose=0)
    messages = [str(warning.message) for warning in warned if warning.filename == __file__]
    assert len(messages) == 1 and "`steps_per_epoch`" in messages[0]
    assert not any("ran out of data" in str(warning.message) for warning in warned)


def test_examples_of_tf_data_that_do_not_fill_a_batch_are_told_once():
    gan, rows = linear.gan(run_eagerly=True), linear.vectors(18)
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(8)
    with pytest.warns(UserWarning) as warned:
        gan.fit(batches, epochs=2, verbose=0)
    messages = [str(warning.message) for warning in warned]
    assert sum("last 2 examples of a pass" in message for message in messages) == 1
    assert gan.step == 4


@pytest.mark.graph
def test_every_epoch_has_the_steps_that_were_asked_for():
    epoch_checks.check_steps_per_epoch((2, 4))


@pytest.mark.slow
@pytest.mark.graph
def test_every_epoch_has_any_number_of_steps():
    epoch_checks.check_steps_per_epoch((3, 10))
    epoch_checks.check_steps_per_epoch((4,), steps_per_execution=2)


@pytest.mark.graph
def test_every_epoch_has_its_steps_with_several_steps_per_execution():
    epoch_checks.check_steps_per_epoch((2, 10), steps_per_execution=2)


@pytest.mark.graph
def test_an_epoch_of_an_array_has_any_number_of_steps_with_any_steps_per_execution():
    gan = linear.gan(steps_per_execution=4)
    gan.fit(linear.vectors(24), batch_size=8, epochs=2, steps_per_epoch=5, verbose=0)
    assert gan.step == 10
    with pytest.raises(ValueError, match="Received: steps_per_epoch=5 with steps_per_execution=4"):
        gan.fit(epoch_checks.known(), epochs=2, steps_per_epoch=5, verbose=0)


ENDLESS = {
    "tf.data": lambda: epoch_checks.known().repeat(),
    "mapped tf.data": lambda: epoch_checks.known().repeat().map(lambda rows: rows).prefetch(1),
    "PyDataset": lambda: Endless(),
}


class Endless(keras.utils.PyDataset):
    num_batches = None

    def __getitem__(self, index):
        return linear.vectors(8)


@pytest.mark.parametrize("settings", [{"epochs": 2}, {"steps": 3}])
@pytest.mark.parametrize("form", ENDLESS)
def test_data_without_end_need_the_steps_of_an_epoch(form, settings):
    gan = linear.gan(run_eagerly=True)
    with pytest.raises(ValueError, match=r"no end.*`steps_per_epoch`.*Received: a .*without end"):
        gan.fit(ENDLESS[form](), verbose=0, **settings)
    assert gan.step == 0


def test_the_limits_of_keras_bound_the_steps():
    gan = linear.gan(run_eagerly=True)
    keras.config.set_max_steps_per_epoch(2)
    try:
        gan.fit(linear.vectors(24), batch_size=8, epochs=2, verbose=0)
        assert gan.step == 4
        gan.fit(epoch_checks.known().repeat(), verbose=0)
        assert gan.step == 6
        gan.fit(linear.vectors(24), batch_size=8, steps=9, verbose=0)
        assert gan.step == 9
    finally:
        config._MAX_STEPS_PER_EPOCH = None


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_progress_counts_the_steps_of_an_epoch(tmp_path, steps_per_execution):
    epoch_checks.check_progress(tmp_path, steps_per_execution)


@pytest.mark.graph
def test_callbacks_count_the_steps_of_the_model(tmp_path):
    gan, watch = linear.gan(steps_per_execution=4), epoch_checks.Watch()
    checkpoint = ganzoo.callbacks.AtomicCheckpoint(tmp_path / "run", every=4, unit="steps", keep=9)
    pictures = ganzoo.callbacks.SampleGrid(tmp_path / "grid", every=4, unit="steps", gif=False)
    gan.fit(
        linear.vectors(40),
        batch_size=4,
        epochs=2,
        callbacks=[watch, pictures, checkpoint],
        verbose=0,
    )
    assert watch.indices == 2 * [[3, 7, 9]] and watch.steps == [4, 8, 10, 14, 18, 20]
    # The executions cross the multiples of 4 at these steps.
    crossings = [4, 8, 14, 18, 20]
    assert [path.name for path in sorted((tmp_path / "run").glob("step_*"))] == [
        f"step_{step:08d}" for step in crossings
    ]
    assert [path.stem for path in sorted((tmp_path / "grid").glob("step_*"))] == [
        f"step_{step:08d}" for step in [0, *crossings]
    ]


@pytest.mark.slow
@pytest.mark.graph
@pytest.mark.parametrize("cut", [8, 10])
def test_no_epoch_is_lost_where_executions_do_not_divide_it(cut, tmp_path):
    class PowerCut(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.step == cut:
                raise RuntimeError("power cut")

    def fit(gan, *callbacks):
        settings = {"batch_size": 4, "epochs": 2, "verbose": 0, "callbacks": list(callbacks)}
        return gan.fit(linear.vectors(40), **settings).history

    def checkpoint():
        return ganzoo.callbacks.AtomicCheckpoint(tmp_path, every=4, unit="steps")

    with pytest.raises(RuntimeError, match="power cut"):
        fit(epoch_checks.gan(steps_per_execution=4), PowerCut(), checkpoint())
    resumed, whole = (epoch_checks.gan(steps_per_execution=4) for _ in range(2))
    histories = fit(resumed, checkpoint()), fit(whole)

    assert resumed.step == whole.step == 20
    assert histories[0] == histories[1]
    assert tiny.largest_difference(tiny.state(resumed), tiny.state(whole))[0] == 0


@pytest.mark.graph
def test_a_run_stops_at_its_last_step_within_an_execution():
    gan, watch = linear.gan(steps_per_execution=4), epoch_checks.Watch()
    for steps, last in ((9, [3, 7, 8]), (10, [3, 7, 9]), (11, [0])):
        gan._step.assign(0)
        gan.fit(linear.vectors(40), batch_size=4, steps=steps, verbose=0, callbacks=[watch])
        assert gan.step == steps
        assert watch.indices[-1] == last


@pytest.mark.slow
def test_epochs_on_jax():
    run_python(
        """
from training import epoch_checks
epoch_checks.check_unknown_length(steps_per_execution=2)
forms = ("array", "tf.data of unknown length", "PyDataset")
epoch_checks.check_steps_per_epoch((4,), forms, steps_per_execution=2)
""",
        backend="jax",
    )


@pytest.mark.slow
def test_all_epochs_on_jax():
    run_python(
        """
from training import epoch_checks
epoch_checks.check_unknown_length()
epoch_checks.check_every_pass_is_whole()
epoch_checks.check_steps_per_epoch((2, 3, 10))
epoch_checks.check_steps_per_epoch((2, 4), steps_per_execution=2)
""",
        backend="jax",
    )
