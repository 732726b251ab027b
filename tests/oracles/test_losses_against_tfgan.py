"""Our losses and TF-GAN's losses, and where the names of TF-GAN are wrong."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo import losses, regularizers
from ganzoo.random import Draws
from support import tfgan
from support.discriminators import outputs_of

theirs = tfgan.module("losses.losses_impl")

REAL = np.array([-2.3, -0.4, 0.3, 1.7, 4.0, 0.6], "float32")
FAKE = np.array([0.9, -3.1, -0.2, 2.2, -1.4, 0.1], "float32")
LOG_ONE_PLUS_INVERSE_E = np.log1p(np.exp(-1.0))

DISCRIMINATORS = {
    "minimax": (losses.Minimax(), theirs.minimax_discriminator_loss, {"label_smoothing": 0.0}),
    "non-saturating": (
        losses.NonSaturating(),
        theirs.modified_discriminator_loss,
        {"label_smoothing": 0.0},
    ),
    "Wasserstein": (losses.Wasserstein(), theirs.wasserstein_discriminator_loss, {}),
    "hinge": (losses.Hinge(), theirs.wasserstein_hinge_discriminator_loss, {}),
    "least squares": (losses.LeastSquares(), theirs.least_squares_discriminator_loss, {}),
    "least squares, smoothed": (
        losses.LeastSquares(label_smoothing=0.1),
        theirs.least_squares_discriminator_loss,
        {"real_label": 0.9},
    ),
    "relativistic average": (
        losses.RelativisticAverage(),
        theirs.relativistic_discriminator_loss,
        {},
    ),
}

GENERATORS = {
    "non-saturating": (losses.NonSaturating(), theirs.modified_generator_loss),
    "Wasserstein": (losses.Wasserstein(), theirs.wasserstein_generator_loss),
    "hinge": (losses.Hinge(), theirs.wasserstein_hinge_generator_loss),
    "least squares": (losses.LeastSquares(), theirs.least_squares_generator_loss),
}


def value_and_gradients(function, *arrays):
    tensors = [tf.constant(x) for x in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    return [x.numpy() for x in (value, *gradients)]


def assert_same(ours, theirs, *arrays):
    """Two functions agree in their value and in their gradients by each argument."""
    for mine, other in zip(
        value_and_gradients(ours, *arrays), value_and_gradients(theirs, *arrays), strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminators_losses_agree(name):
    loss, function, arguments = DISCRIMINATORS[name]
    assert_same(loss.discriminator, lambda r, f: function(r, f, **arguments), REAL, FAKE)


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_losses_agree(name):
    loss, function = GENERATORS[name]
    assert_same(loss.generator, function, FAKE)


def test_relativistic_generators_agree():
    loss = losses.RelativisticAverage()
    assert_same(
        lambda real, fake: loss.generator(fake, real),
        theirs.relativistic_generator_loss,
        REAL,
        FAKE,
    )


def test_tfgans_minimax_generator_adds_a_constant():
    """It takes the discriminator's loss with real logits of 1, which the generator cannot move."""
    assert_same(
        lambda fake: losses.Minimax().generator(fake) - LOG_ONE_PLUS_INVERSE_E,
        theirs.minimax_generator_loss,
        FAKE,
    )


@pytest.mark.parametrize(
    ("loss_class", "function"),
    [
        (losses.Minimax, theirs.minimax_discriminator_loss),
        (losses.NonSaturating, theirs.modified_discriminator_loss),
    ],
)
def test_tfgans_label_smoothing_moves_the_real_target_only_half_as_far(loss_class, function):
    """TF-GAN's `label_smoothing=s` smooths toward 1/2, not 0: the real target is `1 - s / 2`."""
    s = 0.2
    smoothed = lambda real, fake: function(real, fake, label_smoothing=s)  # noqa: E731
    assert_same(loss_class(label_smoothing=s / 2).discriminator, smoothed, REAL, FAKE)

    # The gradient is 0 if every real example has the probability 1 - s / 2, and not at 1 - s.
    def gradient_at(target):
        real = np.full(3, np.log(target / (1 - target)), "float32")
        return value_and_gradients(smoothed, real, FAKE)[1]

    np.testing.assert_allclose(gradient_at(1 - s / 2), 0.0, atol=1e-7)
    assert (np.abs(gradient_at(1 - s)) > 0.02).all()


CLASS_LOGITS = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")
LABELS = np.array([0, 2, 1, 1, 0])


def test_auxiliary_classifiers_agree():
    loss, one_hot = losses.AuxiliaryClassifier(), tf.one_hot(LABELS, 3)
    assert_same(
        lambda real, fake: loss.discriminator(real, LABELS, fake, LABELS),
        lambda real, fake: theirs.acgan_discriminator_loss(real, fake, one_hot),
        *CLASS_LOGITS,
    )
    assert_same(
        lambda fake: loss.generator(fake, LABELS),
        lambda fake: theirs.acgan_generator_loss(fake, one_hot),
        CLASS_LOGITS[1],
    )


class QuadraticDiscriminator:
    """`D(x) = x' A x / 2 + b x`, with the gradient `A x + b`."""

    a = np.array([[2.0, 0.3], [0.3, -1.0]], "float32")
    b = np.array([0.5, -0.2], "float32")

    def __call__(self, x):
        return keras.ops.sum(x * (x @ self.a / 2 + self.b), axis=1, keepdims=True)

    def gradient(self, x):
        return x @ self.a + self.b


@pytest.mark.parametrize("target", [1.0, 2.0])
def test_gradient_penalties_agree(target):
    """At real = fake, all interpolated points are equal, so the draws do not matter."""
    discriminator, x = (
        QuadraticDiscriminator(),
        np.array([[1.0, 2.0], [-0.5, 0.3], [0.0, 1.0]], "float32"),
    )
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        penalty = theirs.wasserstein_gradient_penalty(
            x, x, None, lambda images, _: discriminator(images), "discriminator", target=target
        )
        expected = session.run(penalty)
    part = regularizers.GradientPenalty(weight=10.0, target=target)
    outputs = outputs_of(discriminator, x)
    ours = part.penalty(discriminator, outputs, outputs, Draws(0, 0, 0))
    # TF-GAN leaves the weight to `gan_loss`, and divides the norm by the target.
    np.testing.assert_allclose(ours / 10.0, target**2 * expected, rtol=1e-5)
