"""scikit-learn's bundled handwritten digits: real images without a download."""

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert_array
from ganzoo.data.philox import permutation
from ganzoo.data.sources import check_split, register


@register("digits")
def load_digits(argument=None, split="train", size=None, channels=None):
    """1,797 handwritten digits of 8 x 8 pixels, bundled with scikit-learn, enlarged to 32 x 32.

    Args:
        argument: None.
        split: `"train"`: 1,438 digits; `"test"`: the other 359, a random fifth that is the same
            always; or `"all"`.
        size: (height, width); None stands for (32, 32).
        channels: 1 or 3; None stands for 1.

    Reference:
        E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (its test set), UCI
        Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49
    """
    # Imported here because it takes a second.
    from sklearn.datasets import load_digits as bundled_digits

    check_split(split, ("train", "test", "all"))
    bundle = bundled_digits()
    # The originals count the ink in blocks of 4 x 4 pixels: integers from 0 to 16.
    images = np.round(bundle.images * (255 / 16)).astype(np.uint8)[..., None]
    # Random, because the digits come in runs of 0 to 9.
    order = permutation(seed=0, stream=0, count=len(images))
    test_count = len(images) // 5
    rows = {
        "train": np.sort(order[test_count:]),
        "test": np.sort(order[:test_count]),
        "all": np.arange(len(images)),
    }[split]
    return Dataset(
        convert_array(images[rows], size or (32, 32), channels),
        bundle.target[rows],
        class_names=map(str, bundle.target_names),
        name="digits",
        split=split,
    )
