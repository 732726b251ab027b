import dataclasses
import json

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo import architectures, recipes, schedules
from ganzoo.recipes import OptimizerSettings, Recipe
from support.shapes import without_values

NAMES = recipes.names()
SEMI_SUPERVISED = [name for name in NAMES if recipes.get(name).labels_per_class is not None]


def small(name):
    return dataclasses.replace(recipes.get(name), width=2, latent_dim=3)


def test_every_architecture_has_a_recipe():
    assert {recipes.get(name).architecture for name in NAMES} == {
        *architectures.names(),
        *architectures.semi_supervised_names(),
    }


@pytest.mark.parametrize("name", NAMES)
def test_json_round_trip(name):
    recipe = recipes.get(name)
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize("num_classes", [None, 3])
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(SEMI_SUPERVISED)))
@without_values()
def test_recipe_builds_its_networks(name, num_classes):
    shape = (2,) if name == "mlp" else (16, 16, 1)
    generator, discriminator = small(name).build_networks(shape, num_classes)
    assert generator.inputs[0].shape == (None, 3)
    assert generator.output_shape == (None, *shape)
    assert discriminator.output_shape == (None, 1)


@pytest.mark.parametrize("name", SEMI_SUPERVISED)
@without_values()
def test_semi_supervised_recipe_builds_a_classifier(name):
    generator, discriminator = small(name).build_networks((16, 16, 1), 4)
    assert generator.output_shape == (None, 16, 16, 1)
    assert discriminator.output_shape == (None, 4)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_builds_two_optimizers(name):
    recipe = recipes.get(name)
    players = recipe.optimizers()
    assert players[0] is not players[1]
    for settings, player in zip((recipe.g_optimizer, recipe.d_optimizer), players, strict=True):
        if isinstance(settings.learning_rate, str):  # A schedule.
            config = player.get_config()["learning_rate"]
            assert str(schedules.get(config)) == str(schedules.get(settings.learning_rate))
        else:
            assert float(player.learning_rate) == pytest.approx(settings.learning_rate)
        assert type(player).__name__.lower() == settings.kind.replace("_", "")


def test_linear_decay_ends_with_the_last_update_of_each_player():
    recipe = dataclasses.replace(recipes.get("sngan_resnet"), steps=100, discriminator_steps=5)
    for player, updates in zip(recipe.optimizers(), (100, 500), strict=True):
        rates = []
        for update in (0, updates // 4, updates):
            player.iterations.assign(update)
            rates.append(float(player.learning_rate))
        assert rates == pytest.approx([2e-4, 1.5e-4, 0.0])


def test_the_semi_supervised_rate_equals_the_official_code():
    """3e-4 min(3 - epoch / 400, 1), for 1200 epochs of 500 updates."""
    player, _ = recipes.get("semi_supervised_cifar10").optimizers()
    for epoch in (0, 799, 900, 1100, 1199):
        player.iterations.assign(epoch * 500)
        expected = 3e-4 * min(3 - epoch / 400, 1)
        assert float(player.learning_rate) == pytest.approx(expected, rel=1e-4)


def test_settings_of_the_papers():
    resnet = recipes.get("sngan_resnet")
    assert (resnet.loss, resnet.batch_size, resnet.steps) == ("hinge", 64, 100_000)
    assert (resnet.discriminator_steps, resnet.generator_batch_ratio) == (5, 2)
    mnist = recipes.get("semi_supervised_mnist")
    assert (mnist.labels_per_class, mnist.batch_size, mnist.ema_decay) == (10, 100, 0.9999)
    assert (
        mnist.g_optimizer
        == mnist.d_optimizer
        == OptimizerSettings(3e-3, 0.5, kind="adam_under_root")
    )
    assert mnist.steps == 300 * (60_000 // 100)
    cifar10 = recipes.get("semi_supervised_cifar10")
    assert cifar10.steps == 1200 * (50_000 // 100)
    assert resnet.g_optimizer == OptimizerSettings(2e-4, 0.0, 0.9, decay_start=0.0)
    cnn = recipes.get("sngan")
    assert (cnn.loss, cnn.discriminator_steps, cnn.batch_size) == ("hinge", 1, 64)
    infogan = recipes.get("infogan_ns")
    assert (infogan.latent, infogan.loss, infogan.batch_size) == ("uniform", "non_saturating", 64)
    assert infogan.steps == 20 * (60_000 // 64)
    (clipping,) = recipes.get("wgan").build_regularizers()
    assert clipping.limit == 0.01
    assert isinstance(recipes.get("wgan").optimizers()[0], keras.optimizers.RMSprop)
    (penalty,) = recipes.get("wgan_gp").build_regularizers()
    assert penalty.weight == 10
    assert recipes.get("wgan_gp").normalization == "none"


def test_recipes_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipes.get("dcgan").steps = 1


@pytest.mark.parametrize(
    ("field", "value"), [("packing", 2), ("normalization", "batch"), ("discriminator_steps", 2)]
)
def test_settings_that_a_semi_supervised_gan_does_not_have_are_refused(field, value):
    with pytest.raises(ValueError, match=rf"Received: .*{field}={value!r}"):
        dataclasses.replace(recipes.get("semi_supervised_mnist"), **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", None),
        ("architecture", "vgg"),
        ("loss", "l2"),
        ("g_optimizer", "adam"),
        ("d_optimizer", {"learning_rate": 1e-4}),
        ("batch_size", 0),
        ("steps", -5),
        ("discriminator_steps", 1.5),
        ("generator_batch_ratio", True),
        ("latent", "gaussian"),
        ("latent_dim", 0),
        ("width", "64"),
        ("normalization", "group"),
        ("generator_steps", 0),
        ("packing", 0),
        ("packing", 3),
        ("labels_per_class", 0),
        ("labels_per_class", 10),
        ("augment", "color,sharpen"),
        ("generator_loss", {"norm": "l3"}),
        ("generator_loss", {"strength": 1.0}),
        ("ema_decay", 1.0),
        ("regularizers", ["r1"]),
        ("regularizers", {"r3": {}}),
        ("regularizers", {"r1": {"strength": 1.0}}),
        ("regularizers", {"r1": None}),
    ],
)
def test_settings_are_checked(field, value):
    # Parts raise errors about their own arguments.
    received = {
        "augment": "policy=",
        "generator_loss": "(norm=|{'strength')",
        "regularizers": "(regularizers=|{'strength')",
    }.get(field, f"{field}=")
    with pytest.raises(ValueError, match=f"Received: {received}"):
        dataclasses.replace(recipes.get("sngan"), **{field: value})


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 0.0},
        {"learning_rate": "fast"},
        {"beta_1": 1.0},
        {"beta_2": -0.1},
        {"kind": "adagrad"},
        {"decay_start": 1.0},
        {"epsilon": 0.0},
        {"beta_1": 0.5, "kind": "rmsprop"},
    ],
    ids=str,
)
def test_optimizer_settings_are_checked(settings):
    with pytest.raises(ValueError, match=f"Received: {next(iter(settings))}="):
        OptimizerSettings(**{"learning_rate": 1e-4, **settings})


