"""Activations that bound logits, or that leave out values of the examples, are found in time."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import ganzoo
from ganzoo.training.output_range import check_examples, check_logits, range_of
from support.gans import linear

BOUNDING = {
    "sigmoid": lambda x: layers.Activation("sigmoid")(x),
    "tanh in a dense layer": lambda x: layers.Dense(1, activation="tanh")(x),
    "hard sigmoid": lambda x: layers.Activation("hard_sigmoid")(x),
    "hard tanh": lambda x: layers.Activation("hard_tanh")(x),
    "softmax": lambda x: layers.Softmax()(x),
    "softmax in a dense layer": lambda x: layers.Dense(1, activation="softmax")(x),
    "relu": lambda x: layers.ReLU()(x),
    "relu6": lambda x: layers.Activation("relu6")(x),
    "elu": lambda x: layers.ELU()(x),
    "gelu": lambda x: layers.Activation("gelu")(x),
    "softplus": lambda x: layers.Dense(1, activation="softplus")(x),
    "softsign": lambda x: layers.Activation("softsign")(x),
    "log sigmoid": lambda x: layers.Activation("log_sigmoid")(x),
    "an operation": lambda x: ops.sigmoid(x),
    "clipping": lambda x: ops.clip(x, -1.0, 1.0),
    "a lambda": lambda x: layers.Lambda(lambda t: 1 / (1 + ops.exp(-t)))(x),
    "a function": lambda x: layers.Dense(1, activation=lambda t: ops.tanh(t))(x),
    "an activation of the wrapped layer": lambda x: ganzoo.layers.SpectralNormalization(
        layers.Dense(1, activation="tanh")
    )(x),
    "an affine function of one": lambda x: ops.tanh(x) * 2.0 - 1.0,
    "layers after it": lambda x: layers.Dropout(0.5)(layers.Reshape((1,))(ops.sigmoid(x))),
    "a nested network": lambda x: keras.Sequential(
        [keras.Input((1,)), layers.Dense(1), layers.Activation("sigmoid")]
    )(x),
    "a nested activation": lambda x: keras.Sequential(
        [keras.Input((1,)), layers.Activation("sigmoid")]
    )(x),
    "a nested identity": lambda x: keras.Sequential([keras.Input((1,)), layers.Identity()])(
        ops.sigmoid(x)
    ),
    "a recurrent layer": lambda x: layers.GRU(1)(layers.Reshape((1, 1))(x)),
    "16 bits": lambda x: layers.Activation("sigmoid", dtype="float16")(x),
    "bfloat16": lambda x: layers.Activation("hard_tanh", dtype="mixed_bfloat16")(x),
}


@keras.saving.register_keras_serializable(package="tests")
class Residual(layers.Dense):
    """A layer of one's own, whose `activation` is not what it does last."""

    def call(self, x):
        return x + super().call(x)


FREE = {
    "a dense layer": lambda x: layers.Dense(1)(x),
    "leaky relu": lambda x: layers.LeakyReLU(0.01)(x),
    "a trained slope": lambda x: layers.PReLU()(x),
    "a loose bound": lambda x: 20.0 * ops.tanh(x / 20.0),
    "a sum": lambda x: layers.Add()([x, ops.tanh(x)]),
    "an inner activation": lambda x: layers.Dense(1)(ops.tanh(x)),
    "an own layer": lambda x: Residual(1, activation="tanh")(x),
    "linear in 16 bits": lambda x: layers.Activation("linear", dtype="float16")(x),
    "normalization": lambda x: layers.LayerNormalization()(x),
}


def discriminator(ending):
    examples = keras.Input((linear.DIMENSIONS,))
    return keras.Model(examples, ending(layers.Dense(1)(examples)))


class OfProbabilities(ganzoo.losses.AdversarialLoss):
    """A loss of one's own, for a discriminator that ends in a sigmoid."""

    def d_loss(self, real, fake):
        return -ops.mean(ops.log(real)) - ops.mean(ops.log(1 - fake))

    def g_loss(self, fake, real):
        return -ops.mean(ops.log(fake))


