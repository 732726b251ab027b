"""Three digits become one image of a thousand classes."""

import numpy as np
import pytest

from ganzoo import data


def test_each_channel_is_a_digit_of_the_label():
    digits = data.load("digits", size=8)
    stacked = data.load("stacked_mnist", digits="digits", size=8, count=500)
    assert stacked.image_shape == (8, 8, 3) and stacked.num_classes == 1000
    lookup = {}
    for image, label in zip(digits.examples, digits.labels, strict=True):
        lookup.setdefault(image.tobytes(), set()).add(int(label))
    for image, label in zip(stacked.examples, stacked.labels, strict=True):
        for channel, digit in enumerate((label // 100, label // 10 % 10, label % 10)):
            assert digit in lookup[np.ascontiguousarray(image[..., channel]).tobytes()]


def test_digits_are_drawn_alike_for_every_channel():
    labels = data.load("stacked_mnist", digits="digits", size=4, count=30_000).labels
    for digit in (labels // 100, labels // 10 % 10, labels % 10):
        counts = np.bincount(digit, minlength=10)
        assert counts.min() > 2500 and counts.max() < 3500
    assert len(np.unique(labels)) == 1000


def test_draws_depend_on_the_seed_and_the_split():
    def labels(**options):
        return data.load("stacked_mnist", digits="digits", size=4, count=50, **options).labels

    np.testing.assert_array_equal(labels(seed=3), labels(seed=3))
    assert (labels(seed=3) != labels(seed=4)).any()
    assert (labels(seed=3) != labels(seed=3, split="test")).any()


def test_the_default_counts_follow_the_protocol():
    assert len(data.load("stacked_mnist", digits="digits", size=2)) == 128_000
    assert len(data.load("stacked_mnist", "test", digits="digits", size=2)) == 26_000


def test_digits_may_come_from_a_packed_file(tmp_path):
    path = data.pack(data.load("digits", size=8), tmp_path / "digits.npz")
    packed = data.load("stacked_mnist", digits=str(path), count=20)
    direct = data.load("stacked_mnist", digits="digits", size=8, count=20)
    np.testing.assert_array_equal(packed.examples, direct.examples)


def test_digits_of_another_kind_are_refused(tmp_path):
    color = data.pack(data.load("digits", channels=3), tmp_path / "color.npz")
    with pytest.raises(ValueError, match="grayscale uint8 images of 10 classes"):
        data.load("stacked_mnist", digits=str(color), count=5)
    deep = data.Dataset(np.full((10, 4, 4, 1), 60000, np.uint16), np.arange(10))
    deep = data.pack(deep, tmp_path / "deep.npz")
    with pytest.raises(ValueError, match="grayscale uint8 images of 10 classes"):
        data.load("stacked_mnist", digits=str(deep), count=5)
    digits = data.load("digits", size=8)
    digits.class_names = tuple("1234567890")
    renamed = data.pack(digits, tmp_path / "renamed.npz")
    with pytest.raises(ValueError, match="the digits in order, '0', '1'"):
        data.load("stacked_mnist", digits=str(renamed), count=5)
    with pytest.raises(ValueError, match="Received: channels=1"):
        data.load("stacked_mnist", channels=1)
