"""What the papers prove or promise about the losses, apart from their formulas."""

import keras
import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from loss_equations import EQUATIONS, SMOOTHED, build, numerical_gradient

from ganzoo import losses

# A world of five images: the real and the fake batch hold each of them so many times. One image is
# never generated.
REAL_COUNTS, FAKE_COUNTS = (3, 1, 4, 1, 5), (2, 7, 1, 8, 0)
P_DATA, P_G = np.array(REAL_COUNTS) / sum(REAL_COUNTS), np.array(FAKE_COUNTS) / sum(FAKE_COUNTS)
SMOOTHINGS = [0.0, 0.1]


def value_and_gradients(function, *logits):
    logits = [tf.constant(values, "float64") for values in logits]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = function(*logits)
    gradients = tape.gradient(value, logits, unconnected_gradients="zero")
    return value.numpy(), [gradient.numpy() for gradient in gradients]


def minimizer(function, start):
    """The point where a smooth convex function of a vector is lowest."""

    def value_and_gradient(point):
        value, (gradient,) = value_and_gradients(function, point)
        return value, gradient

    return scipy.optimize.minimize(value_and_gradient, start, jac=True, options={"gtol": 1e-9}).x


def probability(name, logits):
    """The probability that an image is real, by the discriminator's logits."""
    return logits if name == "least_squares" else 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("s", SMOOTHINGS[1:])
def test_the_best_discriminator_is_the_smoothed_density_ratio(name, s):
    """Salimans et al. 2016, section 3.4: `alpha p_data / (p_data + p_g)` with `alpha = 1 - s`."""
    loss = EQUATIONS[name][0](label_smoothing=s)

    def loss_of_discriminator(logits):
        real, fake = (tf.repeat(logits, counts) for counts in (REAL_COUNTS, FAKE_COUNTS))
        return loss.discriminator(real, fake)

    found = probability(name, minimizer(loss_of_discriminator, np.zeros(5)))
    np.testing.assert_allclose(found, (1 - s) * P_DATA / (P_DATA + P_G), atol=1e-6)


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("s", SMOOTHINGS[1:])
def test_the_real_target_is_one_minus_the_smoothing(name, s):
    """Without fakes, the lowest loss is at the target."""
    loss, no_fakes = EQUATIONS[name][0](label_smoothing=s), np.zeros(1)
    found = minimizer(lambda real: loss.discriminator(real, no_fakes), np.zeros(3))
    np.testing.assert_allclose(probability(name, found), 1 - s, atol=1e-6)


@pytest.mark.parametrize("name", SMOOTHED)
@pytest.mark.parametrize("s", SMOOTHINGS)
def test_the_fake_target_stays_zero(name, s):
    """The gradient by a fake logit does not depend on the smoothing: the target is 0."""
    loss = EQUATIONS[name][0](label_smoothing=s)
    real, fake = np.array([0.7, -1.2]), np.array([-2.0, 0.4, 3.0])
    _, (_, by_fake) = value_and_gradients(loss.discriminator, real, fake)
    np.testing.assert_allclose(by_fake, (probability(name, fake) - 0) / len(fake), rtol=1e-12)


@pytest.mark.parametrize("name", SMOOTHED)
def test_smoothing_does_not_change_the_generators_loss(name):
    plain, smoothed = EQUATIONS[name][0](), EQUATIONS[name][0](label_smoothing=0.2)
    fake = np.array([-2.0, 0.4, 3.0])
    np.testing.assert_array_equal(smoothed.generator(fake), plain.generator(fake))


def test_minimax_is_zero_sum_in_the_fake_term():
    loss, fake = losses.Minimax(), np.array([-3.0, 0.5, 2.0])
    nothing_real = np.array([1e4])
    total = loss.discriminator(nothing_real, fake) + loss.generator(fake)
    np.testing.assert_allclose(total, 0.0, atol=1e-15)


def test_minimax_value_at_equilibrium_is_two_log_two():
    zeros = np.zeros(8)
    np.testing.assert_allclose(losses.Minimax().discriminator(zeros, zeros), 2 * np.log(2))


def generator_gradient(loss, logit):
    return numerical_gradient(lambda fake: float(loss.generator(fake)), np.array([logit]))[0]


def test_minimax_saturates_where_fakes_are_recognized_and_non_saturating_does_not():
    assert abs(generator_gradient(losses.Minimax(), -12.0)) < 1e-5
    np.testing.assert_allclose(generator_gradient(losses.NonSaturating(), -12.0), -1.0, atol=1e-4)
    # Both agree where the discriminator is undecided.
    np.testing.assert_allclose(generator_gradient(losses.Minimax(), 0.0), -0.5)
    np.testing.assert_allclose(generator_gradient(losses.NonSaturating(), 0.0), -0.5)


def test_hinge_ignores_examples_beyond_the_margin():
    loss = losses.Hinge()
    separated = loss.discriminator(np.array([1.5, 30.0]), np.array([-1.5, -30.0]))
    np.testing.assert_array_equal(separated, 0.0)
    gradient = numerical_gradient(
        lambda real: float(loss.discriminator(real, np.array([0.0]))), np.array([2.0, 0.5])
    )
    np.testing.assert_allclose(gradient, [0.0, -0.5], atol=1e-9)


@pytest.mark.parametrize("name", ["wasserstein", "relativistic_pairing", "relativistic_average"])
def test_only_differences_of_logits_matter_to_the_discriminator(name):
    loss = build(name, 0.0)
    real, fake = np.array([0.3, -2.0, 1.1]), np.array([0.8, 0.1, -1.4])
    shifted = loss.discriminator(real + 7.0, fake + 7.0)
    np.testing.assert_allclose(shifted, loss.discriminator(real, fake), rtol=1e-12)


@pytest.mark.parametrize("name", ["relativistic_pairing", "relativistic_average"])
def test_relativistic_players_play_the_same_game_with_exchanged_roles(name):
    loss = build(name, 0.0)
    real, fake = np.array([0.3, -2.0, 1.1]), np.array([0.8, 0.1, -1.4])
    np.testing.assert_array_equal(loss.generator(fake, real), loss.discriminator(fake, real))


@pytest.mark.parametrize("name", EQUATIONS)
def test_batch_coupled_tells_whether_a_batch_is_the_mean_of_its_halves(name):
    loss = build(name, 0.0)
    real, fake = np.array([0.3, -2.0, 1.1, 5.0]), np.array([0.8, 2.0, -1.4, 0.1])
    halves = [0, 1], [2, 3]
    are_means = [
        np.isclose(
            float(function(one, other)),
            np.mean([float(function(one[half], other[half])) for half in halves]),
            rtol=1e-12,
        )
        for function, one, other in (
            (loss.discriminator, real, fake),
            (loss.generator, fake, real),
        )
    ]
    assert loss.batch_coupled == (not all(are_means))


@pytest.mark.parametrize("name", EQUATIONS)
def test_generator_needs_real_tells_whether_real_logits_are_used(name):
    loss, fake = build(name, 0.0), np.array([0.8, 0.1])
    if loss.generator_needs_real:
        low, high = (loss.generator(fake, np.full(2, logit)) for logit in (-1.0, 1.0))
        assert float(low) < float(high)
    else:
        assert keras.ops.ndim(loss.generator(fake)) == 0