@pytest.mark.parametrize("ending", BOUNDING)
def test_bounded_logits_are_refused(ending):
    with pytest.raises(ValueError, match=r"remove the activation.*Received: an activation"):
        check_logits(discriminator(BOUNDING[ending]), ganzoo.losses.Hinge())


@pytest.mark.parametrize("ending", FREE)
def test_free_logits_are_right(ending):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_logits(discriminator(FREE[ending]), ganzoo.losses.Hinge())


@pytest.mark.parametrize("name", ganzoo.losses.adversarial_names())
def test_each_loss_says_what_it_takes(name):
    gan = ganzoo.GAN(linear.generator(), discriminator(BOUNDING["sigmoid"]))
    if name == "least_squares":
        # The targets 0 and 1 are within the bounds.
        with pytest.warns(UserWarning, match="LeastSquares.*remove the activation"):
            gan.compile(loss=name)
        return
    with pytest.raises(ValueError, match=r"remove the activation.*from 0 to 1"):
        gan.compile(loss=name)
    assert not gan.compiled


def test_a_loss_of_bounded_values_trains_after_a_warning_or_without():
    gan = ganzoo.GAN(linear.generator(), discriminator(BOUNDING["sigmoid"]))
    with pytest.warns(UserWarning, match=r"OfProbabilities.*`bounded_logits = True`"):
        gan.compile(loss=OfProbabilities())

    class Declared(OfProbabilities):
        bounded_logits = True

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        gan.compile(loss=Declared())
    gan.fit(linear.vectors(8), batch_size=4, verbose=0)


@pytest.mark.parametrize("ending, is_right", [("linear", True), ("softmax", False)])
def test_class_logits_have_no_bounds(ending, is_right):
    examples = keras.Input((linear.DIMENSIONS,))
    outputs = [layers.Dense(1)(examples), layers.Dense(3, activation=ending)(examples)]
    gan = ganzoo.GAN(
        linear.generator(conditional=True), keras.Model(examples, outputs), num_classes=3
    )
    if is_right:
        gan.compile()
    else:
        with pytest.raises(ValueError, match=r"takes class logits.*differences of at most 1"):
            gan.compile()


def test_normalized_class_logits_are_right_for_a_classifier_and_say_nothing_about_real_ones():
    examples = keras.Input((linear.DIMENSIONS,))
    logits = layers.Dense(3, activation="log_softmax")(examples)
    auxiliary = keras.Model(examples, [layers.Dense(1)(examples), logits])
    check_logits(auxiliary, ganzoo.losses.Hinge(), ganzoo.losses.AuxiliaryClassifier())
    gan = ganzoo.SemiSupervisedGAN(linear.generator(), keras.Model(examples, logits))
    with pytest.raises(ValueError, match="remove the activation"):
        gan.compile(generator_loss=None)


@pytest.mark.parametrize("ending", ["linear", "softmax", "sigmoid", "relu"])
def test_a_semi_supervised_discriminator_gives_class_logits(ending):
    examples = keras.Input((linear.DIMENSIONS,))
    classifier = keras.Model(examples, layers.Dense(3, activation=ending)(examples))
    gan = ganzoo.SemiSupervisedGAN(linear.generator(), classifier)
    if ending == "linear":
        gan.compile(generator_loss=None)
    else:
        with pytest.raises(ValueError, match="remove the activation"):
            gan.compile(generator_loss=None)


def generator(ending, shape=(4, 4, 1)):
    latents = keras.Input((3,))
    x = layers.Reshape(shape)(layers.Dense(int(np.prod(shape)))(latents))
    return keras.Model(latents, ending(x))


