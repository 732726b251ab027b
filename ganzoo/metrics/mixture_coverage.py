"""Which modes of a mixture of Gaussians, such as the toy data, have samples."""

import keras
import numpy as np

from ganzoo.metrics.base import METRICS, SampleMetric
from ganzoo.metrics.features import check_features
from ganzoo.metrics.mode_coverage import coverage_of_counts
from ganzoo.validation import check_positive, describe


def mixture_coverage(points, centers, deviation: float, threshold: float = 3.0) -> dict[str, float]:
    """Returns which modes of a mixture of Gaussians the points cover, as a dictionary of floats.

    Each point belongs to its nearest center. It is good if it lies within `threshold` standard
    deviations of that center.

    - `modes`: number of centers with a good point;
    - `good`: share of the good points (0.989 for samples of the mixture itself, in the plane);
    - `mode KL`: KL(p || uniform) in nats, p the frequencies of the modes among all points.

    Args:
        points: `(count, dimensions)`, floating.
        centers: Means of the mixture, `(modes, dimensions)`.
        deviation: Standard deviation of every mode.
        threshold: Number of standard deviations.

    Raises:
        ValueError: If points or centers are not finite or have different dimensions.

    Deviations:
        The authors' code does not count points that are not good in the frequencies, which are
        then undefined if no point is good.

    Example:

    >>> ring = ganzoo.data.load("toy:ring", count=1000)
    >>> coverage = ganzoo.metrics.mixture_coverage(ring.examples, ring.centers, ring.deviation)
    >>> coverage["modes"]
    8.0
    """
    metric = MixtureCoverage(centers, deviation, threshold)
    metric.update_state(points)
    return metric.result()


@METRICS.register("mixture_coverage")
@keras.saving.register_keras_serializable(package="ganzoo")
class MixtureCoverage(SampleMetric):
    """Modes of a mixture of Gaussians that points cover, as `mixture_coverage` defines them.

    `result()` is a dictionary of `modes`, `good` and `mode KL`.

    Args:
        centers: Means of the mixture, `(modes, dimensions)`, e.g. `ganzoo.data.Mixture.centers`.
        deviation: Standard deviation of every mode.
        threshold: Number of standard deviations within which a point is good.
        name: Name in logs.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        [PacGAN](https://arxiv.org/abs/1712.04086), section 4.1.
    """

    needs = ("mixture",)
    higher_is_better = ("modes", "good")
    lower_is_better = ("mode_kl",)
    takes_features = False

    def __init__(self, centers, deviation: float, threshold: float = 3.0, name: str | None = None):
        self.centers = check_features("centers", np.asarray(centers, np.float64))
        self.deviation = check_positive("deviation", deviation)
        self.threshold = check_positive("threshold", threshold)
        super().__init__(name=name)

    @classmethod
    def arguments_for(cls, data, n):
        if not hasattr(data, "centers"):
            raise ValueError(
                "`mixture_coverage` is for mixtures of Gaussians, such as `toy:ring`. "
                f"Received: data={describe(data)}"
            )
        return {"centers": data.centers, "deviation": data.deviation}

    def accumulator(self):
        return _Assigned(self.centers, self.threshold * self.deviation)

    def measure(self):
        found, _ = coverage_of_counts(self.samples.good) if self.samples.good.any() else (0, 0)
        _, divergence = coverage_of_counts(self.samples.nearest)
        return {
            "modes": (float(found), None),
            "good": (float(self.samples.good.sum() / self.samples.count), None),
            "mode KL": (divergence, None),
        }

    def settings(self):
        return {
            "of": len(self.centers),
            "deviation": self.deviation,
            "threshold": self.threshold,
        }


class _Assigned:
    """The numbers of points, and of good points, that are nearest to each center."""

    def __init__(self, centers, radius):
        self._centers, self._radius = centers, radius
        self.nearest, self.good = np.zeros((2, len(centers)), np.int64)
        self.count = 0

    def update(self, points):
        if points.shape[1] != self._centers.shape[1]:
            raise ValueError(
                f"Points must have the {self._centers.shape[1]} dimensions of the centers. "
                f"Received: points of shape {points.shape}"
            )
        distances = np.linalg.norm(points[:, None, :] - self._centers, axis=2)
        modes = distances.argmin(axis=1)
        good = modes[distances.min(axis=1) <= self._radius]
        self.nearest += np.bincount(modes, minlength=len(self._centers))
        self.good += np.bincount(good, minlength=len(self._centers))
        self.count += len(points)
