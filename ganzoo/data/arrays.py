"""A data source of arrays in memory."""

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert_array
from ganzoo.data.sources import register


@register("arrays")
def load_arrays(
    argument=None,
    split="train",
    size=None,
    channels=None,
    *,
    images=None,
    labels=None,
    num_classes=None,
    class_names=None,
    conditions=None,
    condition_names=None,
    name="arrays",
):
    """The arrays that are passed as `images=` and `labels=`: images or float vectors.

    Args:
        argument: None.
        split: Stored as a name only.
        size: (height, width) to resize uint8 images to, or None.
        channels: 1 or 3 for uint8 images, or None.
        images: The examples, as `Dataset` takes them.
        labels, num_classes, class_names: As `Dataset` takes them.
        conditions, condition_names, name: As `Dataset` takes them.

    Raises:
        ValueError: If the arrays cannot be used for training.
    """
    if images is None:
        raise ValueError('Give the arrays: load("arrays", images=..., labels=...)')
    dataset = Dataset(
        images, labels, num_classes, class_names, name, split, conditions, condition_names
    )
    if size is None and channels is None:
        return dataset
    if dataset.examples.dtype != np.uint8:
        raise ValueError(
            "`size` and `channels` convert uint8 images; float data are not converted. "
            f"Received: size={size}, channels={channels}, images.dtype={dataset.examples.dtype}"
        )
    dataset.examples = convert_array(dataset.examples, size, channels)
    return dataset
