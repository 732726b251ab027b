"""Networks and settings that do not fit are refused before anything is trained."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from support.gans import linear

REFUSED_COMPILATIONS = {
    "unknown loss": ({"loss": "bce"}, "Expected one of: hinge"),
    "Keras loss": ({"loss": keras.losses.BinaryCrossentropy()}, "A loss must be"),
    "no loss": ({"loss": None}, "A loss must be"),
    "decay of 1": ({"ema_decay": 1.0}, "`ema_decay` must"),
    "negative decay": ({"ema_decay": -0.1}, "`ema_decay` must"),
    "decay in words": ({"ema_decay": "0.9"}, "`ema_decay` must"),
    "no discriminator steps": ({"discriminator_steps": 0}, "`discriminator_steps` must"),
    "half a discriminator step": ({"discriminator_steps": 0.5}, "`discriminator_steps` must"),
    "no fakes": ({"generator_batch_ratio": 0}, "`generator_batch_ratio` must"),
    "more fakes than reals to compare": (
        {"loss": "relativistic_pairing", "generator_batch_ratio": 2},
        "relativistic",
    ),
    "two regularizers of one name": ({"regularizers": ["r1", "r1"]}, "the same name"),
    "unknown regularizer": ({"regularizers": ["l2"]}, "Expected one of: consistency"),
    "Keras regularizer": ({"regularizers": [keras.regularizers.L2()]}, "A regularizer must be"),
    "one regularizer without a list": (
        {"regularizers": ganzoo.regularizers.R1()},
        "must be a list",
    ),
    "name without a list": ({"regularizers": "r1"}, "must be a list"),
    "one optimizer": ({"d_optimizer": None}, "Give either"),
    "a plain optimizer for both": (
        {"optimizer": keras.optimizers.Adam(), "g_optimizer": None, "d_optimizer": None},
        "Give either",
    ),
    "optimizers given twice": (
        {"optimizer": ganzoo.AdversarialOptimizer("adam", "adam"), "g_optimizer": "adam"},
        "Give either",
    ),
    "a wrapped pair of optimizers": (
        {
            "optimizer": keras.optimizers.LossScaleOptimizer(
                ganzoo.AdversarialOptimizer("adam", "adam")
            )
        },
        "Give either",
    ),
    "unknown optimizer": ({"g_optimizer": "addam"}, "must be a `keras.optimizers.Optimizer`"),
    "no steps per execution": ({"steps_per_execution": 0}, "`steps_per_execution` must"),
    "compilation in words": ({"jit_compile": "yes"}, "`jit_compile` must"),
}


@pytest.mark.parametrize("case", REFUSED_COMPILATIONS)
def test_unfit_settings_are_refused_when_compiling(case):
    arguments, words = REFUSED_COMPILATIONS[case]
    with pytest.raises(ValueError, match=rf"(?s)(?=.*{words}).*Received: "):
        linear.gan(**arguments)


def dense(size, units=1):
    inputs = keras.Input((size,))
    return keras.Model(inputs, layers.Dense(units)(inputs))


def image_generator(side):
    return keras.Sequential([keras.Input((side * side,)), layers.Reshape((side, side, 1))])


def image_discriminator(side):
    images = keras.Input((side, side, 1))
    return keras.Model(images, layers.Dense(1)(layers.Flatten()(images)))


def networks(conditional=False):
    return linear.generator(conditional), linear.discriminator(conditional)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.logits = layers.Dense(1)

    def call(self, inputs):
        return self.logits(inputs)


REFUSED_NETWORKS = {
    "vectors of other sizes": (
        lambda: (linear.generator(), dense(5)),
        {},
        "what the generator makes",
    ),
    "images of other sizes": (
        lambda: (image_generator(2), image_discriminator(3)),
        {},
        "what the generator makes",
    ),
    "two logits": (lambda: (linear.generator(), dense(2, units=2)), {}, "one logit"),
    "a layer": (lambda: (layers.Dense(2), dense(2)), {}, "`generator` must be"),
    "no discriminator": (lambda: (linear.generator(), None), {}, "`discriminator` must be"),
    "a subclassed model": (
        lambda: (linear.generator(), Subclassed()),
        {},
        r"`keras.Model\(inputs, discriminator\(inputs\)\)`",
    ),
    "a model without shapes": (
        lambda: (keras.Sequential([layers.Dense(2)]), dense(2)),
        {},
        "`generator` must be",
    ),
    "other latents": (networks, {"latent_dim": 5}, r"latents of shape \(3,\)"),
    "no latents": (networks, {"latent_dim": 0}, "`latent_dim` must"),
    "swapped networks for images": (
        lambda: (image_discriminator(4), image_generator(4)),
        {},
        r"`GAN\(generator, discriminator\)`",
    ),
    "swapped networks for vectors": (
        lambda: networks()[::-1],
        {},
        r"`GAN\(generator, discriminator\)`",
    ),
    "latents of rank 4": (
        lambda: (
            keras.Sequential([keras.Input((1, 1, 3)), layers.Conv2DTranspose(1, 4)]),
            image_discriminator(4),
        ),
        {},
        r"Input\(\(3,\)\), keras.layers.Reshape\(\(1, 1, 3\)\)",
    ),
    "networks that take no labels": (networks, {"num_classes": 4}, r"2 input\(s\)"),
    "networks that take labels": (lambda: networks(True), {}, r"1 input\(s\)"),
    "a generator that takes no labels": (
        lambda: (linear.generator(), linear.discriminator(True)),
        {"num_classes": 4},
        "a generator with 1",
    ),
    "no classes": (lambda: networks(True), {"num_classes": 0}, "`num_classes` must"),
    "unknown latents": (networks, {"latent": "gaussian"}, "'normal', 'uniform'"),
    "fractional seed": (networks, {"seed": 0.5}, "`seed` must"),
    "negative seed": (networks, {"seed": -1}, "`seed` must"),
    "no seed": (networks, {"seed": None}, "`seed` must"),
}


@pytest.mark.parametrize("case", REFUSED_NETWORKS)
def test_unfit_networks_are_refused_when_building(case):
    make, arguments, words = REFUSED_NETWORKS[case]
    with pytest.raises(ValueError, match=rf"(?s)(?=.*{words}).*Received: "):
        ganzoo.GAN(*make(), **arguments)


def test_an_optimizer_of_another_gan_is_refused():
    optimizer = keras.optimizers.Adam()
    linear.gan(g_optimizer=optimizer)
    with pytest.raises(ValueError, match=r"must be a new one.* Received: 'adam"):
        linear.gan(g_optimizer=optimizer)


def test_a_gan_may_be_compiled_again_with_its_own_optimizer():
    gan = linear.gan()
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    gan.compile(optimizer=gan.optimizer, loss="hinge")
    assert int(gan.optimizer.iterations.numpy()) == 2


def test_layers_that_add_losses_are_refused():
    examples = keras.Input((linear.DIMENSIONS,))
    logits = layers.Dense(1, kernel_regularizer="l2")(examples)
    discriminator = keras.Model(examples, logits)
    with pytest.raises(ValueError, match="Received: a discriminator with 1 losses"):
        ganzoo.GAN(linear.generator(), discriminator)


def test_a_subclassed_network_trains_after_the_line_in_its_error():
    discriminator = Subclassed()
    inputs = keras.Input((linear.DIMENSIONS,))
    gan = ganzoo.GAN(linear.generator(), keras.Model(inputs, discriminator(inputs)))
    gan.compile(run_eagerly=True)
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    assert gan.step == 2


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_a_frozen_network_is_refused_before_training(network):
    gan = linear.gan(run_eagerly=True)
    getattr(gan, network).trainable = False
    words = f"The {network} has no weights to train.*`{network}.trainable = True`.*all frozen"
    for door in (
        lambda: gan.compile(),
        lambda: gan.fit(linear.vectors(8), batch_size=4, verbose=0),
        lambda: gan.train_on_batch(linear.vectors(8)),
    ):
        with pytest.raises(ValueError, match=words):
            door()
    getattr(gan, network).trainable = True
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    assert gan.step == 2


def test_a_layer_that_is_frozen_after_compile_needs_another_compile():
    inputs = keras.Input((linear.LATENT_DIM,))
    first, second = layers.Dense(3), layers.Dense(linear.DIMENSIONS)
    gan = ganzoo.GAN(keras.Model(inputs, second(first(inputs))), linear.discriminator())
    gan.compile(run_eagerly=True)
    first.trainable = False
    with pytest.raises(ValueError, match="frozen or unfrozen after `compile`"):
        gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    gan.compile(run_eagerly=True)
    before = [weight.numpy().copy() for weight in (*first.weights, *second.weights)]
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)
    after = [weight.numpy() for weight in (*first.weights, *second.weights)]
    same = [np.array_equal(one, other) for one, other in zip(before, after, strict=True)]
    assert same == [True, True, False, False]


def test_every_attribute_is_documented_in_the_class_or_in_compile():
    gan = linear.gan()
    text = f"{ganzoo.GAN.__doc__}\n{ganzoo.GAN.compile.__doc__}"
    inherited = vars(keras.Model(gan.generator.inputs, gan.generator.outputs))
    keras_own = {"loss", "stop_training", *inherited}
    own = {name for name in vars(gan) if not name.startswith("_")} - keras_own
    assert {"pixels", "condition_names", "step_logs", "remat"} <= own
    documented = {name for name in own if f"{name}: " in text or f"`{name}`" in text}
    assert own == documented
