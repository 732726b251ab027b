import numpy as np
import pytest
from discriminators import LinearDiscriminator, QuadraticDiscriminator, example_batches, penalty_of

from ganzoo.random import Draws
from ganzoo.regularizers import GradientPenalty

DRAWS = Draws(seed=0, step=0)
SHAPES = [(6, 5), (6, 4, 3, 2)]


class RecordingDiscriminator(QuadraticDiscriminator):
    """Keeps the images at which it is differentiated."""

    def gradient(self, images):
        self.images = np.asarray(images)
        return super().gradient(images)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("weight", "target"), [(10.0, 1.0), (2.5, 0.0)])
def test_a_linear_discriminator_costs_the_square_of_its_norm_less_the_target(shape, weight, target):
    real, fake = example_batches(shape, "float64")
    w = np.random.default_rng(2).normal(size=shape[1:])
    penalty = GradientPenalty(weight=weight, target=target)
    value = penalty_of(penalty, LinearDiscriminator(w), real, fake, DRAWS)
    assert value.shape == ()
    np.testing.assert_allclose(value, weight * (np.sqrt(np.sum(w**2)) - target) ** 2, rtol=1e-10)


def test_a_discriminator_of_slope_one_costs_nothing():
    real, fake = example_batches((6, 3), "float64")
    w = np.array([2.0, -1.0, 2.0]) / 3
    value = penalty_of(GradientPenalty(), LinearDiscriminator(w), real, fake, DRAWS)
    np.testing.assert_allclose(value, 0.0, atol=1e-20)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_quadratic_discriminator_is_measured_between_the_batches(shape):
    real, fake = example_batches(shape, "float64")
    discriminator = RecordingDiscriminator()
    value = penalty_of(GradientPenalty(weight=10.0), discriminator, real, fake, DRAWS)

    norms = np.array([np.sqrt(np.sum(x_hat**2)) for x_hat in discriminator.images])
    np.testing.assert_allclose(value, 10.0 * np.mean((norms - 1.0) ** 2), rtol=1e-10)


@pytest.mark.parametrize("shape", [(4096, 2), (4096, 2, 2, 1)])
def test_interpolation_has_one_uniform_alpha_for_each_example(shape):
    real, fake = example_batches(shape, "float64")
    discriminator = RecordingDiscriminator()
    penalty_of(GradientPenalty(), discriminator, real, fake, DRAWS)

    # x_hat = alpha x + (1 - alpha) G(z), solved for alpha in the least-squares sense.
    rows = (len(real), -1)
    difference, traveled = (real - fake).reshape(rows), (discriminator.images - fake).reshape(rows)
    alpha = np.sum(difference * traveled, axis=1) / np.sum(difference**2, axis=1)
    np.testing.assert_allclose(traveled, alpha[:, None] * difference, atol=1e-12)
    assert np.all((alpha > 0) & (alpha < 1))
    # The moments of U(0, 1), within five standard errors.
    np.testing.assert_allclose(np.mean(alpha), 1 / 2, atol=5 * np.sqrt(1 / 12 / 4096))
    np.testing.assert_allclose(np.var(alpha), 1 / 12, atol=5 * np.sqrt(1 / 180 / 4096))


def test_the_same_step_draws_the_same_alpha_and_another_step_another():
    real, fake = example_batches((8, 3))
    values = [
        float(
            penalty_of(
                GradientPenalty(), QuadraticDiscriminator(), real, fake, Draws(seed=0, step=step)
            )
        )
        for step in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


def test_the_epsilon_is_not_felt_by_small_slopes():
    real, fake = example_batches((4, 1), "float64")
    value = penalty_of(
        GradientPenalty(weight=1.0, target=0.0),
        LinearDiscriminator(np.array([1e-3])),
        real,
        fake,
        DRAWS,
    )
    np.testing.assert_allclose(np.sqrt(value), 1e-3, rtol=1e-6)


def test_the_lazy_factor_is_left_to_the_training_step():
    real, fake = example_batches((4, 3))
    values = [
        penalty_of(GradientPenalty(every=every), QuadraticDiscriminator(), real, fake, DRAWS)
        for every in (1, 16)
    ]
    np.testing.assert_array_equal(*values)


def test_the_defaults_are_the_papers():
    assert GradientPenalty().get_config() == {"weight": 10.0, "target": 1.0, "every": 1}


@pytest.mark.parametrize("fake_shape", [(4, 3), (8, 4), (8, 3, 1), (1, 3)])
def test_batches_of_different_shapes_are_refused(fake_shape):
    with pytest.raises(ValueError, match=r"Received: real of shape \(8, 3\) and fake of shape"):
        penalty_of(
            GradientPenalty(),
            QuadraticDiscriminator(),
            np.zeros((8, 3), "float32"),
            np.zeros(fake_shape, "float32"),
            DRAWS,
        )


@pytest.mark.parametrize("name", ["weight", "target"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), "10", None])
def test_bad_arguments_are_refused(name, value):
    with pytest.raises(ValueError, match=f"Received: {name}="):
        GradientPenalty(**{name: value})
