"""Multi-scale structural similarity, of two images and as a metric of diversity."""

import keras
import numpy as np

from ganzoo.data import philox
from ganzoo.extractors.checks import check_images, known_range
from ganzoo.metrics.base import METRICS, SampleMetric
from ganzoo.metrics.features import Collection
from ganzoo.validation import check_positive_integer, check_seed

# Wang et al. 2003: a Gaussian window of 11 pixels with a standard deviation of 1.5, and the weights
# of five scales.
_WINDOW = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# Number of pairs of images that are compared at once.
_PAIRS = 16


def structural_similarity(images, others) -> np.ndarray:
    """Returns the multi-scale structural similarity of each pair of images, in [0, 1].

    At each scale, windows of 11 pixels are compared, and then the images are halved. The contrast
    and structure of all scales and the luminance of the last scale are multiplied, with the weights
    of the scales as exponents, and averaged over the channels.

    Args:
        images, others: uint8 images `(count, height, width, channels)`, at least 11 pixels wide
            and high.

    Returns:
        A float64 array of shape `(count,)`; 1 for equal images.

    Raises:
        ValueError: If the images are smaller, have different shapes, or are not uint8.

    Deviations:
        Five scales need 161 pixels, so that the window fits into the smallest one. Smaller images
        have as many scales as fit (1 from 11 pixels, 2 from 21, 3 from 41, 4 from 81), with the
        first weights divided by their sum. The weights of five scales are the published ones. A
        negative term counts as 0.

    Example:

    >>> image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype="uint8")
    >>> ganzoo.metrics.structural_similarity(image, image)
    array([1.])

    Reference:
        Wang, Simoncelli and Bovik, Multiscale structural similarity for image quality assessment,
        2003, equation 7.
    """
    images, others = check_images("images", images), check_images("others", others)
    if images.shape != others.shape:
        raise ValueError(
            "Both sets of images must have the same shape. "
            f"Received: images of shape {images.shape}, others of shape {others.shape}"
        )
    scales = scales_of(*images.shape[1:3])
    # As published, the weights of five scales sum to 1.0001.
    weights = _WEIGHTS[:scales]
    if scales < len(_WEIGHTS):
        weights = weights / weights.sum()
    similarities = [
        _similarity(images[start : start + _PAIRS], others[start : start + _PAIRS], weights)
        for start in range(0, len(images), _PAIRS)
    ]
    return np.concatenate(similarities)


def scales_of(height: int, width: int) -> int:
    """Returns the number of scales, at most 5, at which the window of 11 pixels fits."""
    sides = (-(-min(height, width) >> scale) for scale in range(len(_WEIGHTS)))
    scales = sum(side >= len(_WINDOW) for side in sides)
    if not scales:
        raise ValueError(
            f"Images must be at least {len(_WINDOW)} pixels wide and high. "
            f"Received: images of {height} x {width}"
        )
    return scales


@METRICS.register("structural_similarity")
@keras.saving.register_keras_serializable(package="ganzoo")
class StructuralSimilarity(SampleMetric):
    """Mean multi-scale structural similarity between random pairs of samples.

    A higher value means less diversity; equal images give 1. Compare it with the value of real
    images. All samples are kept.

    Args:
        pairs: Number of random pairs of different samples; 100 in the paper.
        seed: Seed of the pairs.
        name: Name in logs.

    Raises:
        ValueError: If an argument is out of range.

    Deviations:
        The paper takes pairs within a class. For its value, pass samples of a single class.

    Reference:
        [Conditional Image Synthesis with Auxiliary Classifier GANs](
        https://arxiv.org/abs/1610.09585), section 4.2.
    """

    alias = "ms_ssim"
    needs = ("images",)
    takes_features = False
    card = "pixels"
    accumulator = Collection

    def __init__(self, pairs: int = 100, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self.pairs = check_positive_integer("pairs", pairs)
        self.seed = check_seed(seed)

    @classmethod
    def is_meaningful(cls, example_shape, n):
        return min(example_shape[:2]) >= len(_WINDOW)

    def prepare(self, samples):
        images = check_images("samples", samples)
        scales_of(*images.shape[1:3])
        return images

    def measure(self):
        images = self.samples.array()
        if len(images) < 2:
            raise ValueError("A pair needs at least 2 samples. Received: 1 sample")
        first = philox.integers(self.seed, 0, len(images), self.pairs)
        # Steps from 1 to count - 1 never pair a sample with itself.
        steps = 1 + philox.integers(self.seed, 1, len(images) - 1, self.pairs)
        with known_range():
            values = structural_similarity(images[first], images[(first + steps) % len(images)])
        return {"MS-SSIM": (float(values.mean()), float(values.std()))}

    def settings(self):
        shape = self.samples.array().shape
        return {"pairs": self.pairs, "pair_seed": self.seed, "scales": scales_of(*shape[1:3])}


def _similarity(x, y, weights):
    """Returns the similarity of each pair of uint8 images, `(count,)`."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    product = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            x, y = _halved(x), _halved(y)
        mean_x, mean_y = _blurred(x), _blurred(y)
        variances = _blurred(x * x) + _blurred(y * y) - mean_x**2 - mean_y**2
        covariance = _blurred(x * y) - mean_x * mean_y
        terms = (2 * covariance + _C2) / (variances + _C2)
        if scale == len(weights) - 1:
            terms *= (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
        product = product * np.maximum(terms.mean(axis=(1, 2)), 0.0) ** weight
    return product.mean(axis=1)


def _blurred(images):
    """Returns the images blurred by the window, where it fits: each side loses 10 pixels."""
    for axis in (1, 2):
        size = images.shape[axis] - len(_WINDOW) + 1
        images = sum(
            weight * np.take(images, range(offset, offset + size), axis=axis)
            for offset, weight in enumerate(_WINDOW)
        )
    return images


def _halved(images):
    """Returns the means of squares of 2 x 2 pixels; a last odd row or column counts twice."""
    odd = [(0, size % 2) for size in images.shape[1:3]]
    images = np.pad(images, [(0, 0), *odd, (0, 0)], mode="edge")
    count, height, width, channels = images.shape
    return images.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
