"""Structural similarity and distances between samples reveal a collapsed generator."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from metric_cases import features, images, stream

from ganzoo.metrics import (
    PairwiseDistance,
    StructuralSimilarity,
    pairwise_distance,
    structural_similarity,
)

WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])


@pytest.mark.parametrize(
    ("shape", "scales"),
    [((20, 32, 32, 3), 2), ((3, 28, 28, 1), 2), ((2, 43, 60, 1), 3), ((2, 161, 190, 3), 5)],
)
def test_similarity_equals_tensorflow_with_the_scales_that_fit(shape, scales):
    draws = np.random.default_rng(0)
    first = np.repeat(np.repeat(images(shape[0], 48, shape[3]), 4, 1), 4, 2)
    first = first[:, : shape[1], : shape[2]]
    noise = draws.normal(size=shape) * draws.uniform(5, 80, (shape[0], 1, 1, 1))
    second = np.clip(first + noise, 0, 255).astype("uint8")
    # The published weights sum to 1.0001.
    weights = WEIGHTS if scales == 5 else WEIGHTS[:scales] / WEIGHTS[:scales].sum()
    expected = tf.image.ssim_multiscale(first, second, 255, weights)
    assert expected.numpy().max() > 0.5
    np.testing.assert_allclose(structural_similarity(first, second), expected, atol=2e-5)


def test_an_image_is_similar_to_itself_and_not_to_its_negative():
    picture = images(2, 32, 3)
    np.testing.assert_allclose(structural_similarity(picture, picture), 1, rtol=1e-12)
    assert structural_similarity(picture, 255 - picture).max() < 0.01
    constant = np.full((1, 16, 16, 1), 9, "uint8")
    np.testing.assert_allclose(structural_similarity(constant, constant), 1, rtol=1e-12)


def test_equal_samples_are_fully_similar_and_noise_is_not():
    collapsed = np.repeat(images(1, 32), 30, axis=0)
    metric = stream(StructuralSimilarity(), collapsed)
    assert metric.result() == pytest.approx(1.0)
    assert stream(StructuralSimilarity(), images(30, 32)).result() < 0.2
    assert str(metric.report()[0]).startswith("MS-SSIM 1 ± ")
    assert dict(metric.report()[0].protocol.settings)["scales"] == 2


def test_five_scales_have_the_published_weights(monkeypatch):
    module = sys.modules["ganzoo.metrics.structural_similarity"]  # Hidden by the function.
    similarity, given = module._similarity, []
    monkeypatch.setattr(module, "_similarity", lambda *a: given.append(a[2]) or similarity(*a))
    for side in (161, 81):
        structural_similarity(images(1, side), images(1, side, seed=1))
    assert given[0].tolist() == WEIGHTS.tolist() and given[1].sum() == pytest.approx(1, abs=1e-15)


def test_a_pair_has_two_different_samples():
    black, white = np.zeros((1, 16, 16, 1), "uint8"), np.full((1, 16, 16, 1), 255, "uint8")
    metric = stream(StructuralSimilarity(pairs=50), np.concatenate([black, white]))
    assert metric.result() == pytest.approx(structural_similarity(black, white)[0])


def test_pairs_depend_on_the_seed():
    pictures = images(30, 16)
    first, again, other = (
        stream(StructuralSimilarity(pairs=5, seed=seed), pictures).result() for seed in (0, 0, 1)
    )
    assert first == again != other


def test_unusable_images_are_refused():
    with pytest.raises(ValueError, match=r"at least 11 pixels.*Received: images of 10 x 10"):
        StructuralSimilarity().update_state(images(3, 10))
    with pytest.raises(ValueError, match=r"uint8.*Received"):
        StructuralSimilarity().update_state(images(3, 16) / 255)
    with pytest.raises(ValueError, match=r"the same shape. Received"):
        structural_similarity(images(3, 16), images(2, 16))
    metric = stream(StructuralSimilarity(), images(3, 16))
    with pytest.raises(ValueError, match=r"same shape.*\(2, 12, 12, 1\)"):
        metric.update_state(images(2, 12))
    with pytest.raises(ValueError, match=r"at least 2 samples. Received: 1 sample"):
        stream(StructuralSimilarity(), images(1, 16)).result()
    with pytest.raises(ValueError, match=r"`pairs`.*Received: pairs=0"):
        StructuralSimilarity(pairs=0)


def test_distance_is_the_mean_over_all_pairs():
    x = features(70, 5)
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    expected = distances[np.triu_indices(70, 1)].mean()
    np.testing.assert_allclose(pairwise_distance(x), expected, rtol=1e-12)
    (result,) = stream(PairwiseDistance(), x.astype("float32")).report()
    assert float(result) == pytest.approx(expected, rel=1e-6)
    assert pairwise_distance(np.full((9, 3), 0.1)) == 0.0
    with pytest.raises(ValueError, match=r"at least 2 rows. Received"):
        pairwise_distance(x[:1])
