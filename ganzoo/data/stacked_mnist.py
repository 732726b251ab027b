"""Stacked MNIST: 1000 classes, to count the modes that a generator covers."""

import numpy as np

from ganzoo.data import philox
from ganzoo.data.classes import listed
from ganzoo.data.dataset import Dataset
from ganzoo.data.sources import check_split, load, register
from ganzoo.validation import check_choice, check_positive_integer

_DIGITS = tuple("0123456789")
_COUNTS = {"train": 128_000, "test": 26_000}


@register("stacked_mnist")
def load_stacked_mnist(
    argument=None,
    split="train",
    size=None,
    channels=None,
    *,
    count=None,
    seed=0,
    digits="tfds:mnist",
):
    """Images whose three color channels are random MNIST digits: 1000 classes.

    The class of the digits a, b and c (red, green, blue) is 100 a + 10 b + c.

    Args:
        argument: None.
        split: `"train"` or `"test"` of the digits.
        size: (height, width) that the digits are resized to, or None.
        channels: 3 or None.
        count: Number of images. Defaults to 128,000 for training, 26,000 for testing.
        seed: Integer in [0, 2**64), the seed of the choice of digits.
        digits: Source of the digits, e.g. a file packed from `"tfds:mnist"`: grayscale uint8 images
            with labels from 0 to 9.

    Reference:
        Lin et al., PacGAN, 2018, arXiv:1712.04086, section 4.2
    """
    check_split(split, tuple(_COUNTS))
    check_choice("channels", channels, (None, 3))
    count = _COUNTS[split] if count is None else check_positive_integer("count", count)
    singles = load(digits, split=split, size=size)
    is_gray = singles.examples.dtype == np.uint8 and singles.image_shape[2] == 1
    if not is_gray or singles.num_classes != 10:
        raise ValueError(
            "`digits` must be grayscale uint8 images of 10 classes. "
            f"Received: digits={digits!r}, which is {singles!r}"
        )
    if singles.class_names not in (None, _DIGITS):
        raise ValueError(
            f"The classes of `digits` must be the digits in order, {listed(_DIGITS)}. "
            f"Received: digits={digits!r} with {listed(singles.class_names)}"
        )
    stream = tuple(_COUNTS).index(split)
    rows = philox.integers(seed, stream, len(singles), (count, 3))
    images = np.empty((count, *singles.image_shape[:2], 3), np.uint8)
    for channel in range(3):
        images[..., channel] = singles.examples[rows[:, channel], :, :, 0]
    return Dataset(
        images,
        singles.labels[rows] @ np.array([100, 10, 1], np.int32),
        num_classes=1000,
        name="stacked_mnist",
        split=split,
    )
