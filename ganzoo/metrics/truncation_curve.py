"""Metrics of samples against the truncation of their latents or styles."""

from collections.abc import Sequence

import numpy as np

from ganzoo.metrics.base import SampleMetric
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.metrics.result import Result
from ganzoo.validation import describe


def truncation_curve(
    gan,
    truncations: Sequence[float | None],
    data=None,
    metrics: Sequence[str | SampleMetric] = ("precision_recall",),
    extractor=None,
    n: int | None = None,
    seed: int = 0,
    cache=True,
    conditions: Sequence[float] | np.ndarray | None = None,
) -> dict[str, list[Result]]:
    """Measures the samples of a GAN at several truncations: what quality costs in variety.

    All points are measured on the same seeds, against the same features of the real examples.

    Args:
        gan: A `ganzoo.GAN`.
        truncations: The truncations, as for `GAN.sample`; `None` is none.
        data, metrics, extractor, n, cache: As for `ganzoo.metrics.Evaluation`.
        seed: Seed of the first sample.
        conditions: For a GAN with `condition_dim`, one vector of conditions, or several: a sample
            of seed s has vector s, in turn. By default the samples have the conditions of the real
            examples, as for `GAN.evaluate`.

    Returns:
        Dictionary from short names to a list of `ganzoo.metrics.Result`, one for each truncation.

    Raises:
        ValueError: If there is no truncation, a truncation or the conditions do not fit the GAN,
            or as for `ganzoo.metrics.Evaluation`.

    Example:

    >>> test = ganzoo.data.load("digits", split="test")
    >>> curve = ganzoo.metrics.truncation_curve(gan, [0.5, 1.0, None], test)
    >>> [round(result.value, 2) for result in curve["recall"]]

    Reference:
        [Large Scale GAN Training](https://arxiv.org/abs/1809.11096), figure 17 and appendix D;
        [Improved Precision and Recall Metric](https://arxiv.org/abs/1904.06991), figure 4.
    """
    truncations = list(truncations)
    if not truncations:
        raise ValueError(
            "`truncations` must hold at least one truncation. "
            f"Received: truncations={describe(truncations)}"
        )
    evaluation = Evaluation(metrics, data, extractor, n, cache)
    samplers = [gan.sampler_for(evaluation.data, value, conditions) for value in truncations]
    curve: dict[str, list[Result]] = {}
    for sample in samplers:
        for name, result in evaluation.measure(sample, seed).items():
            curve.setdefault(name, []).append(result)
    return curve
