"""Samples measured against real examples: for `GAN.evaluate`, the callback and the command.

results = evaluate(gan.sample, test_data, ["fid", "is"], extractor="fashion_mnist", n=10_000)
print(*results.values(), sep="\\n")
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ganzoo import extractors
from ganzoo.data import Dataset
from ganzoo.extractors.checks import check_extractor, on_host
from ganzoo.extractors.probabilities import classifier_of
from ganzoo.metrics import base
from ganzoo.metrics.base import SampleMetric
from ganzoo.metrics.feature_cache import FeatureCache
from ganzoo.metrics.result import Result
from ganzoo.validation import check_positive_integer, check_seed

_BATCH = 1024
# The fewest samples that are drawn in one call: `GAN.sample` compiles once more for fewer.
_SAMPLED_AT_ONCE = 64


def evaluate(
    sample,
    data=None,
    metrics: Sequence[str | SampleMetric] = ("fid",),
    extractor=None,
    n: int | None = None,
    seed: int = 0,
    cache=True,
) -> dict[str, Result]:
    """Measures samples once.

    Args:
        sample: Function of a number of samples and the first one's seed, such as `gan.sample`; or
            samples: an array or a `ganzoo.data.Dataset`.
        data, metrics, extractor, n, cache: As for `ganzoo.metrics.Evaluation`.
        seed: Seed of the first sample.

    Returns:
        A dictionary from short names to `ganzoo.metrics.Result`.

    Raises:
        ValueError: As for `ganzoo.metrics.Evaluation`.

    Example:

    >>> digits, test = (ganzoo.data.load("digits", split=name) for name in ("train", "test"))
    >>> results = ganzoo.metrics.evaluate(digits, test, ["fid"])
    >>> print(results["fid"])
    FID@digits-classifier ... (1438/359 digits test, Lanczos to 32x32)
    """
    if n is None and not callable(sample):
        n = len(sample)
    return Evaluation(metrics, data, extractor, n, cache).measure(sample, seed)


class Evaluation:
    """Metrics with their real examples, which measure samples any number of times.

    Metrics with the same extractor share its passes. The features of the real images are extracted
    once, and kept on disk.

    Args:
        metrics: List of `ganzoo.metrics` metrics, of their names, or of their aliases, such as
            `"fid"`. A name stands for the metric that `from_data` returns: with its defaults,
            except for what follows from the data, such as the size of the subsets of KID.
        data: The real examples, a `ganzoo.data.Dataset` or an array; `None` where no metric
            compares, or those that do have a reference already.
        extractor: For the metrics that are given by name: a name of `ganzoo.extractors.names()`,
            or an extractor, which must have the method `probabilities` for the metrics that need
            classes. By default ganzoo's own for the data, if there is one.
        n: Number of samples; by default as many as there are real examples.
        cache: Whether to keep the features of real images in the folder `ganzoo` inside Keras's
            own; or another folder. They are found again by the images and the extractor's `name`
            and `sha256`: if an extractor of yours changes, give it another hash.

    Attributes:
        metrics: List of the metrics.

    Raises:
        ValueError: If a metric or the extractor is unknown, missing or does not fit the data, or
            the number of samples is missing.

    Example:

    >>> evaluation = ganzoo.metrics.Evaluation(["fid", "precision_recall"], test, n=5000)
    >>> evaluation.measure(gan.sample)
    {'fid': Result(...), 'precision': Result(...), 'recall': Result(...), ...}
    """

    def __init__(
        self,
        metrics: Sequence[str | SampleMetric],
        data=None,
        extractor=None,
        n: int | None = None,
        cache=True,
    ):
        check_metrics(metrics)
        self.data = data if data is None or isinstance(data, Dataset) else Dataset(data)
        if n is None and data is None:
            raise ValueError("`n`, the number of samples, must be given without data.")
        self.n = len(self.data) if n is None else check_positive_integer("n", n)
        self._cache = FeatureCache(None if cache is True else cache) if cache else None
        kinds = [base.find(metric) for metric in metrics if isinstance(metric, str)]
        by_need = self._extractors_by_need(
            extractor, {need for kind in kinds for need in kind.needs}
        )
        self.metrics = [self._built(metric, by_need) for metric in metrics]
        self._compared = [m for m in self.metrics if self.data is not None and m.takes_reference]
        self._is_ready = False

    def measure(
        self, sample, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
    ) -> dict[str, Result]:
        """Returns the values of samples, a dictionary from short names to `Result`.

        The short name of a value is its own in lower case (`fid`, `precision`). For a metric that
        was given a name, it is that name, followed by the value's own where there are several.

        Args:
            sample: Function of a number of samples and the first one's seed, or samples.
            seed: Seed of the first sample.
            progress: Function that is called with what was measured, `"real"` or `"samples"`, how
                many were, and how many there are.

        Raises:
            ValueError: If samples have another shape than the real examples, if there are too few
                of them, or if two values have the same short name.
        """
        progress = progress or (lambda *state: None)
        if callable(sample):
            batches = _drawn(sample, self.n, check_seed(seed))
        else:
            batches, seed = _parts(sample, self.n), None
        # Wrong samples are an error before the features of all real examples are extracted.
        first = self._checked(next(batches))
        self.prepare(progress)
        for metric in self.metrics:
            metric.reset_samples()
        done = 0
        with self._shared_passes(self.metrics):
            for batch in itertools.chain([first], map(self._checked, batches)):
                for metric in self.metrics:
                    metric.update_state(batch)
                done += len(batch)
                progress("samples", done, self.n)
        return self._results(seed, first.shape[1:])

    def prepare(self, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Shows the real examples to the metrics, unless they have seen them."""
        if self._is_ready:
            return
        for metric in self._compared:
            metric.reset_state()
        with self._shared_passes(self._compared) as shared:
            self._show_real(shared, progress or (lambda *state: None))
        self._is_ready = True

    def _results(self, seed, example_shape):
        reference = None
        if self.data is not None:
            reference = " ".join(filter(None, (self.data.name, self.data.split)))
        results = {}
        for metric in self.metrics:
            compared_with = reference if metric in self._compared else None
            values = metric.report(compared_with, seed, example_shape)
            for result in values:
                name = metric.log_name(result.name, len(values))
                if name in results:
                    raise ValueError(
                        "Two metrics give values of the same name: give one of them another "
                        f"`name`. Received: {name!r} twice"
                    )
                results[name] = result
        return results

    def _show_real(self, shared, progress):
        if not self._compared:
            return
        examples = self.data.examples
        stored, extracted, paths = {}, {}, {}
        for extractor in shared if self._cache else ():
            paths[extractor] = self._cache.path(examples, extractor.extractor)
            stored[extractor] = self._cache.load(paths[extractor], len(examples))
            extracted[extractor] = []
        for start in range(0, len(examples), _BATCH):
            batch = examples[start : start + _BATCH]
            for extractor, features in stored.items():
                if features is not None:
                    extractor.remember(batch, features[start : start + _BATCH])
            for metric in self._compared:
                metric.update_reference(batch)
            for extractor, features in extracted.items():
                features.append(extractor(batch))
            progress("real", start + len(batch), len(examples))
        for extractor, features in extracted.items():
            if stored[extractor] is None:
                self._cache.save(paths[extractor], np.concatenate(features))

    @contextlib.contextmanager
    def _shared_passes(self, metrics) -> Iterator[list]:
        """Lets metrics with the same extractor share its passes; yields the shared extractors."""
        own = [metric.extractor for metric in metrics]
        shared = {id(one): _OncePerBatch(one) for one in own if one is not None}
        for metric, extractor in zip(metrics, own, strict=True):
            metric.extractor = shared.get(id(extractor))
        try:
            yield list(shared.values())
        finally:
            for metric, extractor in zip(metrics, own, strict=True):
                metric.extractor = extractor

    def _extractors_by_need(self, extractor, needs):
        """Returns the extractors of features and of probabilities: one each, to share passes."""
        if isinstance(extractor, str):
            extractor = extractors.get(extractor)
        check_extractor(extractor)
        has_images = self.data is not None and self.data.has_images
        if extractor is None and has_images and {"features", "probabilities"} & needs:
            extractor = extractors.get_for(self.data.name)
        by_need = {"features": extractor}
        if extractor is not None and "probabilities" in needs:
            by_need["probabilities"] = classifier_of(extractor)
        return by_need

    def _built(self, metric, by_need):
        if not isinstance(metric, str):
            return base.get(metric)
        kind = base.find(metric)
        extractor = next((by_need.get(need) for need in kind.needs if need in by_need), None)
        return kind.from_data(self.data, extractor, self.n)

    def _checked(self, batch):
        if self._compared and batch.shape[1:] != self.data.example_shape:
            raise ValueError(
                "Samples and real examples must have the same shape: load the data with the "
                "samples' `size` and `channels`. "
                f"Received: samples of shape {batch.shape[1:]}, {self.data}"
            )
        return batch


