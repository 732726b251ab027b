"""LeCam regularization against its equations, and its averages in a training run."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from ganzoo.regularizers import LeCam
from support.gans import linear
from support.processes import run_python

REAL, FAKE = np.float32([[1.0], [3.0]]), np.float32([[-2.0], [0.5]])


def penalty_of(part, state, real=REAL, fake=FAKE):
    real, fake = (SimpleNamespace(logits=ops.convert_to_tensor(x)) for x in (real, fake))
    return part.penalty(None, real, fake, None, state)


def state_with(part, real, fake, count):
    state = part.state()
    for variable, value in zip(
        (state.real, state.fake, state.count), (real, fake, count), strict=True
    ):
        variable.assign(value)
    return state


def test_the_penalty_is_the_squared_distance_beyond_the_averages():
    import tensorflow as tf

    # Averages that stay where they are.
    part = LeCam(weight=1.0, decay=0.999999999, start=0)
    state = state_with(part, 2.0, -1.0, 7)
    logits = tf.Variable(REAL)
    with tf.GradientTape() as tape:
        value = penalty_of(part, state, logits)
    np.testing.assert_allclose(value, 19.125, rtol=1e-5)
    gradient = tape.gradient(value, logits)
    np.testing.assert_allclose(gradient, [[2.0 * 2 / 2], [2.0 * 4 / 2]], rtol=1e-5)


def test_the_averages_move_before_the_penalty_and_only_from_the_start_on():
    part = LeCam(weight=0.3, decay=0.9, start=2)
    state = part.state()
    rng = np.random.default_rng(0)
    alphas = np.zeros(2)
    for update in range(5):
        real, fake = np.array([[[1.0]], [[-1.0]]]) + rng.standard_normal((2, 6, 1))
        decay = 0.9 if update >= 2 else 0.0
        alphas = decay * alphas + (1 - decay) * np.array([real.mean(), fake.mean()])
        above = np.maximum(real - alphas[1], 0) ** 2
        below = np.maximum(alphas[0] - fake, 0) ** 2
        expected = 0.3 * (above.mean() + below.mean()) if update >= 2 else 0.0
        real, fake = real.astype("float32"), fake.astype("float32")
        np.testing.assert_allclose(penalty_of(part, state, real, fake), expected, rtol=1e-5)
        part.update_state(real, fake, state)
        np.testing.assert_allclose([state.real, state.fake], alphas, rtol=1e-5)
    assert int(state.count) == 5


STEPS = """
import numpy as np
from support.gans import linear
from ganzoo.regularizers import LeCam

gan = linear.gan(regularizers=[LeCam(0.5, start=2)], loss="hinge", discriminator_steps=2)
for network in (gan.generator, gan.discriminator):
    for weight in network.weights:
        weight.assign(np.random.default_rng(weight.shape[-1]).standard_normal(weight.shape))
logs = gan.fit(linear.vectors(16), batch_size=8, epochs=2, verbose=0).history
state = gan._memories["penalty/lecam"]
results = [logs["lecam"][-1], state.real, state.fake, state.count]
results += list(np.ravel(gan.generator.weights[0]))
results = [float(value) for value in results]
"""


def test_the_state_is_of_the_gan_and_the_same_on_jax(tmp_path):
    here = {}
    exec(STEPS, here)
    gan, results = here["gan"], here["results"]
    assert results[0] > 0 and results[3] == 4
    gan.save(tmp_path / "gan.keras")
    restored = keras.saving.load_model(tmp_path / "gan.keras")
    for name in ("real", "fake", "count"):
        one, other = (getattr(g._memories["penalty/lecam"], name) for g in (gan, restored))
        np.testing.assert_array_equal(one, other)
    printed = run_python(
        STEPS + "print(*results)", backend="jax", without_tensorflow=True
    ).splitlines()[-1]
    np.testing.assert_allclose(np.array(printed.split(), float), results, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("arguments", [{"weight": -1}, {"decay": 1.0}, {"start": -1}])
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must be .*Received: "):
        LeCam(**arguments)


def test_recipes_and_compile_know_its_name():
    gan = linear.gan(regularizers=["lecam"])
    assert gan.regularizers[0].get_config() == {"weight": 0.3, "decay": 0.9, "start": 1000}
