"""One optimizer holds both players': their variables, rates, moments and loss scales."""

import copy

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import linear

SCHEDULE = keras.optimizers.schedules.ExponentialDecay(1e-3, 100, 0.9)


def players(generator=1e-4, discriminator=4e-4):
    return ganzoo.AdversarialOptimizer(
        keras.optimizers.Adam(generator), keras.optimizers.Adam(discriminator)
    )


def rates(optimizer):
    return [float(p.learning_rate) for p in (optimizer.generator, optimizer.discriminator)]


def test_the_variables_are_those_of_both_players():
    optimizer = linear.gan().optimizer
    expected = [*optimizer.generator.variables, *optimizer.discriminator.variables]
    assert [id(v) for v in optimizer.variables] == [id(v) for v in expected]
    # For each player two moments of all weights, a step count and a rate.
    assert len(optimizer.variables) == 2 * (2 + 2)
    # Files have two moments of each of the two weights.
    assert len(optimizer.stored_variables) == 2 * (2 * 2 + 2)


def test_it_is_the_optimizer_of_the_model_and_there_is_no_other():
    optimizer = players()
    gan = linear.gan(optimizer=optimizer)
    assert gan.optimizer is optimizer
    separate = linear.gan()
    assert isinstance(separate.optimizer, ganzoo.AdversarialOptimizer)


def test_each_player_is_built_with_its_own_weights_before_any_step():
    gan = linear.gan()
    for player, network in (("generator", gan.generator), ("discriminator", gan.discriminator)):
        variables = gan.optimizer.updates[player].stored_variables
        shapes = [tuple(moment.shape) for moment in variables[2::2]]
        assert shapes == [tuple(weight.shape) for weight in network.trainable_weights]


def test_the_rate_is_the_generators_and_setting_it_keeps_the_ratio():
    optimizer = players(1e-4, 4e-4)
    np.testing.assert_allclose(float(optimizer.learning_rate), 1e-4, rtol=1e-6)
    for rate in (5e-5, 0.0, 2e-3):
        optimizer.learning_rate = rate
        np.testing.assert_allclose(rates(optimizer), [rate, 4 * rate], rtol=1e-6)


def test_the_rate_that_is_set_is_the_rate_that_trains():
    gan = linear.gan(g_optimizer=keras.optimizers.SGD(0.1), d_optimizer=keras.optimizers.SGD(0.1))
    gan.fit(linear.vectors(4), batch_size=4, verbose=0)
    before = [weight.numpy() for weight in gan.trainable_weights]
    gan.optimizer.learning_rate = 0.0
    gan.fit(linear.vectors(4), batch_size=4, verbose=0)
    for weight, old in zip(gan.trainable_weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)


def test_the_rate_of_wrapped_players_can_be_set():
    optimizer = players()
    optimizer.scale_losses()
    optimizer.learning_rate = 1e-3
    np.testing.assert_allclose(rates(optimizer), [1e-3, 4e-3], rtol=1e-6)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("scheduled", ["generator", "discriminator"])
def test_setting_the_rate_names_the_player_that_has_a_schedule(scheduled, wrap):
    other = {"generator": "discriminator", "discriminator": "generator"}[scheduled]
    optimizer = ganzoo.AdversarialOptimizer(
        **{scheduled: keras.optimizers.Adam(SCHEDULE), other: keras.optimizers.Adam(1e-3)}
    )
    if wrap:
        optimizer.scale_losses()
    with pytest.raises(TypeError, match=f"drives the {scheduled}") as error:
        optimizer.learning_rate = 1e-4
    assert other not in str(error.value)


def test_players_with_schedules_train_at_the_rates_of_the_schedules():
    halving = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    gan = linear.gan(g_optimizer=keras.optimizers.SGD(halving), d_optimizer="sgd")
    assert float(gan.optimizer.learning_rate) == 0.5
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    assert float(gan.optimizer.learning_rate) == 0.125


def test_a_generator_made_with_rate_0_has_no_ratio_to_keep():
    optimizer = players(generator=0.0)
    with pytest.raises(ValueError, match=r"ratio .* Received: learning_rate=0.1"):
        optimizer.learning_rate = 0.1


