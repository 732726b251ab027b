"""Mixed precision: both players train, each with a loss scale of its own under float16."""

import functools
import json

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import tiny
from support.processes import run_python

LAZY_R1 = {"regularizers": [ganzoo.regularizers.R1(0.1, every=2)], "loss": "hinge"}


@pytest.fixture
def policy():
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def train(**arguments):
    gan = tiny.gan(**LAZY_R1, **arguments)
    history = gan.fit(tiny.images(48), batch_size=16, epochs=2, verbose=0).history
    return gan, history


@pytest.fixture(scope="module")
def full_precision():
    """Function of an architecture: the history of its training in float32."""
    return functools.cache(lambda architecture: train(architecture=architecture)[1])


@pytest.mark.parametrize(
    "name, architecture",
    [
        ("mixed_bfloat16", "small"),
        pytest.param("mixed_bfloat16", "dcgan", marks=pytest.mark.slow),
        pytest.param("mixed_float16", "sngan", marks=pytest.mark.slow),
        pytest.param("mixed_bfloat16", "sngan", marks=pytest.mark.slow),
        pytest.param("mixed_float16", "dcgan", marks=pytest.mark.slow),
    ],
)
def test_half_precision_follows_full_precision(name, architecture, policy, full_precision):
    expected = full_precision(architecture)
    policy(name)
    gan, history = train(architecture=architecture)
    for log, values in expected.items():
        assert np.isfinite(history[log]).all()
        np.testing.assert_allclose(history[log], values, atol=0.05, rtol=0.1, err_msg=log)
    assert gan.sample(2).dtype == "uint8"
    assert all(variable.dtype == "float32" for variable in gan.trainable_variables)


@pytest.fixture(scope="module")
def half_precision():
    """A GAN that was trained in float16."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    gan, _ = train()
    keras.config.set_dtype_policy(before)
    return gan


def test_float16_scales_the_loss_of_each_player_and_keeps_the_scales(half_precision, tmp_path):
    gan = half_precision
    players = (gan.optimizer.generator, gan.optimizer.discriminator)
    for player in players:
        assert isinstance(player, keras.optimizers.LossScaleOptimizer)
        player.dynamic_scale.assign(2.0**9)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert tiny.largest_difference(tiny.state(gan), tiny.state(loaded))[0] == 0.0
    assert float(loaded.optimizer.discriminator.dynamic_scale.numpy()) == 2.0**9


def test_an_overflow_skips_the_update_and_halves_the_scale_of_that_player_alone(half_precision):
    gan = half_precision
    overflowing, other = gan.optimizer.discriminator, gan.optimizer.generator
    overflowing.dynamic_scale.assign(2.0**40)
    scale = float(other.dynamic_scale.numpy())
    before = [weight.numpy() for weight in gan.discriminator.trainable_weights]
    gan.fit(tiny.images(16), batch_size=16, verbose=0)
    for weight, old in zip(gan.discriminator.trainable_weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
    assert float(overflowing.dynamic_scale.numpy()) == 2.0**39
    assert float(other.dynamic_scale.numpy()) == scale


@pytest.mark.slow
def test_both_half_precisions_train_on_jax():
    printed = run_python(
        "import json, keras\n"
        "from training.test_precision import train\n"
        "losses = []\n"
        "for name in ('mixed_bfloat16', 'mixed_float16'):\n"
        "    keras.config.set_dtype_policy(name)\n"
        "    gan, history = train()\n"
        "    losses.append([type(gan.optimizer.generator).__name__, history])\n"
        "print(json.dumps(losses))",
        backend="jax",
        without_tensorflow=True,
    )
    for (optimizer, history), expected in zip(
        json.loads(printed.splitlines()[-1]), ["Adam", "LossScaleOptimizer"], strict=True
    ):
        assert optimizer == expected
        assert all(np.isfinite(values).all() for values in history.values())
