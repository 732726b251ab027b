"""The Inception score, for the probabilities of any classifier."""

import warnings

import keras
import numpy as np

from ganzoo.data import philox
from ganzoo.metrics.base import METRICS, SampleMetric
from ganzoo.metrics.features import Collection, check_features
from ganzoo.validation import check_choice, check_positive_integer, check_seed

_ORDERS = ("given", "shuffled")
_FEWEST_FOR_CARDS = 5000
_TOLERANCE, _EPSILON_OF_BFLOAT16 = 1e-3, 2.0**-7
# Nats that splits may lose before the samples count as sorted.
_MOST_LOST = 0.25


def inception_score(
    probabilities, splits: int = 10, order: str = "given", seed: int = 0
) -> tuple[float, float]:
    """Returns the mean and the standard deviation of the Inception score over splits.

    With the probabilities p(y|x) and their mean p(y) over the samples of a split,

        IS = exp(E_x KL(p(y|x) || p(y))).

    A probability of 0 contributes 0; no small number is added inside of the logarithm.

    Args:
        probabilities: `(count, classes)`, rows that sum to 1. Rows of half precision, whose sums
            are rounded, are divided by their sums.
        splits: Number of contiguous parts. Part i has the samples from i·count // splits up to
            (i + 1)·count // splits.
        order: `"given"`, or `"shuffled"` to shuffle before splitting.
        seed: Seed of the shuffle.

    Returns:
        Two floats; the standard deviation has the divisor `splits`.

    Raises:
        ValueError: If rows are not probabilities, or there are fewer samples than splits.

    Warns:
        UserWarning: If the samples seem to be sorted by class.

    Example:

    >>> round(ganzoo.metrics.inception_score(np.eye(10), splits=1)[0], 6)
    10.0
    """
    check_choice("order", order, _ORDERS)
    check_positive_integer("splits", splits)
    probabilities = _check_probabilities("probabilities", probabilities)
    count = len(probabilities)
    if count < splits:
        raise ValueError(
            "There must be at least one sample for each split. "
            f"Received: splits={splits}, {count} samples"
        )
    if order == "shuffled":
        probabilities = probabilities[philox.permutation(seed, 0, count)]
    divergences = [
        _divergence(probabilities[part * count // splits : (part + 1) * count // splits])
        for part in range(splits)
    ]
    lost = _divergence(probabilities) - np.mean(divergences)
    # What random parts lose is about (classes - 1) / (2 * samples of a part).
    if lost > _MOST_LOST + probabilities.shape[1] * splits / count:
        warnings.warn(
            "The samples seem to be sorted by class, so that each split has other classes, and the "
            f"Inception score is too low: pass order='shuffled'. The splits lose {lost:.2g} of the "
            "logarithm of the score of all samples together.",
            stacklevel=2,
        )
    scores = np.exp(divergences)
    return float(np.mean(scores)), float(np.std(scores))


def _divergence(p):
    """Returns the mean KL(p(y|x) || p(y)) in nats."""
    p = p.astype(np.float64)
    # The mean over x of sum_y p(y|x) log p(y) is sum_y p(y) log p(y).
    return _p_log_p(p).sum(axis=1).mean() - _p_log_p(p.mean(axis=0)).sum()


@METRICS.register("inception_score")
@keras.saving.register_keras_serializable(package="ganzoo")
class InceptionScore(SampleMetric):
    """How certain a classifier is about each sample, and how evenly samples cover the classes.

    The score lies between 1 and the number of classes. It depends on the number of samples and of
    splits, and on the classifier, which is part of the protocol. The probabilities of all samples
    are kept: 40 MB for 50,000 samples of 200 classes.

    Args:
        extractor: An extractor of probabilities (not logits) of uint8 images, or its name; with
            `None`, samples are probabilities.
        splits: Number of parts that the score is averaged over.
        order: `"given"`, the order of the samples, or `"shuffled"`.
        seed: Seed of the shuffle.
        name: Name in logs.

    Raises:
        ValueError: If an argument is out of range.

    Example:

    >>> metric = ganzoo.metrics.InceptionScore(splits=2)
    >>> metric.update_state(np.eye(4))
    >>> round(metric.result(), 6)
    2.0

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 4; the
        splits are the ones of the authors' code.
    """

    alias = "is"
    needs = ("probabilities",)
    card = "features"
    higher_is_better = ("is",)
    accumulator = Collection

    def __init__(
        self,
        extractor=None,
        splits: int = 10,
        order: str = "given",
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(extractor, name)
        self.splits = check_positive_integer("splits", splits)
        self.order = check_choice("order", order, _ORDERS)
        self.seed = check_seed(seed)

    @classmethod
    def is_meaningful(cls, example_shape, n):
        # With fewer samples, the score tells how evenly its splits were drawn from the classes.
        return n >= _FEWEST_FOR_CARDS

    def prepare(self, samples):
        return _check_probabilities("samples", super().prepare(samples))

    def measure(self):
        return {"IS": inception_score(self.samples.array(), self.splits, self.order, self.seed)}

    def settings(self):
        shuffle = {"shuffle_seed": self.seed} if self.order == "shuffled" else {}
        return {"splits": self.splits, **shuffle}


def _p_log_p(p):
    return p * np.log(p, out=np.zeros_like(p), where=p > 0)


def _check_probabilities(name, probabilities):
    """Returns finite rows that sum to 1, or raises `ValueError`."""
    probabilities = check_features(name, probabilities)
    sums = probabilities.sum(axis=1, dtype=np.float64)
    tolerance = _tolerance(probabilities)
    if probabilities.min() < 0 or np.abs(sums - 1).max() > tolerance:
        raise ValueError(
            f"`{name}` must be probabilities, whose rows sum to 1: apply a softmax to logits. "
            f"Received: {name} from {probabilities.min():.4g}, with sums from {sums.min():.4g} to "
            f"{sums.max():.4g}"
        )
    return probabilities if tolerance == _TOLERANCE else probabilities / sums[:, None]


def _tolerance(probabilities):
    """Returns how far sums may be from 1: further where all values are of half precision."""
    single = probabilities.astype(np.float32)
    if (single != probabilities).any():
        return _TOLERANCE
    # Whoever computed them in half precision may have converted them.
    if not (single.view(np.uint32) & 0xFFFF).any():
        return 4 * _EPSILON_OF_BFLOAT16
    if (single.astype(np.float16) == single).all():
        return 4 * float(np.finfo(np.float16).eps)
    return _TOLERANCE
