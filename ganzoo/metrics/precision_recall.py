"""Improved precision and recall, density and coverage."""

import keras
import numpy as np

from ganzoo.metrics.base import METRICS, ReferenceMetric
from ganzoo.metrics.features import Collection, check_pair
from ganzoo.metrics.neighbors import Neighbors
from ganzoo.validation import check_positive_integer

# Squared distances with a smaller relative difference count as equal, because matrix products of
# different shapes round the distance of the same pair differently.
_TIE = 1e-10


def precision_recall(real, fake, k: int = 3, density_k: int = 5) -> dict[str, float]:
    """Returns precision, recall, density and coverage as a dictionary of floats.

    The ball around an example reaches to its k-th nearest neighbor in its own set, not counting
    itself. It is closed: an example at exactly that distance is inside.

    - precision: share of the generated samples inside any real example's ball;
    - recall: share of the real examples inside any generated sample's ball;
    - density: mean number of real balls that contain a generated sample, divided by `density_k`;
    - coverage: share of the real balls that contain a generated sample.

    The memory is a float32 copy of both sets, and blocks of 16 MB of distances. The time grows with
    the product of the counts.

    Args:
        real, fake: Features, `(count, dimensions)`; the counts may differ.
        k: Number of the neighbor that sets the balls of precision and recall.
        density_k: Number of the neighbor that sets the balls of density and coverage.

    Raises:
        ValueError: If a set has no k-th neighbor, or the features are not finite arrays of the same
            dimensions.

    Deviations:
        The authors' code of density and coverage uses open balls (<) for all four values: an
        example at exactly the distance of the k-th neighbor is outside. The paper of precision and
        recall defines closed balls (<=), which are used here for all four. The results differ only
        where distances are equal, as with copies.

    Example:

    >>> points = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> ganzoo.metrics.precision_recall(points, points + 9.0, k=1, density_k=1)
    {'precision': 0.0, 'recall': 0.0, 'density': 0.0, 'coverage': 0.0}
    """
    check_positive_integer("k", k)
    check_positive_integer("density_k", density_k)
    real, fake = check_pair(real, fake)
    for name, features, needed in (("real", real, max(k, density_k)), ("fake", fake, k)):
        if len(features) <= needed:
            raise ValueError(
                f"`{name}` must have more examples than neighbors. Received: {len(features)} "
                f"examples, k={k}, density_k={density_k}"
            )
    real_radii, wide_radii = Neighbors(real, real).radii(k, density_k) * (1 + _TIE)
    (fake_radii,) = Neighbors(fake, fake).radii(k) * (1 + _TIE)
    precise = np.zeros(len(fake), bool)
    recalled, covered = np.zeros((2, len(real)), bool)
    memberships = 0
    limits = np.stack([real_radii, wide_radii]), fake_radii[None]
    for i, j, distances in Neighbors(real, fake).pairs(*limits):
        precise[j[distances <= real_radii[i]]] = True
        recalled[i[distances <= fake_radii[j]]] = True
        inside = distances <= wide_radii[i]
        covered[i[inside]] = True
        memberships += np.count_nonzero(inside)
    return {
        "precision": float(precise.mean()),
        "recall": float(recalled.mean()),
        "density": float(memberships / (density_k * len(fake))),
        "coverage": float(covered.mean()),
    }


@METRICS.register("precision_recall")
@keras.saving.register_keras_serializable(package="ganzoo")
class PrecisionRecall(ReferenceMetric):
    """How many samples look real, and how much of the variety of the data is generated.

    `result()` is a dictionary of `precision`, `recall`, `density` and `coverage`, as
    `precision_recall` defines them. All features are kept.

    Args:
        extractor: Extractor of features of uint8 images, or its name; or `None`, see
            `ganzoo.metrics`.
        k: Number of the neighbor that sets the balls of precision and recall; 3 in the paper.
        density_k: Number of the neighbor that sets the balls of density and coverage; 5 in the
            paper.
        name: Name in logs.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        [Improved Precision and Recall Metric for Assessing Generative Models](
        https://arxiv.org/abs/1904.06991), equations 1 and 2;
        [Reliable Fidelity and Diversity Metrics for Generative Models](
        https://arxiv.org/abs/2002.09797), equations 4 and 5.
    """

    card = "features"
    headline = ("precision", "recall")
    best = "highest"
    higher_is_better = ("precision", "recall", "density", "coverage")
    accumulator = Collection

    def __init__(self, extractor=None, k: int = 3, density_k: int = 5, name: str | None = None):
        super().__init__(extractor, name)
        self.k = check_positive_integer("k", k)
        self.density_k = check_positive_integer("density_k", density_k)

    def measure(self):
        features = self.reference_samples.array(), self.samples.array()
        values = precision_recall(*features, self.k, self.density_k)
        return {name: (value, None) for name, value in values.items()}

    def settings(self):
        return {"k": self.k, "density_k": self.density_k}
