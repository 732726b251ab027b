"""Each public name of Keras's optimizers reaches both players, or raises an error."""

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import linear

# Names that reach both players, or that say whose they are.
REACHES_BOTH = {
    *("build", "built", "exclude_from_weight_decay", "finalize_variable_values", "from_config"),
    *("get_config", "iterations", "learning_rate", "load_own_variables", "name"),
    *("save_own_variables", "set_weights", "variables"),
}
# Names of what each player has for itself: calling them for both raises.
REFUSED = {
    *("add_optimizer_variables", "add_variable", "add_variable_from_reference", "apply"),
    *("apply_gradients", "scale_loss", "stateless_apply", "update_step"),
}
# Settings: readable where the players agree, and set when each optimizer is made.
SETTINGS = {
    "clipnorm": 2.0,
    "clipvalue": 0.5,
    "ema_momentum": 0.5,
    "ema_overwrite_frequency": 3,
    "global_clipnorm": 1.5,
    "gradient_accumulation_steps": 2,
    "loss_scale_factor": 8.0,
    "use_ema": True,
    "weight_decay": 0.1,
}
# Functions of any variable, which Keras's optimizers call.
OF_ANY_VARIABLE = {"assign", "assign_add", "assign_sub"}


def sgd(**settings):
    return keras.optimizers.SGD(0.1, **settings)


def both(**settings):
    return ganzoo.AdversarialOptimizer(sgd(**settings), sgd(**settings))


def test_these_are_all_public_names_of_keras():
    optimizer = keras.optimizers.SGD()
    own = {"momentum", "nesterov"}
    public = {name for name in {*dir(type(optimizer)), *vars(optimizer)} if name[0] != "_"}
    known = REACHES_BOTH | REFUSED | set(SETTINGS) | OF_ANY_VARIABLE
    assert public - own == known, "Decide what a new name of Keras means for two players."
    assert {name for name in dir(both()) if name[0] != "_"} == known | {
        *("generator", "discriminator", "scale_losses", "one_run", "updates", "stored_variables")
    }


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_each_player_does_for_itself_is_refused(name):
    message = rf"optimizer\.generator\.{name}.*Received: a call of `{name}` for both"
    with pytest.raises(NotImplementedError, match=message):
        getattr(linear.gan().optimizer, name)([], [])


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("wrap", [False, True])
def test_a_setting_is_read_where_the_players_agree(name, wrap):
    value = SETTINGS[name]
    settings = {name: value, **({"use_ema": True} if "ema" in name else {})}
    optimizer = both(**settings)
    if wrap:
        optimizer.scale_losses()
    # Keras's dynamic loss scale replaces a constant one.
    expected = None if wrap and name == "loss_scale_factor" else value
    assert getattr(optimizer, name) == expected
    differing = ganzoo.AdversarialOptimizer(sgd(), sgd(**settings))
    with pytest.raises(ValueError, match=rf"read `optimizer\.generator\.{name}`.*Received: "):
        getattr(differing, name)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_cannot_be_set_for_both(name):
    optimizer = both()
    with pytest.raises(AttributeError, match=rf"`{name}` is an argument.*Received: {name}="):
        setattr(optimizer, name, SETTINGS[name])


@pytest.mark.parametrize("wrap", [False, True])
def test_assigning_the_rate_sets_both_rates_in_their_ratio(wrap):
    optimizer = ganzoo.AdversarialOptimizer(sgd(), keras.optimizers.SGD(0.4))
    if wrap:
        optimizer.scale_losses()

    def rates():
        players = optimizer.generator, optimizer.discriminator
        return [float(player.learning_rate) for player in players]

    optimizer.learning_rate.assign(0.5)
    np.testing.assert_allclose(rates(), [0.5, 2.0])
    optimizer.learning_rate.assign_sub(0.25)
    np.testing.assert_allclose(rates(), [0.25, 1.0])
    optimizer.learning_rate.assign_add(0.25)
    optimizer.learning_rate.assign(optimizer.learning_rate * 0.5)
    np.testing.assert_allclose(rates(), [0.25, 1.0])
    optimizer.learning_rate = keras.ops.convert_to_tensor(0.5)
    np.testing.assert_allclose(rates(), [0.5, 2.0])
    optimizer.generator.learning_rate.assign(0.1)
    np.testing.assert_allclose(rates(), [0.1, 2.0])


def test_the_rate_is_a_variable_with_the_value_of_the_generators():
    rate = both().learning_rate
    assert isinstance(rate, keras.Variable)
    assert rate.shape == () and rate.dtype == "float32" and rate.name == "learning_rate"
    for value in (rate.value, rate.numpy(), keras.ops.convert_to_numpy(rate), rate + 0.0):
        np.testing.assert_allclose(float(value), 0.1, rtol=1e-6)
    assert round(rate, 3) == 0.1 and rate < 0.2
    assert repr(rate) == repr(rate._variable)


