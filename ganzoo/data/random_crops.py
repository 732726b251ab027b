"""Windows of images at random places, which follow from the seed and the step."""

from typing import Self

import numpy as np

from ganzoo.data import philox
from ganzoo.data.batches import Batches
from ganzoo.data.dataset import Dataset, in_eight_bits

# The streams of the places come after the ones of the passes over the data.
_FIRST_STREAM = 2**63


class RandomCrops(Dataset):
    """Images of which each batch has windows at random places.

    Args:
        dataset: A `ganzoo.data.Dataset` of images.
        size: (height, width) of a window, at most the size of the images.

    Attributes:
        whole: The whole images, of which the checksum is.
        examples: The windows in the middle, which metrics are compared with.

    Raises:
        ValueError: If the data are no images, or smaller than a window.

    Example:

    >>> data = ganzoo.data.random_crops.RandomCrops(ganzoo.data.load("digits"), (24, 24))
    >>> data.batches(16).batch(0)[0].shape
    (16, 24, 24, 1)
    """

    def __init__(self, dataset: Dataset, size: tuple[int, int]):
        if not isinstance(dataset.examples, np.ndarray):
            raise ValueError(
                "Random crops are windows of images in memory, and not in shards. "
                f"Received: {dataset!r}"
            )
        if not dataset.has_images or any(
            side > whole for side, whole in zip(size, dataset.example_shape[:2], strict=True)
        ):
            raise ValueError(
                "Random crops are windows of images that are at least as large. "
                f"Received: size={size} with {dataset!r}"
            )
        vars(self).update(vars(dataset))
        self._whole = dataset.examples
        top, left = ((w - s) // 2 for w, s in zip(self.whole.shape[1:3], size, strict=True))
        self.examples = np.ascontiguousarray(
            self.whole[:, top : top + size[0], left : left + size[1]]
        )

    @property
    def whole(self) -> np.ndarray:
        return self._whole

    def in_eight_bits(self) -> Self:
        result = super().in_eight_bits()
        if result is not self:
            result._whole = in_eight_bits(self._whole, self.stored)
        return result

    def take(self, rows: np.ndarray) -> Self:
        """Returns some of the images, of which batches have windows too."""
        result = super().take(rows)
        result._whole = self._whole.take(rows, axis=0)
        return result

    def batches(
        self,
        batch_size: int,
        seed: int = 0,
        steps_per_epoch: int | None = None,
        mirror: bool = False,
    ) -> Batches:
        """Returns batches of windows; the places of a batch follow from the seed and its step."""
        if mirror:
            raise ValueError("Random crops are not mirrored too. Received: mirror=True")
        return RandomCropBatches(self, batch_size, seed=seed, steps_per_epoch=steps_per_epoch)


class RandomCropBatches(Batches):
    """Batches of windows of a `RandomCrops`."""

    def batch(self, step):
        rows, *targets = self.rows(step)
        data = self.dataset
        height, width = data.example_shape[:2]
        places = data.whole.shape[1] - height + 1, data.whole.shape[2] - width + 1
        drawn = philox.integers(self.seed, _FIRST_STREAM + step, places[0] * places[1], len(rows))
        tops, lefts = np.divmod(drawn, places[1])
        windows = [
            data.whole[row, top : top + height, left : left + width]
            for row, top, left in zip(rows, tops, lefts, strict=True)
        ]
        return np.stack(windows), *targets
