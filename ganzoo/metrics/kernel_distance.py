"""The kernel distance, known as KID."""

import keras
import numpy as np

from ganzoo.data import philox
from ganzoo.metrics.base import METRICS, ReferenceMetric
from ganzoo.metrics.features import Collection, check_pair
from ganzoo.validation import check_positive_integer, check_seed

_LARGEST_SUBSET = 1000


def polynomial_mmd(real, fake, degree: int = 3) -> float:
    """Returns the unbiased estimate of the squared maximum mean discrepancy, a float.

    The kernel is k(x, y) = (x·y / dimensions + 1)^degree. Pairs of an example with itself do not
    count. An unbiased estimate of a small number can be negative.

    Args:
        real, fake: Features, `(count, dimensions)`, at least 2 of each.
        degree: Positive integer.

    Raises:
        ValueError: If features are not floating, not finite, fewer than 2, or have different
            dimensions.

    Example:

    >>> x = np.array([[1.0], [-1.0]])
    >>> ganzoo.metrics.polynomial_mmd(x, x, degree=2)
    -4.0
    """
    check_positive_integer("degree", degree)
    real, fake = (x.astype(np.float64) for x in check_pair(real, fake, minimum=2))

    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** degree

    def mean_of_pairs(x):
        values = kernel(x, x)
        return (values.sum() - np.trace(values)) / (len(x) * (len(x) - 1))

    cross = kernel(real, fake).mean()
    return float(mean_of_pairs(real) + mean_of_pairs(fake) - 2 * cross)


def kernel_distance(
    real, fake, subsets: int = 100, subset_size: int = 1000, degree: int = 3, seed: int = 0
) -> tuple[float, float]:
    """Returns the mean and the standard deviation of `polynomial_mmd` over random subsets.

    Args:
        real, fake: Features, `(count, dimensions)`.
        subsets: Number of subsets.
        subset_size: Number of real and of generated features in each subset, drawn without
            replacement.
        degree: Degree of the kernel.
        seed: Seed of the subsets.

    Returns:
        Two floats; the standard deviation has the divisor `subsets`.

    Raises:
        ValueError: If a subset is larger than a set, or `polynomial_mmd` refuses the features.

    Example:

    >>> draws = np.random.default_rng(0)
    >>> real, fake = draws.normal(size=(2, 500, 8))
    >>> mean, spread = ganzoo.metrics.kernel_distance(real, fake, subsets=10, subset_size=100)
    >>> abs(mean) < spread
    True
    """
    check_positive_integer("subsets", subsets)
    real, fake = check_pair(real, fake, minimum=2)
    if not 2 <= subset_size <= min(len(real), len(fake)):
        raise ValueError(
            "`subset_size` must be from 2 to the number of real and of generated samples. "
            f"Received: subset_size={subset_size}, {len(real)} real, {len(fake)} generated"
        )
    distances = []
    for subset in range(subsets):
        chosen_real = philox.permutation(seed, 2 * subset, len(real))[:subset_size]
        chosen_fake = philox.permutation(seed, 2 * subset + 1, len(fake))[:subset_size]
        distances.append(polynomial_mmd(real[chosen_real], fake[chosen_fake], degree))
    return float(np.mean(distances)), float(np.std(distances))


@METRICS.register("kernel_distance")
@keras.saving.register_keras_serializable(package="ganzoo")
class KernelDistance(ReferenceMetric):
    """Squared maximum mean discrepancy between the features of real and of generated images.

    Its expected value does not depend on the number of samples. All features are kept: 400 MB for
    50,000 samples of 2048 dimensions in float32.

    Args:
        extractor: Extractor of features of uint8 images, or its name; or `None`, see
            `ganzoo.metrics`.
        subsets: Number of random subsets that the estimate is averaged over.
        subset_size: Number of samples in each subset.
        degree: Degree of the polynomial kernel.
        seed: Seed of the subsets.
        name: Name in logs.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        [Demystifying MMD GANs](https://arxiv.org/abs/1801.01401), section 4.
    """

    alias = "kid"
    card = "features"
    lower_is_better = ("kid",)
    accumulator = Collection

    def __init__(
        self,
        extractor=None,
        subsets: int = 100,
        subset_size: int = 1000,
        degree: int = 3,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(extractor, name)
        self.subsets = check_positive_integer("subsets", subsets)
        self.subset_size = check_positive_integer("subset_size", subset_size)
        self.degree = check_positive_integer("degree", degree)
        self.seed = check_seed(seed)

    @classmethod
    def arguments_for(cls, data, n):
        # Subsets that held all examples would be equal, with no spread between them.
        half = min(n, len(data)) // 2
        return {"subset_size": min(_LARGEST_SUBSET, max(half, 2))}

    def measure(self):
        features = self.reference_samples.array(), self.samples.array()
        arguments = self.subsets, self.subset_size, self.degree, self.seed
        return {"KID": kernel_distance(*features, *arguments)}

    def settings(self):
        return {
            "subsets": self.subsets,
            "subset_size": self.subset_size,
            "degree": self.degree,
            "subset_seed": self.seed,
        }