def test_a_rate_that_cannot_be_assigned_is_an_error():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    scheduled = ganzoo.AdversarialOptimizer(sgd(), keras.optimizers.SGD(schedule))
    with pytest.raises(TypeError, match="drives the discriminator"):
        scheduled.learning_rate.assign(0.1)
    with pytest.raises(TypeError, match=r"schedule belongs to one player.*Received: learning_rate"):
        both().learning_rate = schedule


def test_the_count_of_updates_cannot_be_assigned_for_both():
    optimizer = linear.gan(discriminator_steps=2).optimizer
    with pytest.raises(TypeError, match=r"counts its own.*Received: iterations=3"):
        optimizer.iterations.assign(3)
    optimizer.generator.iterations.assign(3)
    assert int(optimizer.iterations) == 3
    assert int(optimizer.discriminator.iterations) == 0


def test_the_weights_of_both_players_are_set():
    optimizer = linear.gan().optimizer
    values = [np.full(v.shape, i, v.dtype) for i, v in enumerate(optimizer.variables)]
    optimizer.set_weights(values)
    for variable, value in zip(optimizer.variables, values, strict=True):
        np.testing.assert_array_equal(variable, value)
    with pytest.raises(ValueError, match=r"`weights` must have an array for each.*Received: sh"):
        optimizer.set_weights(values[:-1])
    with pytest.raises(ValueError, match="built=False"):
        both().set_weights([])


@pytest.mark.parametrize("wrap", [False, True])
def test_weight_decay_is_excluded_for_both_players(wrap):
    def decayed(name):
        return 0.0 if name == "bias" else 0.5

    optimizer = ganzoo.AdversarialOptimizer(
        keras.optimizers.SGD(1.0, weight_decay=0.5), keras.optimizers.SGD(1.0, weight_decay=0.5)
    )
    if wrap:
        optimizer.scale_losses()
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    config = keras.saving.serialize_keras_object(optimizer)
    for restored in (optimizer, keras.saving.deserialize_keras_object(config)):
        networks = linear.generator(), linear.discriminator()
        restored.build(*[network.trainable_variables for network in networks])
        for player, network in zip(("generator", "discriminator"), networks, strict=True):
            before = network.get_weights()
            gradients = {id(v): keras.ops.zeros(v.shape) for v in network.trainable_variables}
            restored.updates[player].apply(gradients)
            for variable, old in zip(network.trainable_variables, before, strict=True):
                np.testing.assert_allclose(variable, (1 - decayed(variable.name)) * old)
        with pytest.raises(ValueError, match=r"before `compile`.*Received: .* is built"):
            restored.exclude_from_weight_decay(var_names=["kernel"])


def test_variables_without_weight_decay_are_not_saved_which_is_said():
    optimizer = both(weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=linear.generator().trainable_variables)
    with pytest.warns(UserWarning, match=r"`var_list` .* is not saved"):
        optimizer.get_config()


@pytest.mark.parametrize("epochs", [1, 3])
def test_with_use_ema_both_players_end_a_run_with_their_average(epochs):
    gan = linear.gan(
        optimizer=both(use_ema=True, ema_momentum=0.5), ema_decay=None, run_eagerly=True
    )
    histories = {"generator": [], "discriminator": []}

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            for player, values in histories.items():
                values.append(getattr(gan, player).get_weights())

    gan.fit(linear.vectors(8), batch_size=4, epochs=epochs, callbacks=[Record()], verbose=0)
    for player, values in histories.items():
        average = values[0]
        for new in values[1:]:
            average = [0.5 * mean + 0.5 * w for mean, w in zip(average, new, strict=True)]
        for weight, mean in zip(getattr(gan, player).get_weights(), average, strict=True):
            np.testing.assert_allclose(weight, mean, rtol=1e-5)


def test_use_ema_is_refused_for_weights_in_16_bits():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("bfloat16")
    try:
        with pytest.raises(ValueError, match=r"stands still.*Received: the generator's optimizer"):
            linear.gan(optimizer=both(use_ema=True))
    finally:
        keras.config.set_dtype_policy(before)


def test_gradients_are_accumulated_by_each_player():
    gan = linear.gan(optimizer=both(gradient_accumulation_steps=2), run_eagerly=True)
    weights = [gan.generator.get_weights(), gan.discriminator.get_weights()]

    def moved():
        networks = zip(weights, (gan.generator, gan.discriminator), strict=True)
        return [not np.array_equal(old[0], network.get_weights()[0]) for old, network in networks]

    gan.fit(linear.vectors(4), batch_size=4, verbose=0)
    assert moved() == [False, False]
    gan.fit(linear.vectors(4), batch_size=4, verbose=0)
    assert moved() == [True, True]
    assert int(gan.optimizer.iterations) == 1
