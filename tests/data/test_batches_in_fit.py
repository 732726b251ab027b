"""Keras's own `fit` trains on the batches in their order, on both backends."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from ganzoo.data import Batches, Dataset
from support.processes import run_python

COUNT, BATCH = 26, 4
PER_PASS = COUNT // BATCH  # 6 steps


@keras.saving.register_keras_serializable(package="ganzoo_tests")
class Recorder(keras.layers.Layer):
    """Writes down the first pixel of every image that it is trained on, and counts the steps."""

    def build(self, input_shape):
        self.step = self.add_weight(shape=(), dtype="int32", trainable=False, initializer="zeros")
        self.log = self.add_weight(
            shape=(64, BATCH), dtype="int32", trainable=False, initializer="zeros"
        )

    def call(self, images, training=False):
        assert keras.backend.standardize_dtype(images.dtype) == "uint8"
        assert tuple(images.shape[1:]) == (2, 2, 1)
        if training:
            now = ops.arange(64)[:, None] == self.step
            pixels = ops.cast(images[:, 0, 0, 0], "int32")
            self.log.assign(ops.where(now, pixels, ops.convert_to_tensor(self.log)))
            self.step.assign_add(1)
        return ops.cast(images, "float32")


def recording_model(steps_per_execution=1):
    recorder = Recorder()
    inputs = keras.Input((2, 2, 1), dtype="uint8")
    outputs = keras.layers.Dense(1)(keras.layers.Flatten()(recorder(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse", steps_per_execution=steps_per_execution, jit_compile=False)
    return model, recorder


def numbered():
    rows = np.arange(COUNT)
    images = np.broadcast_to(rows[:, None, None, None], (COUNT, 2, 2, 1)).astype(np.uint8)
    return Dataset(images, rows)


def expected(batches, steps):
    return [batches.batch(step)[1].tolist() for step in steps]


def recorded(steps_per_execution=1, start=0, batch_options=None, fits=({"epochs": 3},)):
    """Returns what was trained on, and what should have been."""
    model, recorder = recording_model(steps_per_execution)
    recorder.step.assign(start)
    batches = numbered().batches(BATCH, seed=5, **(batch_options or {}))
    batches.follow(lambda: int(recorder.step))
    for arguments in fits:
        model.fit(batches, shuffle=False, verbose=0, **arguments)
    end = int(recorder.step)
    return (
        ops.convert_to_numpy(recorder.log)[start:end].tolist(),
        expected(batches, range(start, end)),
    )


CASES = {
    "three epochs": ({}, 18),
    "resumed in the middle of a pass": ({"start": 8, "fits": [{"epochs": 2}]}, 12),
    "later epochs only": ({"start": 6, "fits": [{"epochs": 3, "initial_epoch": 1}]}, 12),
    "several steps per execution": ({"steps_per_execution": 3}, 18),
    "an execution cut off by the end of the epoch": ({"steps_per_execution": 4}, 18),
    "two fits": ({"fits": [{"epochs": 1}, {"epochs": 2}]}, 18),
    "the rest of an epoch, then whole ones": (
        {"start": 2, "fits": [{"epochs": 1, "steps_per_epoch": 4}, {"epochs": 2}]},
        16,
    ),
    "one iterator over several epochs": ({"fits": [{"epochs": 3, "steps_per_epoch": 2}]}, 6),
    "epochs of another length than a pass": (
        {"batch_options": {"steps_per_epoch": 10}, "fits": [{"epochs": 2}]},
        20,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_fit_trains_on_the_batches_in_order(case):
    arguments, steps = CASES[case]
    seen, promised = recorded(**arguments)
    assert len(seen) == steps
    assert seen == promised


@pytest.mark.slow
def test_fit_on_jax_without_tensorflow_trains_on_the_same_batches():
    # Compiling takes JAX seconds: those cases in which Keras treats the iterator differently.
    names = (
        "resumed in the middle of a pass",
        "an execution cut off by the end of the epoch",
        "one iterator over several epochs",
    )
    printed = run_python(
        f"""
import json, sys
sys.path.insert(0, {json.dumps(__file__.rpartition("/")[0])})
import test_batches_in_fit as here
print(json.dumps([here.recorded(**here.CASES[name][0])[0] for name in {names}]))
assert "tensorflow" not in sys.modules
""",
        backend="jax",
        without_tensorflow=True,
    )
    for name, on_jax in zip(names, json.loads(printed.splitlines()[-1]), strict=True):
        assert on_jax == recorded(**CASES[name][0])[1], name


def test_a_fit_that_shuffles_the_batches_is_stopped():
    model, recorder = recording_model()
    batches = numbered().batches(BATCH).follow(lambda: int(recorder.step))
    with pytest.raises(Exception, match="shuffle=False"):
        model.fit(batches, epochs=3, verbose=0)


def test_a_validation_set_does_not_disturb_the_order():
    model, recorder = recording_model()
    batches = numbered().batches(BATCH, seed=5).follow(lambda: int(recorder.step))
    validation = numbered().batches(BATCH).follow(lambda: 0)
    model.fit(batches, validation_data=validation, epochs=2, shuffle=False, verbose=0)
    assert ops.convert_to_numpy(recorder.log)[:12].tolist() == expected(batches, range(12))


def test_fit_without_a_step_to_follow_is_refused():
    model, _ = recording_model()
    with pytest.raises(RuntimeError, match=r"batches\.follow"):
        model.fit(numbered().batches(BATCH), shuffle=False, verbose=0)


def test_two_replicas_share_the_batches_of_each_step(two_replicas):
    asked = []

    class Watched(Batches):
        def on_epoch_begin(self):
            super().on_epoch_begin()
            asked.append([])

        def batch(self, step):
            asked[-1].append(step)
            return super().batch(step)

    asked.append([])  # Keras looks at two batches to learn their types.
    with two_replicas.scope():
        model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
        model.add(keras.layers.Dense(1))
        model.compile("sgd", "mse")
    batches = Watched(numbered(), BATCH).follow(lambda: int(model.optimizer.iterations.numpy()))
    model.fit(batches, epochs=3, shuffle=False, verbose=0)
    assert asked[-3:] == [list(range(0, 6)), list(range(6, 12)), list(range(12, 18))]
