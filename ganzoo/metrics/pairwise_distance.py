"""Mean distance between pairs of samples."""

import keras
import numpy as np

from ganzoo.metrics.base import METRICS, SampleMetric
from ganzoo.metrics.features import Collection, check_features, squared_distances


def pairwise_distance(features) -> float:
    """Returns the mean Euclidean distance over all pairs of different samples, a float.

    Args:
        features: `(count, dimensions)`, at least 2.

    Raises:
        ValueError: If features are not floating, not finite, or fewer than 2.

    Example:

    >>> round(ganzoo.metrics.pairwise_distance(np.array([[0.0], [1.0], [2.0]])), 6)
    1.333333
    """
    features = check_features("features", features, minimum=2)
    total = sum(np.sqrt(block).sum() for _, block in squared_distances(features, features))
    return float(total / (len(features) * (len(features) - 1)))


@METRICS.register("pairwise_distance")
@keras.saving.register_keras_serializable(package="ganzoo")
class PairwiseDistance(SampleMetric):
    """Mean distance between the features of the samples: it falls when a generator collapses.

    Compare it with the value of real images. All features are kept.

    Args:
        extractor: Extractor of features of uint8 images, or its name; or `None`, see
            `ganzoo.metrics`.
        name: Name in logs.
    """

    card = "pixels"
    accumulator = Collection

    def measure(self):
        return {"pairwise distance": (pairwise_distance(self.samples.array()), None)}
