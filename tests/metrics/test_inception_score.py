"""The Inception score is exp(E KL(p(y|x) || p(y))) of contiguous splits."""

import warnings

import numpy as np
import pytest
from keras import ops
from metric_cases import probabilities, stream

from ganzoo.metrics import InceptionScore, inception_score


def written_out(p, splits):
    scores = []
    for part in range(splits):
        chunk = p[part * len(p) // splits : (part + 1) * len(p) // splits]
        marginal = chunk.mean(0)
        divergences = [
            sum(a * np.log(a / b) for a, b in zip(row, marginal, strict=True) if a > 0)
            for row in chunk
        ]
        scores.append(np.exp(np.mean(divergences)))
    return np.mean(scores), np.std(scores)


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_the_score_equals_the_equation(splits):
    # 47 samples cannot be divided into 3 or 10 equal parts.
    p = probabilities(47)
    np.testing.assert_allclose(inception_score(p, splits), written_out(p, splits), rtol=1e-12)


def test_zeros_contribute_nothing():
    p = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(inception_score(p, splits=1), (2.0, 0.0), rtol=1e-15)


def test_the_score_lies_between_one_and_the_number_of_classes():
    assert inception_score(np.full((20, 5), 0.2), splits=2) == pytest.approx((1, 0), abs=1e-12)
    np.testing.assert_allclose(inception_score(np.tile(np.eye(5), (4, 1)), 2), (5, 0), rtol=1e-12)


def test_samples_in_order_of_their_classes_need_the_shuffle():
    sorted_by_class = np.repeat(np.eye(10), 100, axis=0)
    with pytest.warns(UserWarning, match="sorted by class.*order='shuffled'"):
        given, _ = inception_score(sorted_by_class)
    shuffled, _ = inception_score(sorted_by_class, order="shuffled", seed=3)
    assert given == pytest.approx(1.0) and shuffled > 9.0
    assert inception_score(sorted_by_class, order="shuffled", seed=4)[0] != shuffled
    (result,) = stream(InceptionScore(order="shuffled", seed=3), sorted_by_class).report()
    assert result.value == shuffled and result.spread > 0
    assert dict(result.protocol.settings) == {"splits": 10, "shuffle_seed": 3}


@pytest.mark.parametrize(
    "bad", [np.ones((4, 3)), np.array([[1.2, -0.2]]), np.log(probabilities(4))]
)
def test_logits_are_refused(bad):
    with pytest.raises(ValueError, match=r"apply a softmax to logits. Received"):
        inception_score(bad, splits=1)
    with pytest.raises(ValueError, match=r"apply a softmax to logits. Received"):
        InceptionScore().update_state(bad)


def test_samples_in_random_order_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for count in (12, 100, 1000):
            order = np.random.default_rng(count).integers(0, 10, count)
            score, _ = inception_score(np.eye(10)[order])
            assert 1 < score <= 10


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("is_converted", [False, True])
def test_probabilities_of_half_precision_are_accepted(dtype, is_converted):
    logits = 2 * np.random.default_rng(10).normal(size=(500, 10))
    exact = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    half = ops.softmax(ops.cast(ops.convert_to_tensor(logits), dtype))
    if is_converted:
        half = ops.cast(half, "float32")
    metric = stream(InceptionScore(), half)
    assert metric.result() == pytest.approx(inception_score(exact)[0], abs=0.05)


def test_more_splits_than_samples_are_refused():
    with pytest.raises(ValueError, match=r"Received: splits=10, 9 samples"):
        inception_score(probabilities(9))


@pytest.mark.parametrize("arguments", [{"splits": 0}, {"order": "random"}, {"seed": -1}])
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        InceptionScore(**arguments)
