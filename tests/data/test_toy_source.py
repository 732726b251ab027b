"""Points of the toy mixtures have the positions of the paper."""

import numpy as np
import pytest

from ganzoo import data


@pytest.mark.parametrize(("name", "modes", "deviation"), [("ring", 8, 0.01), ("grid", 25, 0.05)])
def test_points_scatter_about_the_center_of_their_label(name, modes, deviation):
    dataset = data.load(f"toy:{name}", count=50_000)
    assert isinstance(dataset, data.Mixture)
    assert dataset.examples.shape == (50_000, 2) and dataset.examples.dtype == np.float32
    assert dataset.num_classes == modes == len(dataset.centers)
    assert dataset.deviation == deviation
    for mode in range(modes):
        points = dataset.examples[dataset.labels == mode]
        assert abs(len(points) - 50_000 / modes) < 5 * np.sqrt(50_000 / modes)
        standard_error = deviation / np.sqrt(len(points))
        assert abs(points.mean(0) - dataset.centers[mode]).max() < 5 * standard_error
        np.testing.assert_allclose(points.std(0), deviation, rtol=0.1)


def test_centers_follow_the_paper():
    ring = data.load("toy:ring", count=10).centers
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(ring[[0, 2, 4]], [[1, 0], [0, 1], [-1, 0]], atol=1e-6)
    grid = data.load("toy:grid", count=10).centers
    assert {tuple(center) for center in grid.tolist()} == {
        (x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)
    }


def test_draws_depend_on_the_seed_and_the_split():
    first, again = (data.load("toy:grid", count=100, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.examples, again.examples)
    for other in ({"seed": 2}, {"seed": 1, "split": "test"}):
        assert (data.load("toy:grid", count=100, **other).labels != first.labels).any()


@pytest.mark.parametrize(
    "arguments", [{"size": 32}, {"channels": 1}, {"count": 0}, {"seed": -1}, {"split": "dev"}]
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        data.load("toy:ring", **arguments)
