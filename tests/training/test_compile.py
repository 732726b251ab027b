"""`compile`: defaults, names, and a refusal that changes nothing."""

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import linear, tiny


def uncompiled():
    return ganzoo.GAN(linear.generator(), linear.discriminator())


def semi_supervised():
    images = keras.Input((6,))
    features = keras.layers.Dense(4, name="features")(images)
    classifier = keras.Model(images, keras.layers.Dense(3)(features))
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
    return ganzoo.SemiSupervisedGAN(generator, classifier)


@pytest.mark.parametrize("arguments", [(), ("adam",), ("Adam",)])
def test_without_settings_both_players_train_as_the_field_does(arguments):
    gan = uncompiled()
    gan.compile(*arguments)
    assert isinstance(gan.adversarial_loss, ganzoo.losses.NonSaturating)
    for player in (gan.optimizer.generator, gan.optimizer.discriminator):
        assert isinstance(player, keras.optimizers.Adam)
        np.testing.assert_allclose([float(player.learning_rate), player.beta_1], [2e-4, 0.5])
    assert gan.optimizer.generator is not gan.optimizer.discriminator
    history = gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    assert np.isfinite(history.history["d_loss"]).all()


def test_another_name_stands_for_kerass_defaults():
    gan = uncompiled()
    gan.compile("rmsprop")
    assert isinstance(gan.optimizer.discriminator, keras.optimizers.RMSprop)


def test_adam_by_name_is_the_same_everywhere():
    gan = uncompiled()
    gan.compile(g_optimizer="adam", d_optimizer=keras.optimizers.SGD())
    np.testing.assert_allclose(float(gan.optimizer.generator.learning_rate), 2e-4)


def settings_of(gan):
    """Everything that `compile` sets, as it can be seen from outside."""
    return {
        name: value
        for name, value in vars(gan).items()
        if name not in ("_tracker", "_thread_local", "_functional")
    } | {"log_names": gan._all_log_names, "states": dict(gan._memories)}


REFUSED = [
    {"loss": "nosuch"},
    {"generator_loss": "nosuch"},
    {"regularizers": ["r1", "r1"]},
    {"augment": "flip"},  # There are no images.
    {"discriminator_steps": 0},
    {"generator_steps": 0},
    {"ema_decay": 2.0},
    {"metrics": ["nosuch"]},
    {"extractor": "digits"},
    {"optimizer": "nosuch"},
    {"g_optimizer": "adam"},
    {"steps_per_execution": 0},
    {"jit_compile": "yes"},
]


@pytest.fixture(scope="module", params=[uncompiled, semi_supervised])
def gans(request):
    """A GAN that was never compiled, and one that was: refusals leave both as they are."""
    compiled = request.param()
    compiled.compile(regularizers=["historical_averaging"])
    return request.param(), compiled


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda arguments: next(iter(arguments)))
def test_a_refused_compile_leaves_the_gan_as_it_was(arguments, gans):
    fresh, gan = gans
    before = settings_of(fresh)
    with pytest.raises(ValueError, match="Received"):
        fresh.compile(**arguments)
    assert not fresh.compiled and settings_of(fresh).keys() == before.keys()

    before = settings_of(gan)
    with pytest.raises(ValueError, match="Received"):
        gan.compile(**{"discriminator_steps": 1, "regularizers": ["orthogonal"], **arguments})
    after = settings_of(gan)
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert after[name] is value or after[name] == value, name


def test_a_refusal_by_the_subclass_changes_nothing_either():
    gan = semi_supervised()
    gan.compile()
    before = settings_of(gan)
    with pytest.raises(ValueError, match="Received: discriminator_steps=2"):
        gan.compile(discriminator_steps=2, ema_decay=None)
    assert all(
        settings_of(gan)[name] is value for name, value in before.items() if name != "states"
    )


@pytest.mark.parametrize(
    "names",
    [
        {"generator_loss": "feature_matching", "loss": "hinge"},
        {"augment": "color,translation"},
        {"regularizers": ["r1", "gradient_penalty"]},
    ],
    ids=str,
)
def test_names_stand_for_parts(names):
    networks = tiny.networks()
    gan = ganzoo.GAN(*networks)
    if "generator_loss" in names:
        layer = networks[1].layers[-2].name
        names = {**names, "generator_loss": ganzoo.losses.FeatureMatching(layer=layer)}
    gan.compile(**names)
    assert gan.compiled
