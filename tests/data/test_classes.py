"""Classes of two data sets are compared by their names."""

import warnings

import numpy as np
import pytest

from ganzoo.data import Dataset
from ganzoo.data.classes import check_class_names, listed, numbered_as

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), dtype="uint8")


def dataset(labels, names):
    return Dataset(IMAGES, np.array(labels), class_names=names)


def test_classes_get_the_numbers_of_their_names():
    data = dataset([0, 1, 1, 0], ["fox", "cat"])

    with pytest.warns(UserWarning, match="numbered by their names as in the model: 'cat', 'dog'"):
        found = numbered_as(data, ["cat", "dog", "fox"], "the model")

    assert found.labels.tolist() == [2, 0, 0, 2] and found.labels.dtype == "int32"
    assert (found.class_names, found.num_classes) == (("cat", "dog", "fox"), 3)
    assert found.examples is data.examples and data.labels.tolist() == [0, 1, 1, 0]


def test_equal_numbers_need_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for names in (["cat", "dog"], ["cat", "dog", "fox"]):
            found = numbered_as(dataset([0, 1, 1, 0], ["cat", "dog"]), names, "the model")
            assert found.labels.tolist() == [0, 1, 1, 0] and found.num_classes == len(names)


def test_unknown_classes_are_refused_if_they_have_examples():
    names = ["cat", "emu", "dog"]
    with pytest.raises(ValueError, match=r"only classes of the model: 'cat', 'dog'. .* of 'emu'"):
        numbered_as(dataset([0, 1, 2, 0], names), ["cat", "dog"], "the model")
    with pytest.warns(UserWarning):
        found = numbered_as(dataset([0, 2, 2, 0], names), ["cat", "dog"], "the model")
    assert found.labels.tolist() == [0, 1, 1, 0]


def test_without_names_only_numbers_can_be_compared():
    named, unnamed = dataset([0, 1, 1, 0], ["a", "b"]), dataset([0, 1, 1, 0], None)
    assert numbered_as(named, None, "the model") is named
    assert numbered_as(unnamed, ["a", "b"], "the model") is unnamed
    assert numbered_as(Dataset(IMAGES), ["a", "b"], "the model").labels is None


def test_names_that_are_numbers_say_no_more_than_these():
    numbers, names = dataset([0, 1, 1, 0], ["0", "1"]), ["cat", "dog"]
    with pytest.warns(UserWarning, match="by their numbers.*'0', '1' are taken for 'cat', 'dog'"):
        assert numbered_as(numbers, names, "the model") is numbers
    named = dataset([0, 1, 1, 0], names)
    with pytest.warns(UserWarning, match="'cat', 'dog' are taken for '0', '1'"):
        assert numbered_as(named, ["0", "1"], "the model") is named
    with pytest.raises(ValueError, match="only classes of the model"):
        numbered_as(numbers, ["cat", "dog", "fox"], "the model")


def test_names_are_checked():
    assert check_class_names(None, 3) is None
    assert check_class_names(iter("ab"), 2) == ("a", "b")
    for names, received in ((["a"], "num_classes=2, 1 names"), (["a", "a"], "'a' more than once")):
        with pytest.raises(ValueError, match=f"Received: {received}"):
            check_class_names(names, 2)
    with pytest.raises(ValueError, match="must be a list"):
        check_class_names("ab", 2)
    assert listed("abcdefghij").endswith("'h' and 2 more")
