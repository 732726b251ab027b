"""Mixtures of Gaussians in the plane, with modes that can be counted."""

import numpy as np

from ganzoo.data import philox
from ganzoo.data.dataset import Dataset
from ganzoo.data.sources import check_split, register
from ganzoo.validation import check_choice, check_positive_integer


class Mixture(Dataset):
    """Points from Gaussians of equal weight and width. The label of a point is its mode.

    Args:
        centers: Means of the modes, shape (modes, dimensions).
        deviation: Standard deviation in each dimension.
        count: Number of points.
        seed: Integer in [0, 2**64).
        name: Origin of the data.
        split: `"train"` or `"test"`: independent draws.

    Attributes:
        centers: float32 array of shape (modes, dimensions).
        deviation: Float.

    Example:

    >>> ring = ganzoo.data.load("toy:ring", count=1000)
    >>> ring.centers.shape, ring.deviation
    ((8, 2), 0.01)
    """

    def __init__(
        self,
        centers: np.ndarray,
        deviation: float,
        count: int = 100_000,
        seed: int = 0,
        name: str = "mixture",
        split: str = "train",
    ):
        check_split(split, ("train", "test"))
        count = check_positive_integer("count", count)
        self.centers = np.asarray(centers, np.float32)
        self.deviation = deviation
        # Each split has its own streams of the generator, one for modes and one for noise.
        stream = ("train", "test").index(split) * 2
        modes = philox.integers(seed, stream, len(self.centers), count)
        noise = np.random.Generator(philox.generator(seed, stream + 1)).standard_normal(
            (count, self.centers.shape[1]), dtype=np.float32
        )
        super().__init__(
            self.centers[modes] + np.float32(deviation) * noise,
            modes,
            num_classes=len(self.centers),
            name=name,
            split=split,
        )


@register("toy", argument="ring|grid")
def load_toy(argument, split="train", size=None, channels=None, *, count=100_000, seed=0):
    """8 Gaussians on a ring or 25 on a grid in the plane, labeled by mode.

    Args:
        argument: `"ring"`: means on the unit circle, standard deviation 0.01; or `"grid"`: means
            at {-4, -2, 0, 2, 4} squared, standard deviation 0.05.
        split: `"train"` or `"test"`: independent draws.
        size, channels: None, because points have neither.
        count: Number of points.
        seed: Integer in [0, 2**64).

    Returns:
        A `Mixture` with `centers` and a `deviation`.

    Reference:
        Lin et al., PacGAN, 2018, arXiv:1712.04086, section 4.1
    """
    check_choice("source", f"toy:{argument}", ("toy:ring", "toy:grid"))
    if size is not None or channels is not None:
        raise ValueError(
            "Toy data are points, without `size` or `channels`. "
            f"Received: size={size}, channels={channels}"
        )
    if argument == "ring":
        angles = np.arange(8) * (2 * np.pi / 8)
        centers, deviation = np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.01
    else:
        side = np.arange(-4, 5, 2)
        centers, deviation = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2), 0.05
    return Mixture(centers, deviation, count, seed, name=f"toy:{argument}", split=split)
