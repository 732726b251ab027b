"""A value can be compared only with values of the same protocol."""

import dataclasses
import json

import numpy as np
import pytest

import ganzoo
from ganzoo import metrics
from ganzoo.metrics import Protocol, Result

PROTOCOL = Protocol(
    "FID", "fashion_mnist-classifier", "ab12", 10_000, 10_000, "test", None, 0, {"splits": 2}
)
RESULT = Result("FID", 3.2104, 0.0512, PROTOCOL)


def other(value=5.0, **changes):
    return Result("FID", value, None, dataclasses.replace(PROTOCOL, **changes))


def test_a_result_prints_as_one_line():
    expected = "FID@fashion_mnist-classifier 3.21 ± 0.051 (10k/10k test, splits 2, seed 0)"
    assert str(RESULT) == expected
    bare = Result("IS", 7, None, Protocol("IS", samples=1234, resize="bilinear 32"))
    assert str(bare) == "IS 7 (1234, bilinear 32)"


def test_results_of_one_protocol_can_be_ordered_and_subtracted():
    assert other() > RESULT and other() >= RESULT and other() > RESULT and other() >= RESULT
    assert not other() < RESULT and not RESULT < RESULT and RESULT <= RESULT
    assert other() - RESULT == 5.0 - 3.2104
    assert float(RESULT) == 3.2104
    assert sorted([other(), RESULT])[0] is RESULT
    assert dataclasses.replace(RESULT) == RESULT != other()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "KID"}, r"metric 'FID' and 'KID'"),
        ({"extractor": "inception"}, r"extractor 'fashion_mnist-classifier' and 'inception'"),
        ({"extractor_sha256": "ff"}, r"extractor_sha256 'ab12' and 'ff'"),
        ({"samples": 50_000}, r"samples 10000 and 50000"),
        ({"reference_samples": None}, r"reference_samples 10000 and None"),
        ({"reference": "train"}, r"reference 'test' and 'train'"),
        ({"resize": "bicubic"}, r"resize None and 'bicubic'"),
        ({"seed": 1}, r"seed 0 and 1"),
        ({"settings": {"splits": 10}}, r"splits 2 and 10"),
        ({"settings": {"splits": 2, "k": 3}}, r"k None and 3"),
    ],
)
def test_results_of_different_protocols_cannot_be_compared(changes, message):
    for compare in (
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        lambda a, b: a - b,
    ):
        with pytest.raises(ValueError, match=rf"different protocols.*Received: {message}$"):
            compare(RESULT, other(**changes))
    assert other(RESULT.value, **changes) != RESULT


def test_a_bare_number_is_not_a_result():
    with pytest.raises(TypeError, match=r"float\(result\).*Received: 3.0"):
        assert RESULT > 3.0


def test_a_result_survives_json():
    again = Result.from_dict(json.loads(json.dumps(RESULT.to_dict())))
    assert again == RESULT and hash(again) == hash(RESULT) and again <= RESULT
    assert RESULT.to_dict()["protocol"]["settings"] == {"splits": 2}


@pytest.mark.parametrize("content", [None, {}, [1], {"name": "FID", "value": 1, "protocol": {}}])
def test_other_content_is_refused(content):
    with pytest.raises(ValueError, match=r"not a dictionary.*Received: content="):
        Result.from_dict(content)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match=r"`value` must be finite. Received: value="):
        Result("FID", bad, None, PROTOCOL)
    with pytest.raises(ValueError, match=r"`spread` must be finite. Received: spread="):
        Result("FID", 1.0, bad, PROTOCOL)


@pytest.mark.parametrize("arguments", [{"samples": 0}, {"reference_samples": -1}, {"seed": -1}])
def test_a_protocol_checks_its_numbers(arguments):
    with pytest.raises(ValueError, match=rf"`{next(iter(arguments))}`.*Received"):
        Protocol("FID", **arguments)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_left_out_with_a_warning(bad, monkeypatch):
    def extractor(images):
        return images.reshape(len(images), -1)[:, :4] / np.float32(255)

    extractor.name = extractor.sha256 = "corner"
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1)).astype("uint8")
    values = {"precision": (0.5, None), "recall": (bad, None)}
    monkeypatch.setattr(metrics.PrecisionRecall, "measure", lambda metric: values)
    metric = metrics.PrecisionRecall(extractor, name="pr")
    evaluation = metrics.Evaluation([metric], ganzoo.data.Dataset(images), cache=False)
    with pytest.warns(UserWarning, match=rf"left out: .* Received: recall={bad} ± None"):
        found = evaluation.measure(images)
    assert list(found) == ["pr_precision"]
