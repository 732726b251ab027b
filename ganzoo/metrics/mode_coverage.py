"""How many of the known classes the samples cover, as on stacked MNIST."""

import keras
import numpy as np

from ganzoo.extractors.checks import check_images, on_host
from ganzoo.metrics.base import METRICS, SampleMetric
from ganzoo.metrics.features import check_features
from ganzoo.validation import check_positive_integer


def mode_coverage(modes, num_modes: int) -> tuple[int, float]:
    """Returns the number of modes with samples, and KL(p || uniform) of their frequencies p.

    Args:
        modes: The mode of each sample, integers in [0, num_modes), shape `(count,)`.
        num_modes: Number of all modes.

    Returns:
        An int from 1 to `num_modes`, and a float from 0 to log(num_modes), in nats.

    Raises:
        ValueError: If modes are not such integers, or there are none.

    Example:

    >>> found, divergence = ganzoo.metrics.mode_coverage(np.array([0, 0, 1, 1]), num_modes=4)
    >>> found, round(divergence, 4)
    (2, 0.6931)
    """
    check_positive_integer("num_modes", num_modes)
    modes = check_modes(modes, num_modes)
    return coverage_of_counts(np.bincount(modes, minlength=num_modes))


def coverage_of_counts(counts: np.ndarray) -> tuple[int, float]:
    """Returns the number of modes with samples, and KL(p || uniform) in nats, from counts."""
    p = counts[counts > 0] / counts.sum()
    divergence = float((p * np.log(p * len(counts))).sum())
    return len(p), max(divergence, 0.0)


def check_modes(modes, num_modes: int) -> np.ndarray:
    """Returns modes as an array of integers in [0, num_modes), or raises `ValueError`."""
    modes = on_host(modes)
    if not np.issubdtype(modes.dtype, np.integer) or modes.ndim != 1 or not modes.size:
        raise ValueError(
            "Modes must be integers of shape (count,). "
            f"Received: modes of dtype {modes.dtype} and shape {modes.shape}"
        )
    if modes.min() < 0 or modes.max() >= num_modes:
        raise ValueError(
            f"Modes must be from 0 to {num_modes - 1}. "
            f"Received: modes from {modes.min()} to {modes.max()}"
        )
    return modes


@METRICS.register("mode_coverage")
@keras.saving.register_keras_serializable(package="ganzoo")
class ModeCoverage(SampleMetric):
    """Number of classes among the samples, and the divergence of their frequencies.

    `result()` is a dictionary of `modes` and `mode KL`, KL(p || uniform) in nats. On stacked MNIST
    each color channel is classified as a digit, and the digits a, b and c make the mode
    100 a + 10 b + c. With n samples of all 1000 modes, the divergence is about 999 / (2 n).

    Args:
        extractor: A classifier of grayscale uint8 images `(batch, height, width, 1)` that returns
            probabilities or logits `(batch, num_classes)`, or its name; with `None`, samples are
            modes, integers of shape `(batch,)`.
        num_classes: Number of classes of a channel.
        channels: Number of channels. There are num_classes ** channels modes.
        name: Name in logs.

    Raises:
        ValueError: If an argument is out of range.

    Example:

    >>> metric = ganzoo.metrics.ModeCoverage()
    >>> metric.update_state(np.arange(1000))
    >>> metric.result()
    {'modes': 1000.0, 'mode KL': 0.0}

    Reference:
        [PacGAN](https://arxiv.org/abs/1712.04086), section 4.2.
    """

    needs = ("probabilities",)
    higher_is_better = ("modes",)
    lower_is_better = ("mode_kl",)
    takes_features = False

    def __init__(
        self, extractor=None, num_classes: int = 10, channels: int = 3, name: str | None = None
    ):
        self.num_classes = check_positive_integer("num_classes", num_classes)
        self.channels = check_positive_integer("channels", channels)
        super().__init__(extractor, name)

    @classmethod
    def arguments_for(cls, data, n):
        return {} if data is None else {"channels": data.example_shape[-1]}

    def accumulator(self):
        return _Counts(self.num_classes**self.channels)

    def prepare(self, samples):
        if self.extractor is None:
            return check_modes(samples, self.num_classes**self.channels)
        images = check_images("samples", samples)
        if images.shape[3] != self.channels:
            raise ValueError(
                f"`samples` must have {self.channels} channels. "
                f"Received: samples of shape {images.shape}"
            )
        modes = np.zeros(len(images), np.int64)
        for channel in range(self.channels):
            scores = self.extractor(images[..., channel : channel + 1])
            scores = check_features(f"classes of {self.extractor.name}", scores)
            if scores.shape != (len(images), self.num_classes):
                raise ValueError(
                    "The classifier must return scores of shape "
                    f"{(len(images), self.num_classes)}. "
                    f"Received: scores of shape {scores.shape}"
                )
            modes = modes * self.num_classes + scores.argmax(axis=1)
        return modes

    def measure(self):
        found, divergence = coverage_of_counts(self.samples.counts)
        return {"modes": (float(found), None), "mode KL": (divergence, None)}

    def settings(self):
        return {"of": self.num_classes**self.channels}


class _Counts:
    """Number of samples of each mode."""

    def __init__(self, num_modes):
        self.counts = np.zeros(num_modes, np.int64)
        self.count = 0

    def update(self, modes):
        self.counts += np.bincount(modes, minlength=len(self.counts))
        self.count += len(modes)
