import numpy as np
import pytest
from discriminators import LinearDiscriminator, QuadraticDiscriminator, example_batches, penalty_of

from ganzoo.random import Draws
from ganzoo.regularizers import DRAGAN

DRAWS = Draws(seed=0, step=0)
SHAPES = [(6, 5), (6, 4, 3, 2)]


class RecordingDiscriminator(QuadraticDiscriminator):
    """Keeps the images at which it is differentiated."""

    def gradient(self, images):
        self.images = np.asarray(images)
        return super().gradient(images)


@pytest.mark.parametrize("noise", ["uniform", "normal"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_quadratic_discriminator_is_measured_at_perturbed_real_images(shape, noise):
    real, fake = example_batches(shape, "float64")
    part = DRAGAN(weight=3.0, target=0.5, noise=noise, variance=0.25)
    value = penalty_of(part, QuadraticDiscriminator(), real, fake, DRAWS)

    if noise == "normal":
        delta = 0.5 * np.float64(DRAWS.normal("dragan", 6, shape[1:]))
    else:
        alpha = np.float64(DRAWS.uniform("dragan_alpha", 6, (1,) * (len(shape) - 1)))
        delta = alpha * 0.5 * real.std() * np.float64(DRAWS.uniform("dragan", 6, shape[1:]))
    norms = np.array([np.sqrt(np.sum(x**2)) for x in real + delta])
    np.testing.assert_allclose(value, 3.0 * np.mean((norms - 0.5) ** 2), rtol=1e-6)


def test_uniform_noise_has_the_moments_of_the_official_code():
    real, fake = example_batches((4096, 2, 2, 1), "float64")
    discriminator = RecordingDiscriminator()
    penalty_of(DRAGAN(), discriminator, real, fake, DRAWS)
    delta = (discriminator.images - real) / real.std()
    assert delta.min() > 0 and 0.45 < delta.max() < 0.5
    # The mean of alpha U is 1/4; that of alpha^2 U U' for two pixels, which share alpha, is 1/12.
    np.testing.assert_allclose(np.mean(delta), 0.5 / 4, rtol=0.03)
    products = delta[:, 0, 0, 0] * delta[:, 1, 1, 0]
    error = np.std(products) / np.sqrt(len(products))
    np.testing.assert_allclose(np.mean(products), 0.25 / 12, atol=5 * error)


def test_normal_noise_has_the_variance():
    real, fake = example_batches((4096, 2), "float64")
    discriminator = RecordingDiscriminator()
    penalty_of(DRAGAN(noise="normal"), discriminator, real, fake, DRAWS)
    np.testing.assert_allclose(np.var(discriminator.images - real), 10.0, rtol=0.05)


def test_a_discriminator_of_slope_one_costs_nothing():
    real, fake = example_batches((6, 3), "float64")
    value = penalty_of(
        DRAGAN(), LinearDiscriminator(np.array([2.0, -1.0, 2.0]) / 3), real, fake, DRAWS
    )
    np.testing.assert_allclose(value, 0.0, atol=1e-20)


def test_the_fakes_do_not_matter():
    real, fake = example_batches((6, 3))
    values = [
        penalty_of(DRAGAN(), QuadraticDiscriminator(), real, x, DRAWS) for x in (fake, fake[:2])
    ]
    np.testing.assert_array_equal(*values)


def test_the_same_step_draws_the_same_noise_and_another_step_another():
    real, fake = example_batches((8, 3))
    values = [
        float(penalty_of(DRAGAN(), QuadraticDiscriminator(), real, fake, Draws(seed=0, step=step)))
        for step in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


def test_the_defaults():
    assert DRAGAN().get_config() == {
        "weight": 10.0,
        "target": 1.0,
        "noise": "uniform",
        "variance": 10.0,
        "every": 1,
    }


@pytest.mark.parametrize(
    "arguments",
    [{"weight": -1.0}, {"target": None}, {"noise": "gaussian"}, {"variance": 0.0}],
    ids=str,
)
def test_bad_arguments_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"Received: {name}="):
        DRAGAN(**arguments)