def check_metrics(metrics: Sequence[str | SampleMetric]) -> None:
    """Raises `ValueError` unless `metrics` is a list of metrics, of their names or aliases.

    Example:

    >>> ganzoo.metrics.check_metrics(["fid", ganzoo.metrics.PairwiseDistance()])
    """
    if not isinstance(metrics, (list, tuple)) or not metrics:
        raise ValueError(
            f"`metrics` must be a list of metrics or of names. Received: metrics={metrics!r}"
        )
    for metric in metrics:
        base.find(metric) if isinstance(metric, str) else base.get(metric)


class _OncePerBatch:
    """An extractor that runs once on each batch, however many metrics ask for its features."""

    def __init__(self, extractor):
        self.extractor = extractor
        self.name = extractor.name
        self._images = self._features = None

    def __call__(self, images):
        if images is not self._images:
            self.remember(images, on_host(self.extractor(images)))
        return self._features

    def remember(self, images, features):
        """Takes `features` as the features of `images`."""
        self._images, self._features = images, features


def _drawn(sample, n, seed):
    """Yields batches of `n` samples."""
    for start in range(0, n, _BATCH):
        count = min(_BATCH, n - start)
        yield sample(max(count, min(n, _SAMPLED_AT_ONCE)), seed + start)[:count]


def _parts(samples, n):
    """Yields batches of the first `n` samples."""
    samples = samples.examples if isinstance(samples, Dataset) else np.asarray(samples)
    if n > len(samples):
        raise ValueError(
            f"`n` must be at most the number of samples. Received: n={n} with {len(samples)}"
        )
    for start in range(0, n, _BATCH):
        yield samples[start : min(start + _BATCH, n)]
