"""Batches in which about half of the images are mirrored."""

import numpy as np

from ganzoo.data.batches import Batches
from ganzoo.data.philox import integers

# Stream of the generator, with one of its own for each step. `Batches` and `SemiSupervisedBatches`
# use the ones below.
_FLIPS = 4 << 60


class MirroredBatches(Batches):
    """The batches of `Batches`, in which each image is flipped horizontally with probability 1/2.

    Which images are flipped depends on the seed and the step alone, as their order does. It doubles
    the images of a data set without a left and a right, such as faces. Digits and letters would
    become other ones.

    It has the arguments and errors of `Batches`.

    Raises:
        ValueError: If the examples are not images.

    Example:

    >>> batches = ganzoo.data.load("digits").batches(64, mirror=True)
    >>> images, labels = batches.batch(0)
    """

    def __init__(self, dataset, batch_size: int, seed: int = 0, steps_per_epoch: int | None = None):
        super().__init__(dataset, batch_size, seed, steps_per_epoch)
        if not dataset.has_images:
            raise ValueError(f"Only images can be mirrored. Received: {dataset!r}")

    def batch(self, step: int) -> tuple[np.ndarray, ...]:
        images, *labels = super().batch(step)
        flipped = integers(self.seed, _FLIPS + int(step), 2, len(images)) == 1
        images[flipped] = images[flipped, :, ::-1]
        return images, *labels

    def __repr__(self):
        return f"Mirrored{super().__repr__()}"
