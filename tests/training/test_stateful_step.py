"""Conditions, a SAN head, LeCam, path lengths and lazy R1 in one step, everywhere.

They are compared with the same three steps without a graph: under XLA, on two replicas, in half
precision, and on JAX. `tests/faults` resumes the same GAN.
"""

import keras
import numpy as np
import pytest

from support.gans import stateful, tiny
from support.processes import run_python

STEPS, BATCH = 3, 16


def train(**settings):
    """Returns a GAN after three steps, and its logs."""
    gan = stateful.gan(**settings)
    history = gan.fit(stateful.data(STEPS * BATCH), batch_size=BATCH, verbose=0).history
    return gan, {name: values[0] for name, values in history.items()}


@pytest.fixture(scope="module")
def expected():
    """The GAN and its logs without a graph."""
    return train(run_eagerly=True, jit_compile=False)


def state_of(gan):
    """Returns the state of the parts: the averages of LeCam, and the mean length."""
    names = ("real", "fake", "count", "mean_length")
    found = {v.path: np.array(v) for v in gan.variables if v.name in names}
    assert {path.rpartition("/")[2] for path in found} == set(names)
    return found


def assert_same(trained, expected, tolerance):
    gan, logs = trained
    difference, where = tiny.largest_difference(tiny.state(gan), tiny.state(expected[0]))
    assert difference < tolerance, where
    for name, value in expected[1].items():
        np.testing.assert_allclose(logs[name], value, atol=tolerance, err_msg=name)


def test_every_state_moves(expected):
    gan, logs = expected
    assert all(np.any(value) for value in state_of(gan).values())
    assert {"lecam", "r1", "d_direction", "path_length"} <= logs.keys()


@pytest.mark.slow
@pytest.mark.graph
def test_two_replicas_are_one(two_replicas):
    # Each replica compares the path lengths of its own rows with the running mean.
    chosen = {"regularizers": stateful.regularizers()[:2]}
    expected = train(run_eagerly=True, jit_compile=False, **chosen)
    with two_replicas.scope():
        trained = train(**chosen)
    assert_same(trained, expected, 1e-5)


@pytest.mark.slow
def test_xla(expected):
    assert_same(train(jit_compile=True), expected, 1e-5)


@pytest.mark.parametrize(
    "name", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_half_precision(name, expected):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        gan, logs = train(run_eagerly=True, jit_compile=False)
    finally:
        keras.config.set_dtype_policy(before)
    state = state_of(gan)
    for path, value in state_of(expected[0]).items():
        assert state[path].dtype == value.dtype
        np.testing.assert_allclose(state[path], value, atol=0.02, rtol=0.05, err_msg=path)
    for log, value in expected[1].items():
        np.testing.assert_allclose(logs[log], value, atol=0.05, rtol=0.1, err_msg=log)


@pytest.mark.slow
def test_jax(expected, tmp_path):
    pytest.importorskip("jax")
    run_python(
        "import numpy as np\n"
        "from support.gans import tiny\n"
        "from training.test_stateful_step import train\n"
        "gan, logs = train()\n"
        f"np.savez({str(tmp_path / 'state.npz')!r}, *tiny.state(gan).values())",
        backend="jax",
        without_tensorflow=True,
    )
    with np.load(tmp_path / "state.npz") as file:
        for found, value in zip(file.values(), tiny.state(expected[0]).values(), strict=True):
            np.testing.assert_allclose(found, value, atol=1e-5)
