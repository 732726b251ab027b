import numpy as np
import pytest
from discriminators import LinearDiscriminator, QuadraticDiscriminator, example_batches, penalty_of

from ganzoo.random import Draws
from ganzoo.regularizers import R1, R2

DRAWS = Draws(seed=0, step=0)
SHAPES = [(6, 5), (6, 4, 3, 2)]


@pytest.mark.parametrize("penalty_class", [R1, R2])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_linear_discriminator_costs_its_squared_norm(penalty_class, shape):
    real, fake = example_batches(shape, "float64")
    w = np.random.default_rng(2).normal(size=shape[1:])
    value = penalty_of(penalty_class(gamma=3.0), LinearDiscriminator(w), real, fake, DRAWS)
    assert value.shape == ()
    np.testing.assert_allclose(value, 3.0 / 2 * np.sum(w**2), rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_r1_is_on_real_and_r2_on_generated_images(shape):
    real, fake = example_batches(shape, "float64")
    for penalty, images in ((R1(gamma=0.4), real), (R2(gamma=0.4), fake)):
        value = penalty_of(penalty, QuadraticDiscriminator(), real, fake, DRAWS)
        expected = 0.4 / 2 * np.mean([np.sum(image**2) for image in images])
        np.testing.assert_allclose(value, expected, rtol=1e-12)


@pytest.mark.parametrize("penalty_class", [R1, R2])
def test_auto_is_the_rule_for_images(penalty_class):
    real, fake = example_batches((6, 4, 3, 2), "float64")
    w = np.random.default_rng(2).normal(size=(4, 3, 2))
    value = penalty_of(penalty_class(gamma="auto"), LinearDiscriminator(w), real, fake, DRAWS)
    np.testing.assert_allclose(value, 0.0002 * 4 * 3 / 6 / 2 * np.sum(w**2), rtol=1e-6)
    assert penalty_class.from_config(penalty_class("auto").get_config()).gamma == "auto"
    real, fake = example_batches((6, 5), "float64")
    with pytest.raises(ValueError, match=r"rule for images.*Received: examples of shape \(6, 5\)"):
        penalty_of(penalty_class("auto"), LinearDiscriminator(np.ones(5)), real, fake, DRAWS)
    with pytest.raises(ValueError, match=r"`gamma` must be a number or a schedule.*Received"):
        penalty_class("automatic")


def test_images_in_0_1_cost_four_times_as_much():
    """As the docstring says: the same function of the same pictures in half the range."""
    w = np.array([0.3, -2.0])
    real, fake = example_batches((4, 2), "float64")
    wide = penalty_of(R1(gamma=1.0), LinearDiscriminator(w), real, fake, DRAWS)
    narrow = penalty_of(
        R1(gamma=1.0), LinearDiscriminator(2 * w), (real + 1) / 2, (fake + 1) / 2, DRAWS
    )
    np.testing.assert_allclose(narrow, 4 * wide, rtol=1e-12)


def test_the_default_strength_is_the_papers():
    assert R1().get_config() == R2().get_config() == {"gamma": 10.0, "every": 1}


@pytest.mark.parametrize("penalty_class", [R1, R2])
def test_the_lazy_factor_is_left_to_the_training_step(penalty_class):
    real, fake = example_batches((4, 3))
    values = [
        penalty_of(
            penalty_class(gamma=1.0, every=every), QuadraticDiscriminator(), real, fake, DRAWS
        )
        for every in (1, 16)
    ]
    np.testing.assert_array_equal(*values)


@pytest.mark.parametrize("penalty_class", [R1, R2])
@pytest.mark.parametrize("gamma", [-1.0, float("inf"), "10", None])
def test_a_bad_gamma_is_refused(penalty_class, gamma):
    with pytest.raises(ValueError, match="Received: gamma="):
        penalty_class(gamma=gamma)