def test_json_with_wrong_keys_is_refused():
    settings = json.loads(recipes.get("sngan").to_json())
    for wrong in (
        {**settings, "momentum": 0.9},
        {key: value for key, value in settings.items() if key != "loss"},
        [settings],
    ):
        with pytest.raises(ValueError, match="Received: recipe="):
            Recipe.from_json(json.dumps(wrong))
    settings["g_optimizer"]["rate"] = 1e-4
    with pytest.raises(ValueError, match="Received: g_optimizer="):
        Recipe.from_json(json.dumps(settings))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"sngan_resnet.*Received: 'biggan'"):
        recipes.get("biggan")


def test_the_options_of_a_recipe_reach_the_networks_and_the_loss():
    recipe = dataclasses.replace(
        recipes.get("mlp"),
        loss="non_saturating",
        loss_options={"label_smoothing": 0.1},
        normalization="spectral",
        width=4,
        network_options={
            "hidden_layers": 2,
            "normalization_options": {"factor": 3.0, "power_iterations": 2},
            "minibatch_features": "discrimination",
            "minibatch_options": {"num_kernels": 5},
            "generator_normalization": "virtual",
            "reference_size": 6,
        },
    )
    assert recipe.build_loss().label_smoothing == 0.1
    generator, discriminator = recipe.build_networks((2,))
    layer = discriminator.get_layer("dense_2")
    assert (layer.factor, layer.power_iterations) == (3.0, 2)
    assert discriminator.get_layer("minibatch").num_kernels == 5
    assert generator.get_layer("hidden_2_norm").reference_size == 6
    with pytest.raises(ValueError, match="label_smooth"):
        dataclasses.replace(recipe, loss_options={"label_smooth": 0.1})
    for options, message in (
        ({"normalization_options": {"factr": 1.0}}, "Did you mean 'factor'"),
        ({"minibatch_options": {"num_kernels": 2}}, "minibatch_features"),
    ):
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(recipe, network_options=options).build_networks((2,))
    plain = {"normalization_options": {"factor": 1.0}}
    with pytest.raises(ValueError, match="normalization='batch'"):
        dataclasses.replace(recipe, normalization="batch", network_options=plain).build_networks(
            (2,)
        )


def test_the_loss_of_a_semi_supervised_recipe_has_options():
    recipe = dataclasses.replace(
        recipes.get("semi_supervised_mnist"),
        loss_options={"label_smoothing": 0.25, "labeled_weight": 0.0},
        network_options={"generator_width": 3, "generator_normalization": "virtual"},
        width=2,
        data=None,
    )
    data = ganzoo.data.Dataset(np.zeros((8, 5), "float32"), np.arange(8) % 4)
    gan = ganzoo.GAN.from_recipe(recipe, data)
    loss = gan.adversarial_loss
    assert (loss.num_classes, loss.label_smoothing, loss.labeled_weight) == (4, 0.25, 0.0)
    assert ganzoo.layers.reference_size_of(gan.generator) == 64
    assert recipes.Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(ValueError, match="smoothing"):
        dataclasses.replace(recipe, loss_options={"smoothing": 0.1})


def test_adam_under_the_root_equals_the_official_code():
    """m_hat / sqrt(v_hat + 1e-8), in float64."""
    settings = OptimizerSettings(3e-3, beta_1=0.5, kind="adam_under_root")
    optimizer, variable = settings.build(updates=50), keras.Variable(np.zeros(4, "float32"))
    optimizer.build([variable])
    rng = np.random.default_rng(0)
    expected, mean, square = np.zeros((3, 4))
    for step in range(1, 51):
        gradient = rng.normal(size=4) * (1, 1e-3, 1e-5, 1e-7)
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [variable])
        mean = 0.5 * mean + 0.5 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        root = np.sqrt(square / (1 - 0.999**step) + 1e-8)
        expected = expected - 3e-3 * mean / (1 - 0.5**step) / root
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is type(optimizer) and again.epsilon == 1e-8
