"""What runs in a process of its own, once for all parts."""

import pathlib
import traceback
from unittest import mock

import keras
import numpy as np

from conformance.parts import PARTS
from conformance.subjects import numbers, subject
from conformance.trainers import answers, train
from support.gans import tiny


def compute_on_jax(folder, indices):
    """Writes the results of parts on JAX, or why there are none."""
    import jax

    # JAX compiles random initial values for each shape. `parts.fill` replaces them.
    from_numpy = dict.fromkeys(("normal", "truncated_normal", "uniform"), _drawn_with_numpy)

    def results_of(part):
        with mock.patch.multiple(jax.random, **from_numpy):
            made = subject(part)
        variables = [*made.inputs, *made.state]

        @jax.jit
        def results(values):
            pairs = zip(variables, values, strict=True)
            with keras.StatelessScope(state_mapping=list(pairs)):
                return made.results()

        return numbers(results([variable.value for variable in variables]))

    for i in indices:
        _write(folder, i, lambda i=i: results_of(PARTS[i]))


def compute_under_xla(folder, indices):
    """Writes the results of parts in a graph that XLA compiles, or why there are none.

    TensorFlow keeps what XLA compiled until the process ends.
    """
    import tensorflow as tf

    # XLA optimizes what it compiles.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

    def results_of(part):
        made = subject(part)
        return numbers(tf.function(made.results, jit_compile=True, autograph=False)())

    for i in indices:
        _write(folder, i, lambda i=i: results_of(PARTS[i]))


def restore(folder, indices):
    """Writes what becomes of models that were saved: their states, their answers, and a step."""
    for i in indices:
        _write(folder, i, lambda i=i: _restored(pathlib.Path(folder) / f"{i}.keras"))


def _drawn_with_numpy(key, *, shape, dtype, minval=-1.0, maxval=1.0, **bounds):
    return np.random.default_rng(0).uniform(minval, maxval, shape).astype(dtype)


def read(folder, part):
    """Returns what a process wrote of a part; fails with what it failed of."""
    path = pathlib.Path(folder) / str(PARTS.index(part))
    failure = path.with_suffix(".txt")
    assert not failure.exists(), f"{part}\n{failure.read_text()}"
    with np.load(path.with_suffix(".npz")) as file:
        return {name: file[name] for name in file.files}


def _restored(path):
    model = keras.saving.load_model(path)
    found = {f"restored/{name}": value for name, value in tiny.state(model).items()}
    found["answers"] = answers(model)
    train(model)
    return found | {f"trained/{name}": value for name, value in tiny.state(model).items()}


def _write(folder, name, compute):
    path = pathlib.Path(folder) / str(name)
    try:
        np.savez(path.with_suffix(".npz"), **compute())
    except Exception:
        path.with_suffix(".txt").write_text(traceback.format_exc())
