"""The generator's average: its equation, what is averaged and what is copied."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.training import ema
from ganzoo.training.gan import move_average, share_of_decay
from support.gans import linear, tiny


@keras.saving.register_keras_serializable(package="tests")
class Counter(layers.Layer):
    """Passes its inputs on and holds an integer."""

    def build(self, input_shape):
        self.count = self.add_weight(
            name="count", shape=(2,), dtype="int32", initializer="zeros", trainable=False
        )

    def call(self, inputs):
        return inputs


def generator():
    """A generator with every kind of state."""
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, name="dense"),
            layers.BatchNormalization(name="norm"),
            ganzoo.layers.SpectralNormalization(layers.Dense(2), name="spectral"),
            Counter(name="counter"),
        ],
        name="generator",
    )


def set_randomly(network, rng):
    for weight in network.weights:
        if weight.dtype == "int32":
            weight.assign(rng.integers(0, 1000, weight.shape))
        else:
            weight.assign(rng.standard_normal(weight.shape))


def copied(weight):
    return weight.name in ("u", "count")


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.999])
def test_the_average_follows_its_equation_with_the_ramp_of_the_decay(decay):
    rng = np.random.default_rng(0)
    network = generator()
    average = ema.clone(network)
    expected = [weight.numpy().astype("float64") for weight in network.weights]
    for step in range(12):
        set_randomly(network, rng)
        move_average(average, network, share_of_decay(decay, step))
        keep = min(decay, (1 + step) / (10 + step))
        for i, weight in enumerate(network.weights):
            new = weight.numpy().astype("float64")
            expected[i] = new if copied(weight) else keep * expected[i] + (1 - keep) * new
    for mean, values in zip(average.weights, expected, strict=True):
        np.testing.assert_allclose(mean.numpy(), values, rtol=1e-5, atol=1e-6)


def test_a_late_average_moves_by_one_minus_the_decay():
    network = generator()
    average = ema.clone(network)
    before = average.layers[0].kernel.numpy().astype("float64")
    set_randomly(network, np.random.default_rng(0))
    move_average(average, network, share_of_decay(0.999, 1_000_000))
    expected = before + 0.001 * (network.layers[0].kernel.numpy() - before)
    np.testing.assert_allclose(average.layers[0].kernel.numpy(), expected, atol=1e-6)


def test_moving_statistics_are_averaged_and_other_state_is_copied():
    network = generator()
    average = ema.clone(network)
    before = {weight.path: weight.numpy() for weight in average.weights}
    set_randomly(network, np.random.default_rng(0))
    move_average(average, network, share_of_decay(0.999, 1_000))
    kinds = {"averaged": [], "copied": []}
    for mean, weight in zip(average.weights, network.weights, strict=True):
        is_copy = np.array_equal(mean.numpy(), weight.numpy())
        assert not np.array_equal(mean.numpy(), before[mean.path])
        kinds["copied" if is_copy else "averaged"].append(weight.name)
    assert sorted(kinds["copied"]) == ["count", "u"]
    assert {"moving_mean", "moving_variance", "kernel", "gamma"} <= set(kinds["averaged"])


def test_frozen_weights_stay_equal_to_the_generators():
    network = generator()
    network.layers[0].trainable = False
    average = ema.clone(network)
    set_randomly(network, np.random.default_rng(0))
    move_average(average, network, share_of_decay(0.999, 1_000))
    np.testing.assert_array_equal(
        average.layers[0].kernel.numpy(), network.layers[0].kernel.numpy()
    )


def test_a_clone_starts_with_the_same_weights_in_variables_of_its_own():
    network = generator()
    set_randomly(network, np.random.default_rng(0))
    average = ema.clone(network)
    for mean, weight in zip(average.weights, network.weights, strict=True):
        assert mean is not weight
        assert mean.path.startswith("ema/")
        assert mean.name == weight.name
        np.testing.assert_array_equal(mean.numpy(), weight.numpy())


@pytest.mark.parametrize("architecture", ["dcgan", "sngan"])
def test_the_average_of_a_gan_is_state_and_not_trainable(architecture):
    gan = tiny.gan(architecture)
    averaged = {id(variable) for variable in gan.ema_generator.variables}
    assert not averaged & {id(variable) for variable in gan.trainable_variables}
    assert averaged <= {id(variable) for variable in gan.non_trainable_variables}
    assert all(variable.path.startswith("ema/") for variable in gan.ema_generator.variables)
    assert not gan.ema_generator.trainable_variables


def test_training_averages_the_generator_after_each_step():
    gan = linear.gan(ema_decay=0.15)
    weights = [[weight.numpy() for weight in gan.generator.weights]]

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            weights.append([weight.numpy() for weight in gan.generator.weights])

    gan.fit(linear.vectors(16), batch_size=4, verbose=0, callbacks=[Record()])
    expected = [weight.astype("float64") for weight in weights[0]]
    for keep, new in zip((0.1, 0.15, 0.15, 0.15), weights[1:], strict=True):
        expected = [keep * old + (1 - keep) * w for old, w in zip(expected, new, strict=True)]
    for mean, values in zip(gan.ema_generator.weights, expected, strict=True):
        np.testing.assert_allclose(mean.numpy(), values, rtol=1e-5, atol=1e-6)


def test_samples_come_from_the_average():
    gan = linear.gan()
    gan.generator.layers[-1].kernel.assign(np.zeros((3, 2)))
    assert np.ptp(gan.sample(8)) > 0
    gan.ema_generator.layers[-1].kernel.assign(np.zeros((3, 2)))
    assert np.ptp(gan.sample(8), axis=0).max() == 0


def test_without_an_average_samples_come_from_the_weights_in_training():
    gan = linear.gan(ema_decay=None)
    before = [weight.numpy() for weight in gan.ema_generator.weights]
    gan.fit(linear.vectors(16), batch_size=4, verbose=0)
    for mean, old in zip(gan.ema_generator.weights, before, strict=True):
        np.testing.assert_array_equal(mean.numpy(), old)
    kernel, bias = gan.generator.weights
    kernel.assign(np.zeros((3, 2)))
    np.testing.assert_allclose(gan.sample(4), np.tile(bias.numpy(), (4, 1)))


def test_compiling_again_with_and_without_an_average_switches_the_samples():
    gan = linear.gan()
    assert gan.sample(4).max() < 50
    gan.generator.layers[-1].bias.assign([100.0, 100.0])
    gan.compile(g_optimizer="sgd", d_optimizer="sgd", ema_decay=None)
    assert gan.sample(4).min() > 50
    gan.compile(g_optimizer="sgd", d_optimizer="sgd", ema_decay=0.5)
    # The average starts again from the current weights.
    assert gan.sample(4).min() > 50


@pytest.mark.parametrize(
    "policy",
    ["bfloat16", *(pytest.param(p, marks=pytest.mark.slow) for p in ("float16", "mixed_bfloat16"))],
)
def test_a_slow_average_moves_under_every_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = generator()
    finally:
        keras.config.set_dtype_policy(before)
    average = ema.clone(network)
    for ones, weight in zip(average.weights, network.weights, strict=True):
        ones.assign(keras.ops.ones_like(ones))
        weight.assign(2 * keras.ops.ones_like(weight))
    for step in range(40):
        move_average(average, network, share_of_decay(0.999, 1_000_000 + step))
    for mean in average.weights:
        expected = 2 if copied(mean) else 2 - 0.999**40
        np.testing.assert_allclose(np.array(mean), expected, rtol=1e-4)
