"""Modes are counted on toy mixtures and on stacked classes."""

import numpy as np
import pytest
from metric_cases import CENTERS, images, stream

from ganzoo import data
from ganzoo.metrics import MixtureCoverage, ModeCoverage, mixture_coverage, mode_coverage


class Brightness:
    """A classifier of grayscale images by the tens of the first pixel."""

    name, sha256 = "brightness", "00"

    def __call__(self, images):
        assert images.dtype == np.uint8 and images.shape[3] == 1
        return np.eye(10)[images[:, 0, 0, 0] // 26]


def test_divergence_is_measured_from_the_uniform_distribution():
    modes = np.repeat([0, 3, 7], [10, 30, 60])
    p = np.array([0.1, 0.3, 0.6])
    found, divergence = mode_coverage(modes, 8)
    assert found == 3
    assert divergence == pytest.approx((p * np.log(p / (1 / 8))).sum(), rel=1e-12)
    assert mode_coverage(np.arange(1000), 1000) == (1000, pytest.approx(0, abs=1e-12))
    assert mode_coverage(np.zeros(5, int), 1000) == (1, pytest.approx(np.log(1000)))


def test_the_channels_give_the_modes_of_stacked_images():
    pictures = images(200, size=4, channels=3)
    digits = pictures[:, 0, 0] // 26
    metric = stream(ModeCoverage(Brightness()), pictures, batch_size=32)
    found, divergence = mode_coverage(digits.astype(int) @ [100, 10, 1], 1000)
    assert metric.result() == {"modes": found, "mode KL": pytest.approx(divergence, rel=1e-12)}
    assert str(metric.report(seed=0)[0]) == f"modes@brightness {found} (200, of 1000, seed 0)"


def test_uniform_samples_have_the_divergence_in_the_docstring():
    modes = np.random.default_rng(0).integers(0, 1000, 26_000)
    assert mode_coverage(modes, 1000) == (1000, pytest.approx(999 / 52_000, rel=0.1))


@pytest.mark.parametrize(
    "modes", [[0.5], [[1]], [], [-1], [1000]], ids=["floats", "rank", "empty", "low", "high"]
)
def test_unusable_modes_are_refused(modes):
    modes = np.array(modes, dtype=int if modes != [0.5] else float)
    with pytest.raises(ValueError, match=r"Modes must be .*Received: modes"):
        ModeCoverage().update_state(modes)
    with pytest.raises(ValueError, match=r"Modes must be .*Received: modes"):
        mode_coverage(modes, 1000)


def test_images_and_classifiers_must_agree():
    with pytest.raises(ValueError, match=r"must have 3 channels. Received"):
        ModeCoverage(Brightness()).update_state(images(4))
    with pytest.raises(ValueError, match=r"scores of shape \(4, 7\). Received.*\(4, 10\)"):
        ModeCoverage(Brightness(), num_classes=7).update_state(images(4, channels=3))


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_the_mixture_covers_itself(name):
    mixture = data.load(f"toy:{name}", count=20_000)
    coverage = mixture_coverage(mixture.examples, mixture.centers, mixture.deviation)
    assert coverage["modes"] == mixture.num_classes
    # In the plane 1 - exp(-3² / 2) of the points lie within 3 deviations.
    assert coverage["good"] == pytest.approx(1 - np.exp(-4.5), abs=3e-3)
    assert 0 < coverage["mode KL"] < 2e-3


def test_points_count_for_the_nearest_center_and_are_good_within_the_threshold():
    points = np.array([[0, 0], [0, 0.3], [0.31, 0], [4, 0.29], [4, 1], [9, 9]], float)
    metric = stream(MixtureCoverage(CENTERS, deviation=0.1), points, batch_size=4)
    p = np.array([3, 3]) / 6  # The last point is as near to the third center; the first one counts.
    assert metric.result() == {
        "modes": 2.0,
        "good": 0.5,
        "mode KL": pytest.approx((p * np.log(3 * p)).sum()),
    }
    narrow = mixture_coverage(points, CENTERS, deviation=0.1, threshold=1)
    assert narrow["good"] == pytest.approx(1 / 6) and narrow["modes"] == 1


def test_values_exist_without_a_good_point():
    coverage = mixture_coverage(np.full((5, 2), 100.0), CENTERS, 0.1)
    assert coverage == {"modes": 0.0, "good": 0.0, "mode KL": pytest.approx(np.log(3))}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"centers": [1.0]}, r"`centers`"),
        ({"deviation": 0}, r"`deviation`"),
        ({"threshold": -1}, r"`threshold`"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=rf"{message}.*Received"):
        MixtureCoverage(**({"centers": CENTERS, "deviation": 1.0} | arguments))


def test_points_of_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"2 dimensions of the centers. Received.*\(4, 3\)"):
        MixtureCoverage(CENTERS, 1.0).update_state(np.ones((4, 3)))
