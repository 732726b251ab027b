import numpy as np
import pytest
from other_loss_cases import FAKE_MAPS, REAL_MAPS

from ganzoo import losses

REAL, FAKE = REAL_MAPS[:, 0, 0], FAKE_MAPS[:, 0, 0]


@pytest.mark.parametrize(("real", "fake"), [(REAL, FAKE), (REAL_MAPS, FAKE_MAPS)])
def test_the_default_is_the_papers_squared_distance_of_the_means(real, fake):
    mean_real = sum(real) / len(real)
    mean_fake = sum(fake) / len(fake)
    expected = sum((r - f) ** 2 for r, f in zip(mean_real.flat, mean_fake.flat, strict=True))
    np.testing.assert_allclose(losses.FeatureMatching()(real, fake), expected, rtol=1e-12)


def test_the_official_codes_take_means_over_the_units():
    difference = REAL.mean(axis=0) - FAKE.mean(axis=0)
    mnist = losses.FeatureMatching(reduction="mean")
    np.testing.assert_allclose(mnist(REAL, FAKE), np.mean(difference**2), rtol=1e-12)
    cifar = losses.FeatureMatching(norm="l1", reduction="mean")
    np.testing.assert_allclose(cifar(REAL, FAKE), np.mean(np.abs(difference)), rtol=1e-12)


def test_the_sum_of_absolute_differences():
    difference = REAL.mean(axis=0) - FAKE.mean(axis=0)
    loss = losses.FeatureMatching(norm="l1")
    np.testing.assert_allclose(loss(REAL, FAKE), np.sum(np.abs(difference)), rtol=1e-12)


def test_only_the_means_are_matched():
    loss = losses.FeatureMatching()
    spread = REAL.mean(axis=0) + np.array([[5.0], [-5.0]])
    np.testing.assert_allclose(loss(REAL, spread), 0.0, atol=1e-24)


def test_the_loss_of_a_batch_is_not_the_mean_of_its_halves():
    loss = losses.FeatureMatching()
    halves = [float(loss(REAL[:4][half], FAKE[half])) for half in ([0, 1], [2, 3])]
    assert loss.batch_coupled
    assert float(loss(REAL[:4], FAKE)) < np.mean(halves)


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        (REAL, FAKE[:, :2]),
        (REAL[:, 0], FAKE[:, 0]),
        (REAL_MAPS, FAKE),
        (REAL, FAKE.astype("int32")),
        (REAL > 0, FAKE),
    ],
    ids=["other width", "no units", "other rank", "integers", "booleans"],
)
def test_features_of_different_layers_are_refused(real, fake):
    with pytest.raises(ValueError, match=r"Received: (real|fake)_features of "):
        losses.FeatureMatching()(real, fake)
