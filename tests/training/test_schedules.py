"""Numbers that change with the step: in optimizers, penalties, augmentations and averages."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo import schedules
from ganzoo.part import Part
from ganzoo.recipes import OptimizerSettings
from ganzoo.runs.part_flags import format_regularizers, parse_regularizers
from ganzoo.runs.recipe_flags import changed_recipe, training_command
from ganzoo.training import ema
from ganzoo.validation import check_number
from support.gans import linear
from support.processes import run_python

RATE = "cosine/2e-4/5e-5/2e7images"


def numbers(schedule, positions):
    return [float(schedule(np.float32(position))) for position in positions]


def test_cosine_ramps_of_r3gan():
    """The values of the official code for CIFAR-10."""
    positions = (0, 5e6, 1e7, 2e7, 2.5e8)
    expected = {
        RATE: (2e-4, 1.7803e-4, 1.25e-4, 5e-5, 5e-5),
        "cosine/0.9/0.99/2e7images": (0.9, 0.913180, 0.945, 0.99, 0.99),
        "cosine/0.05/0.005/2e7images": (0.05, 0.043410, 0.0275, 0.005, 0.005),
        "cosine/0/5e6/2e7images": (0, 732_233, 2.5e6, 5e6, 5e6),
        "cosine/0/0.55/2e7images": (0, 0.080546, 0.275, 0.55, 0.55),
    }
    for text, values in expected.items():
        schedule = schedules.get(text)
        np.testing.assert_allclose(numbers(schedule, positions), values, rtol=2e-5)
        assert float(schedule.at(39_062, images_per_step=128)) == pytest.approx(values[1], rel=1e-4)


def test_linear_ramps_and_constants():
    ramp = schedules.get("linear/1/0.5/100-300steps")
    np.testing.assert_allclose(numbers(ramp, (0, 100, 200, 300, 900)), [1, 1, 0.75, 0.5, 0.5])
    assert float(ramp.at(200, images_per_step=64)) == 0.75
    assert numbers(schedules.get("constant/0.25"), (0, 7)) == [0.25, 0.25]


@pytest.mark.parametrize(
    "text", [RATE, "linear/2e-4/0/50000-100000steps", "constant/-0.5", "cosine/1e-10/3/1.5e6steps"]
)
def test_schedules_are_texts_and_configs(text):
    schedule = schedules.get(text)
    assert schedules.get(str(schedule)).get_config() == schedule.get_config()
    config = keras.saving.serialize_keras_object(schedule)
    assert schedules.get(config).get_config() == schedule.get_config()
    assert str(schedules.get(config)) == str(schedule)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cosine/1/0/0steps", "must end after it begins"),
        ("linear/1/0/500-100images", "must end after it begins"),
        ("cosine/1/0/100", "A schedule is written as"),
        ("cosin/1/0/100steps", "A schedule is written as"),
        ("cosine/a/0/100steps", "could not convert"),
        ("constant/nan", "finite"),
        ("linear/1/0/100epochs", "A schedule is written as"),
        ("0.5", "A schedule is written as"),
    ],
)
def test_bad_texts_are_refused(text, words):
    with pytest.raises(ValueError, match=rf"(?s){words}.*Received: gamma='{text}'"):
        ganzoo.regularizers.R1(gamma=text)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"`unit` must.*Received: unit='epochs'"):
        schedules.Cosine(1.0, 0.0, 10, "epochs")
    with pytest.raises(ValueError, match=r"Received: length=-1"):
        schedules.Linear(1.0, 0.0, -1, "steps")
    with pytest.raises(ValueError, match=r"`gamma` must.*Received: gamma=-1"):
        ganzoo.regularizers.R1(gamma="linear/1/-1/10steps")
    with pytest.raises(ValueError, match=r"`generator.beta_2` must.*Received: generator.beta_2=1"):
        compiled(g_optimizer=keras.optimizers.Adam(beta_2=schedules.get("linear/0/1/9steps")))
    with pytest.raises(ValueError, match=r"Received: ema_decay=0.9, ema_half_life=100"):
        compiled(ema_decay=0.9, ema_half_life=100)
    with pytest.raises(ValueError, match=r"Received: ema_half_life=-1"):
        compiled(ema_half_life=-1)


def compiled(**arguments):
    keras.utils.set_random_seed(0)
    return linear.gan(**{"run_eagerly": True, **arguments})


SETTINGS = {
    "learning_rate": "linear/0.1/0.02/32images",
    "beta_2": "linear/0.5/0.9/4steps",
    "gamma": "linear/1/0.2/32images",
    "half_life": "cosine/0/40/24images",
}


def scheduled_gan(**arguments):
    rate, beta = (schedules.get(SETTINGS[name]) for name in ("learning_rate", "beta_2"))
    return compiled(
        g_optimizer=keras.optimizers.Adam(rate, beta_1=0.0, beta_2=beta),
        d_optimizer=keras.optimizers.SGD(0.01),
        regularizers=[ganzoo.regularizers.R1(gamma=SETTINGS["gamma"])],
        ema_half_life=SETTINGS["half_life"],
        **arguments,
    )


def state(gan):
    return [keras.ops.convert_to_numpy(v) for v in [*gan.variables, *gan.optimizer.variables]]


def test_each_step_has_the_values_of_its_step():
    """A GAN with schedules makes the updates of one that is set by hand before each step."""
    gan, by_hand = (
        scheduled_gan(),
        compiled(
            g_optimizer=keras.optimizers.Adam(1.0, beta_1=0.0),
            d_optimizer=keras.optimizers.SGD(0.01),
            regularizers=["r1"],
            ema_decay=None,
        ),
    )
    average = [weight.numpy() for weight in by_hand.generator.weights]
    for step in range(6):
        batch = linear.vectors(8, seed=step)
        values = {name: float(schedules.get(t).at(step, 8)) for name, t in SETTINGS.items()}
        by_hand.optimizer.generator.learning_rate = values["learning_rate"]
        by_hand.optimizer.generator.beta_2 = values["beta_2"]
        by_hand.regularizers[0].gamma = values["gamma"]
        by_hand.train_on_batch(batch)
        keep = 0.5 ** (8 / max(values["half_life"], 1e-8))
        average = [
            keep * old + (1 - keep) * new.numpy()
            for old, new in zip(average, by_hand.generator.weights, strict=True)
        ]
        logs = gan.train_on_batch(batch, return_dict=True)
        assert logs["r1_gamma"] == pytest.approx(values["gamma"], rel=1e-6)
        assert logs["g_learning_rate"] == pytest.approx(values["learning_rate"], rel=1e-6)
        assert logs["g_beta_2"] == pytest.approx(values["beta_2"], rel=1e-6)
        assert logs["ema_half_life"] == pytest.approx(values["half_life"], rel=1e-5)
        gan.reset_metrics()
    for network in ("generator", "discriminator"):
        weights = zip(getattr(gan, network).weights, getattr(by_hand, network).weights, strict=True)
        for weight, expected in weights:
            np.testing.assert_allclose(weight.numpy(), expected.numpy(), rtol=2e-5, atol=1e-6)
    for mean, expected in zip(gan.ema_generator.weights, average, strict=True):
        np.testing.assert_allclose(mean.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.graph
def test_graphs_of_several_steps_and_resumed_files_have_the_same_values(tmp_path):
    data = linear.vectors(32)
    eager, graph = scheduled_gan(), scheduled_gan(run_eagerly=False, steps_per_execution=3)
    for gan in (eager, graph):
        gan.fit(data, batch_size=8, epochs=1, verbose=0)
    for value, expected in zip(state(graph), state(eager), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)
    resumed = scheduled_gan(run_eagerly=True)
    resumed.fit(data, batch_size=8, steps=2, verbose=0)
    resumed.save(tmp_path / "half.keras")
    resumed = keras.saving.load_model(tmp_path / "half.keras")
    assert str(resumed.optimizer.generator.beta_2) == SETTINGS["beta_2"]
    assert str(resumed.ema_half_life) == SETTINGS["half_life"]
    resumed.fit(data, batch_size=8, steps=4, verbose=0)
    for value, expected in zip(state(resumed), state(eager), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_half_lives_of_the_papers():
    def kept(*arguments):
        return 1 - float(ema.share_of_half_life(*arguments))

    # R3GAN: the average is the generator at the start, .99992903 for 512 images at the end.
    r3gan = schedules.get("cosine/0/5e6/2e7images")
    assert kept(r3gan, 0, 512) == 0
    assert kept(r3gan, 100_000, 512) == pytest.approx(0.99992903, abs=1e-8)
    # StyleGAN2-ADA for CIFAR-10, with its ramp of 5% of the images.
    assert kept(500_000.0, 1_000_000, 64) == pytest.approx(0.99991128, abs=1e-8)
    assert kept(500_000.0, 1_000, 64) == pytest.approx(0.98623, abs=1e-5)
    assert kept(500_000.0, 0, 64) == 0


def test_a_schedule_of_images_has_no_value_for_an_optimizer_alone():
    optimizer = keras.optimizers.Adam(schedules.get(RATE))
    assert not hasattr(optimizer, "learning_rate")
    assert float(keras.optimizers.SGD(schedules.get("constant/0.5")).learning_rate) == 0.5


@pytest.mark.slow
def test_schedules_on_jax():
    run_python(
        """
