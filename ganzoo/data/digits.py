"""The handwritten digits that come with ganzoo: real images without a download."""

from pathlib import Path

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert_array
from ganzoo.data.philox import permutation
from ganzoo.data.sources import check_split, register

# Its origin and its license are in `digits_license.txt`.
_FILE = Path(__file__).with_name("digits.npz")


@register("digits")
def load_digits(argument=None, split="train", size=None, channels=None) -> Dataset:
    """1,797 handwritten digits of 8 x 8 pixels, which come with ganzoo, enlarged to 32 x 32.

    The data are licensed under CC BY 4.0 by the authors below.

    Args:
        argument: None.
        split: `"train"`: 1,438 digits; `"test"`: the other 359, a random fifth that is always the
            same; or `"all"`.
        size: (height, width); None stands for (32, 32).
        channels: 1 or 3; None stands for 1.

    Returns:
        A `Dataset` of 10 classes.

    Raises:
        ValueError: If the split is unknown.

    Reference:
        E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (its test set), UCI
        Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49
    """
    check_split(split, ("train", "test", "all"))
    with np.load(_FILE, allow_pickle=False) as file:
        counts, labels = file["images"], file["labels"]
    # An original pixel is the count of ink in a block of 4 x 4: an integer from 0 to 16.
    images = np.round(counts * (255 / 16)).astype(np.uint8)[..., None]
    # The digits are stored in runs of 0 to 9, so the split is random.
    order = permutation(seed=0, stream=0, count=len(images))
    test_count = len(images) // 5
    rows = {
        "train": np.sort(order[test_count:]),
        "test": np.sort(order[:test_count]),
        "all": np.arange(len(images)),
    }[split]
    return Dataset(
        convert_array(images[rows], size or (32, 32), channels),
        labels[rows],
        class_names=map(str, range(10)),
        name="digits",
        split=split,
    )
