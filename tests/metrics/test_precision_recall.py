"""Precision, recall, density and coverage follow the definitions of their papers."""

import tracemalloc

import numpy as np
import pytest
from metric_cases import features

from ganzoo import metrics
from ganzoo.metrics import precision_recall


def written_out(real, fake, k, density_k):
    def distance(a, b):
        return np.linalg.norm(a - b)

    def radius(points, index, k):
        others = np.delete(points, index, axis=0)
        return sorted(distance(points[index], other) for other in others)[k - 1]

    def inside(points, query, k):
        return [distance(p, query) <= radius(points, i, k) for i, p in enumerate(points)]

    wide = np.array([inside(real, y, density_k) for y in fake])
    return {
        "precision": np.mean([any(inside(real, y, k)) for y in fake]),
        "recall": np.mean([any(inside(fake, x, k)) for x in real]),
        "density": wide.sum() / (density_k * len(fake)),
        "coverage": wide.any(axis=0).mean(),
    }


@pytest.mark.parametrize(("k", "density_k"), [(1, 1), (3, 5), (4, 2)])
def test_the_values_equal_the_definition(k, density_k):
    real, fake = features(23, 4), features(17, 4, seed=1, shift=0.8)
    expected = written_out(real, fake, k, density_k)
    assert precision_recall(real, fake, k, density_k) == pytest.approx(expected, rel=1e-12)
    assert 0 < expected["precision"] < 1 and 0 < expected["recall"] < 1


def test_fidelity_and_diversity_are_distinguished():
    real = features(500, 4)
    collapsed = real[:1] + 0.01 * features(500, 4, seed=1)
    scores = precision_recall(real, collapsed)
    assert scores["precision"] == 1.0 and scores["recall"] < 0.05 and scores["coverage"] < 0.05
    scattered = 4 * features(500, 4, seed=1)
    scores = precision_recall(real, scattered)
    assert scores["precision"] < 0.5 and scores["recall"] > 0.8 and scores["density"] < 0.3


def test_precision_and_recall_are_exchanged_with_the_sets():
    real, fake = features(60, 4), features(50, 4, seed=1, shift=0.4)
    forth, back = precision_recall(real, fake), precision_recall(fake, real)
    assert (forth["precision"], forth["recall"]) == (back["recall"], back["precision"])


def test_balls_are_closed_and_do_not_count_their_own_example():
    # The balls of 0, 1, 2, 3 have the radius 1: 4 lies exactly on the border of the last ball.
    line = np.arange(4.0)[:, None]
    at_border = precision_recall(line, np.array([[4.0], [5.5]]), k=1, density_k=1)
    assert at_border == {"precision": 0.5, "recall": 0.25, "density": 0.5, "coverage": 0.25}
    # A set compared with itself: each example is in its own ball and in its neighbors' balls.
    itself = precision_recall(line, line, k=1, density_k=1)
    assert itself == {"precision": 1.0, "recall": 1.0, "density": 10 / 4, "coverage": 1.0}


def test_ties_do_not_depend_on_rounding():
    x = features(1500, 16)
    scores = precision_recall(x, x.copy(), k=2, density_k=2)
    # On average, an example is in its own ball and in exactly two others.
    assert scores == {"precision": 1.0, "recall": 1.0, "density": 1.5, "coverage": 1.0}
    far = precision_recall(x + 1e4, x + 1e4, k=2, density_k=2)
    assert far == pytest.approx(scores, rel=1e-12)


def test_constant_features_give_finite_values():
    constant = np.full((20, 8), 0.1)
    scores = precision_recall(constant, constant)
    assert scores == {"precision": 1.0, "recall": 1.0, "density": 4.0, "coverage": 1.0}
    apart = precision_recall(constant, constant + 1)
    assert apart == {"precision": 0.0, "recall": 0.0, "density": 0.0, "coverage": 0.0}


def test_memory_does_not_grow_with_the_square_of_the_count():
    real, fake = features(3500, 8), features(3500, 8, seed=1)
    tracemalloc.start()
    try:
        precision_recall(real, fake)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A single matrix of all distances would take 98 MB.
    assert peak < 80e6


@pytest.mark.parametrize(("counts", "name"), [((5, 9), "real"), ((9, 3), "fake")])
def test_sets_without_a_kth_neighbor_are_refused(counts, name):
    with pytest.raises(ValueError, match=rf"`{name}` must have more.*Received: {min(counts)} "):
        precision_recall(features(counts[0]), features(counts[1]))


@pytest.mark.parametrize("argument", ["k", "density_k"])
def test_bad_arguments_are_refused(argument):
    with pytest.raises(ValueError, match=rf"`{argument}`.*Received: {argument}=0"):
        metrics.PrecisionRecall(**{argument: 0})


@pytest.mark.slow
def test_ten_thousand_gaussians_in_a_thousand_dimensions_have_the_published_values():
    # The example of the authors of density and coverage, who do not seed their draws.
    real, fake = np.random.default_rng(1).normal(size=(2, 10_000, 1000))
    tracemalloc.start()
    try:
        scores = precision_recall(real, fake, k=5, density_k=5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300e6
    assert scores["precision"] == pytest.approx(0.477, abs=0.04)
    assert scores["recall"] == pytest.approx(0.471, abs=0.04)
    assert scores["density"] == pytest.approx(1.055, abs=0.15)
    assert scores["coverage"] == pytest.approx(0.974, abs=0.02)
