"""Messages say what was received: values of scalars, but of data only type and shape."""

import numpy as np
import pytest

import ganzoo
from ganzoo import validation
from ganzoo.validation import describe

ARRAYS = [np.linspace(-0.123456, 0.9, 64 * 64 * 3).reshape(64, 64, 3)] * 256


def test_scalars_texts_and_short_lists_of_them_are_shown():
    for value in (None, True, 3, 0.5, "hinge", (32, 32), ["fid", "kid"], [], {1, 2}):
        assert describe(value) == repr(value)
    assert describe(np.float32(0.5)).endswith("0.5)")
    assert describe(np.array(7)) == "7"


def test_data_are_described():
    assert describe(ARRAYS[0]) == "an ndarray of float64 and shape (64, 64, 3)"
    assert describe(ARRAYS) == ("a list of 256: an ndarray of float64 and shape (64, 64, 3), ...")
    assert describe({"image": ARRAYS[0], "label": 1}) == "a dict with the keys 'image', 'label'"
    assert describe(list(range(1000))) == "a list of 1,000: 0, ..."
    assert len(describe("x" * 10_000)) < 300 and "10,002 characters" in describe("x" * 10_000)


CHECKS = {
    "check_positive_integer": ("n",),
    "check_non_negative": ("weight",),
    "check_positive": ("weight",),
    "check_fraction": ("decay",),
    "check_seed": (),
    "check_image_shape": (),
}


@pytest.mark.parametrize("value", [ARRAYS, ARRAYS[0], {"image": ARRAYS[0]}], ids=type)
def test_no_check_prints_data(value):
    doors = [
        lambda name=name, arguments=arguments: getattr(validation, name)(*arguments, value)
        for name, arguments in CHECKS.items()
    ]
    doors += [
        lambda: validation.check_choice("unit", value, ("epochs", "steps")),
        lambda: ganzoo.losses.get(value),
        lambda: ganzoo.regularizers.get(value),
        lambda: ganzoo.metrics.get(value),
        lambda: ganzoo.augment.get(value),
        lambda: ganzoo.data.load(value),
        lambda: ganzoo.AdversarialOptimizer(value, "adam"),
        lambda: ganzoo.data.Dataset(ARRAYS[:4], value),
    ]
    for door in doors:
        with pytest.raises((TypeError, ValueError)) as error:
            door()
        assert len(str(error.value)) < 1_000 and "0.12345" not in str(error.value)