def test_a_discriminator_made_with_rate_0_stays_at_0():
    optimizer = players(discriminator=0.0)
    optimizer.learning_rate = 0.1
    np.testing.assert_allclose(rates(optimizer), [0.1, 0.0], rtol=1e-6)


def test_one_instance_cannot_serve_both_players():
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match=r"two optimizers.*Received: one instance"):
        ganzoo.AdversarialOptimizer(adam, adam)
    with pytest.raises(ValueError, match=r"two optimizers.*Received: one instance"):
        linear.gan(g_optimizer=adam, d_optimizer=adam)


@pytest.mark.parametrize("bad", [None, 1, "addam", {"learning_rate": 1.0}, keras.optimizers.Adam])
def test_what_is_no_optimizer_is_refused(bad):
    with pytest.raises(ValueError, match=r"`discriminator` must be .* Received: discriminator="):
        ganzoo.AdversarialOptimizer("adam", bad)


def test_names_and_configs_stand_for_optimizers():
    config = keras.optimizers.serialize(keras.optimizers.RMSprop(0.25))
    optimizer = ganzoo.AdversarialOptimizer("sgd", config)
    assert isinstance(optimizer.generator, keras.optimizers.SGD)
    assert isinstance(optimizer.discriminator, keras.optimizers.RMSprop)
    assert float(optimizer.discriminator.learning_rate) == 0.25


def test_it_does_not_apply_gradients_for_both_players():
    with pytest.raises(NotImplementedError, match=r"optimizer\.generator\.apply"):
        linear.gan().optimizer.apply([])


def test_the_config_holds_both_players():
    optimizer = ganzoo.AdversarialOptimizer(
        keras.optimizers.Adam(SCHEDULE, beta_1=0.25),
        keras.optimizers.SGD(0.5, momentum=0.75, nesterov=True),
    )
    config = keras.saving.serialize_keras_object(optimizer)
    restored = keras.saving.deserialize_keras_object(copy.deepcopy(config))
    assert keras.saving.serialize_keras_object(restored) == config
    assert restored.generator.beta_1 == 0.25
    assert restored.discriminator.momentum == 0.75


@pytest.fixture
def trained_and_loaded(tmp_path):
    gan = linear.gan(optimizer=players(1e-2, 4e-2))
    gan.fit(linear.vectors(32), batch_size=8, verbose=0)
    gan.optimizer.learning_rate = 5e-3
    gan.save(tmp_path / "gan.keras")
    return gan, keras.saving.load_model(tmp_path / "gan.keras")


def test_a_saved_model_restores_the_moments_and_counts_of_both_players(trained_and_loaded):
    gan, loaded = trained_and_loaded
    for variable, restored in zip(gan.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), restored.numpy())
        assert np.any(variable.numpy() != 0)
    assert int(loaded.optimizer.iterations) == 4


def test_a_saved_model_restores_the_rates_and_their_ratio(trained_and_loaded):
    _, loaded = trained_and_loaded
    np.testing.assert_allclose(rates(loaded.optimizer), [5e-3, 2e-2], rtol=1e-6)
    loaded.optimizer.learning_rate = 1e-3
    np.testing.assert_allclose(rates(loaded.optimizer), [1e-3, 4e-3], rtol=1e-6)


def test_scaling_the_losses_wraps_each_player_exactly_once():
    optimizer = players()
    inner = optimizer.generator, optimizer.discriminator
    for _ in range(2):
        optimizer.scale_losses()
        for player, adam in zip((optimizer.generator, optimizer.discriminator), inner, strict=True):
            assert isinstance(player, keras.optimizers.LossScaleOptimizer)
            assert player.inner_optimizer is adam


@pytest.mark.parametrize("policy, wrapped", [("mixed_float16", True), ("mixed_bfloat16", False)])
def test_compiling_scales_the_losses_under_float16_alone(policy, wrapped, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        gan = linear.gan()
        gan.save(tmp_path / "gan.keras")
        loaded = keras.saving.load_model(tmp_path / "gan.keras")
    finally:
        keras.config.set_dtype_policy(before)
    for optimizer in (gan.optimizer, loaded.optimizer):
        for player in (optimizer.generator, optimizer.discriminator):
            assert isinstance(player, keras.optimizers.LossScaleOptimizer) == wrapped
            inner = player.inner_optimizer if wrapped else player
            assert isinstance(inner, keras.optimizers.Adam)