import keras, numpy as np
import ganzoo
from support.gans import linear
gan = linear.gan(
    g_optimizer=keras.optimizers.Adam(ganzoo.schedules.get("linear/0.1/0.02/32images"), beta_1=0.0,
        beta_2=ganzoo.schedules.get("linear/0.5/0.9/4steps")),
    d_optimizer=keras.optimizers.SGD(0.01),
    regularizers=[ganzoo.regularizers.R1(gamma="linear/1/0.2/32images")],
    ema_half_life="cosine/0/40/24images",
)
history = gan.fit(linear.vectors(24), batch_size=8, verbose=0).history
np.testing.assert_allclose(history["r1_gamma"], 0.8, rtol=1e-5)
np.testing.assert_allclose(history["g_learning_rate"], 0.08, rtol=1e-5)
np.testing.assert_allclose(history["g_beta_2"], 0.6, rtol=1e-5)
assert isinstance(gan.optimizer.generator.beta_2, ganzoo.schedules.Linear)
""",
        backend="jax",
        without_tensorflow=True,
    )


def test_recipes_and_flags_hold_schedules_as_texts():
    recipe = dataclasses.replace(
        ganzoo.recipes.get("dcgan"),
        g_optimizer=OptimizerSettings(RATE, beta_1=0.0, beta_2="cosine/0.9/0.99/2e7images"),
        regularizers=parse_regularizers("r1:gamma=cosine/2/0.2/2e6images,r2:gamma=0.5"),
        ema_half_life="cosine/0/5e6/2e7images",
        width=4,
    )
    assert ganzoo.recipes.Recipe.from_json(recipe.to_json()) == recipe
    text = "r1:gamma=cosine/2/0.2/2e6images,r2:gamma=0.5"
    assert format_regularizers(recipe.regularizers) == text
    assert str(recipe.g_optimizer) == f"adam({RATE}, 0, cosine/0.9/0.99/2e7images)"
    gan = ganzoo.GAN.from_recipe(recipe, (8, 8, 1))
    assert {"g_learning_rate", "g_beta_2", "r1_gamma", "ema_half_life"} <= set(gan._all_log_names)
    with pytest.raises(ValueError, match=r"Received: ema_decay=0.9, ema_half_life='cos"):
        dataclasses.replace(recipe, ema_decay=0.9)
    with pytest.raises(ValueError, match=r"Received: decay_start=0.5, learning_rate='cos"):
        OptimizerSettings(RATE, decay_start=0.5)


def test_flags_change_the_average_and_the_rates_of_a_recipe():
    options = SimpleNamespace(
        given={"ema_half_life", "generator_rate"},
        ema_half_life=1e4,
        generator_rate=RATE,
        conditional=False,
    )
    recipe = changed_recipe(ganzoo.recipes.get("semi_supervised_mnist"), options)
    assert (recipe.ema_decay, recipe.ema_half_life) == (None, 1e4)
    assert (recipe.g_optimizer.learning_rate, recipe.g_optimizer.decay_start) == (RATE, None)
    flags = training_command(recipe, SimpleNamespace(model="semi_supervised_mnist"))
    assert "--ema_half_life=10000.0" in flags and f"--generator_rate={RATE}" in flags
    assert "ema_decay" not in flags


def test_parts_in_parts_have_the_values_of_the_step():
    class Nested(Part):
        def __init__(self, parts, inner):
            self.parts, self.inner = parts, inner

    r1 = ganzoo.regularizers.R1("linear/1/0/10steps")
    nested = Nested([r1, ganzoo.regularizers.R2()], r1)
    assert set(schedules.schedules_of(nested)) == {"parts_0_gamma", "inner_gamma"}
    now = schedules.at_step(nested, 5, None)
    assert float(now.parts[0].gamma) == float(now.inner.gamma) == 0.5
    assert now.parts[1] is nested.parts[1] and nested.inner.gamma is r1.gamma


@keras.saving.register_keras_serializable(package="tests")
class Margin(ganzoo.losses.AdversarialLoss):
    """A loss of the discriminator alone that has a setting."""

    def __init__(self, margin):
        self.margin = schedules.check(check_number, "margin", margin)

    def d_loss(self, real, fake):
        return self.margin * keras.ops.mean(fake) - keras.ops.mean(real)

    def g_loss(self, fake, real):
        return -keras.ops.mean(fake)


@keras.saving.register_keras_serializable(package="tests")
class Clipping(ganzoo.regularizers.Constraint):
    name = "clipping"

    def __init__(self, limit):
        self.limit = schedules.check(check_number, "limit", limit)

    def constrain(self, variables):
        for variable in variables:
            variable.assign(keras.ops.clip(variable, -self.limit, self.limit))


def test_both_players_losses_and_constraints_have_the_values_of_the_step():
    gan = linear.gan(
        loss=Margin("linear/0/8/4steps"), regularizers=[Clipping("linear/0.4/0/4steps")],
        d_optimizer=keras.optimizers.SGD(1.0), g_optimizer="sgd", run_eagerly=True,
    )  # fmt: skip
    for limit in (0.4, 0.3, 0.2):
        fake = keras.ops.convert_to_numpy(gan.generator.get_layer("affine").bias)
        gan.train_on_batch(linear.vectors(4))
        weights = [keras.ops.convert_to_numpy(w) for w in gan.discriminator.weights]
        assert max(np.abs(w).max() for w in weights) == pytest.approx(limit), fake


def test_a_schedule_of_images_asks_for_the_images():
    with pytest.raises(ValueError, match=r"images_per_step.*Received: images_per_step=None"):
        schedules.get(RATE).at(5)