GENERATORS = {
    "tanh": (lambda x: ops.tanh(x), (-1, 1)),
    "nothing": (lambda x: layers.Conv2D(1, 3, padding="same")(x), None),
    "a scaled sigmoid": (lambda x: layers.Rescaling(2.0, -1.0)(ops.sigmoid(x)), (-1, 1)),
    "sigmoid": (lambda x: layers.Conv2D(1, 1, activation="sigmoid")(x), (0, 1)),
    "relu": (lambda x: layers.ReLU()(x), (0, np.inf)),
    "softmax": (lambda x: layers.Softmax(axis=1)(x), (0, 1)),
    "sine": (lambda x: ops.sin(x), (-1, 1)),
    "hard tanh in 16 bits": (lambda x: layers.Activation("hard_tanh", dtype="float16")(x), (-1, 1)),
}


@pytest.mark.parametrize("ending", GENERATORS)
def test_the_range_of_a_generator(ending):
    function, expected = GENERATORS[ending]
    low, high = range_of(generator(function))
    if expected is None or expected[1] == np.inf:
        assert high > 1e5 and (expected is None) == (low < -1e5)
    else:
        np.testing.assert_allclose((low, high), expected, atol=0.05)


@pytest.mark.parametrize("ending", GENERATORS)
def test_a_generator_of_images_must_reach_from_minus_1_to_1(ending):
    images = keras.Input((4, 4, 1))
    critic = keras.Model(images, layers.Dense(1)(layers.Flatten()(images)))
    gan = ganzoo.GAN(generator(GENERATORS[ending][0]), critic)
    if ending in ("sigmoid", "relu", "softmax"):
        with pytest.raises(ValueError, match=r"end it with `tanh`.*Received: an activation that"):
            gan.compile()
    else:
        gan.compile()


def test_other_examples_are_compared_with_the_range_of_the_generator():
    bounds = range_of(generator(ops.tanh, (2,)))
    check_examples(bounds, np.array([[-1.0, 0.5], [1.01, 0.0]]))
    check_examples(None, np.array([[-1.0, 0.5], [7.0, 0.0]]))
    with pytest.warns(UserWarning, match=r"without an activation.*from -1 to 1.2"):
        check_examples(bounds, np.array([[-1.0, 0.5], [1.2, 0.0]]))
    with pytest.raises(ValueError, match=r"without an activation.*from -3 to 2"):
        check_examples(bounds, np.array([[-3.0, 0.5], [2.0, 0.0]]))


def test_the_check_changes_no_state():
    latents = keras.Input((3,))
    network = keras.Model(latents, layers.GaussianNoise(0.1)(layers.Dense(2)(latents)))
    before = [np.array(v) for v in network.variables]
    range_of(network)
    for variable, value in zip(network.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("architecture", ganzoo.architectures.names())
def test_the_architectures_are_right(architecture):
    shape = (2,) if architecture == "mlp" else (8, 8, 1)
    networks = ganzoo.architectures.build(architecture, shape, latent_dim=4, width=4)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_logits(networks[1], ganzoo.losses.Minimax())
    low, high = range_of(networks[0])
    assert low <= -0.99 and high >= 0.99


def as_list(x):
    return x


def as_batches(x):
    return ganzoo.data.Dataset(x).batches(32)


def as_tf_dataset(x):
    return tf.data.Dataset.from_tensor_slices(x).batch(32)


@pytest.mark.parametrize("form", [as_list, as_batches, as_tf_dataset])
def test_training_on_examples_that_the_generator_cannot_give_does_not_begin(form):
    gan = ganzoo.GAN(generator(ops.tanh, (2,)), linear.discriminator())
    gan.compile()
    with pytest.raises(ValueError, match=r"values of the real examples.*from -1 to 1 for"):
        gan.fit(form(10 * linear.vectors(64)), verbose=0)
    with pytest.raises(ValueError, match=r"values of the real examples.*from -1 to 1 for"):
        gan.train_on_batch(10 * linear.vectors(8))
    assert gan.step == 0
    gan.fit(form(np.tanh(linear.vectors(64))), verbose=0)
