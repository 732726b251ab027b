"""Neighbors found in float32 agree with float64."""

import numpy as np
import pytest
from metric_cases import features

from ganzoo.metrics.neighbors import Neighbors


def squares(rows, columns):
    return ((rows[:, None] - columns) ** 2).sum(axis=2)


def clusters(count, seed=0):
    """Near copies, closer together than float32 can resolve so far from the center."""
    draws = np.random.default_rng(seed)
    return 3 * features(2, 6)[draws.integers(2, size=count)] + 1e-3 * draws.normal(size=(count, 6))


CASES = {
    "gaussian": features(700, 6),
    "clusters": clusters(700),
    "copies": np.repeat(features(70, 6), 10, axis=0),
    "constant": np.full((50, 6), 3.0),
    "tiny": 1e-30 * features(100, 6),
    "huge": 1e150 * features(100, 6),
    "outlier": np.concatenate([features(99, 6), np.full((1, 6), 1e3)]),
}


@pytest.mark.parametrize("name", CASES)
def test_radii_agree_with_float64(name):
    x = CASES[name]
    expected = squares(x, x)
    np.fill_diagonal(expected, np.inf)
    expected.sort(axis=1)
    radii = Neighbors(x, x).radii(3, 1)
    np.testing.assert_allclose(radii, expected[:, [2, 0]].T, rtol=1e-7, atol=0)


@pytest.mark.parametrize("name", CASES)
def test_pairs_are_on_the_same_side_of_every_limit_as_in_float64(name):
    x = CASES[name]
    y = x[:37] + (0 if name in ("copies", "constant") else 1e-7 * x.std())
    expected = squares(x, y)
    row_limits = np.quantile(expected, [0.01, 0.1], axis=1)
    column_limits = np.quantile(expected, [0.02], axis=0)
    limits = (*row_limits[:, :, None] + 0 * expected, *column_limits[:, None] + 0 * expected)
    found = np.full(expected.shape, np.inf)
    for i, j, distances in Neighbors(x, y).pairs(row_limits, column_limits):
        found[i, j] = distances
    for limit in limits:
        clear = np.abs(expected - limit) > 1e-7 * limit
        np.testing.assert_array_equal((found <= limit)[clear], (expected <= limit)[clear])


def test_blocks_make_no_difference(monkeypatch):
    x, y = features(90, 6), features(80, 6, seed=1)
    whole = Neighbors(x, y).radii(4)
    monkeypatch.setattr("ganzoo.metrics.neighbors._BLOCK", 700)
    monkeypatch.setattr("ganzoo.metrics.neighbors._PART", 200)
    monkeypatch.setattr("ganzoo.metrics.neighbors._DIFFERENCES", 30)
    np.testing.assert_allclose(Neighbors(x, y).radii(4), whole, rtol=1e-12)
