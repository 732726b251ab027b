"""Samples measured against real examples: for `GAN.evaluate`, the callback and the command.

results = evaluate(gan.sample, test_data, ["fid", "is"], extractor="fashion_mnist", n=10_000)
print(*results.values(), sep="\\n")
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ganzoo import extractors
from ganzoo.data import Dataset, MixedImages, philox
from ganzoo.data.gathering import as_dataset
from ganzoo.extractors.checks import check_extractor, known_range, on_host
from ganzoo.extractors.network_extractor import one_pass_per_array
from ganzoo.extractors.probabilities import classifier_of
from ganzoo.metrics import base
from ganzoo.metrics.base import SampleMetric
from ganzoo.metrics.feature_cache import FeatureCache
from ganzoo.metrics.result import Result
from ganzoo.validation import check_positive_integer, check_seed, describe

_SETS = (Dataset, MixedImages)
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
            samples: an array, a `ganzoo.data.Dataset` or a `ganzoo.data.MixedImages`.
        data, metrics, extractor, n, cache: As for `ganzoo.metrics.Evaluation`.
        seed: Seed of the first sample; or of the order in which `n` of the given samples are drawn.

    Returns:
        A dictionary from short names to `ganzoo.metrics.Result`.

    Raises:
        ValueError: As for `ganzoo.metrics.Evaluation`.

    Example:

    >>> digits, test = (ganzoo.data.load("digits", split=name) for name in ("train", "test"))
    >>> results = ganzoo.metrics.evaluate(digits, test, ["fid"])
    >>> print(results["fid"])
    FID@digits-classifier ... (1438/359 digits test, Lanczos to 32x32, order seed 0)
    """
    if n is None and not callable(sample):
        n = len(sample)
    return Evaluation(metrics, data, extractor, n, cache).measure(sample, seed)


class Evaluation:
    """Metrics with their real examples, which measure samples any number of times.

    Metrics with the same extractor share its passes. The features of the real images are extracted
    once, and kept on disk.

    Images of 16 bits, and floats of a `value_range`, are measured in 8 bits, rounded.

    Samples and real examples have the same shape, unless the extractor resizes images (it says how
    in its attribute `resize`). Then each image is resized by it alone, and grays are treated as it
    says; the protocol holds both shapes.

    Args:
        metrics: List of `ganzoo.metrics` metrics, of their names, or of their aliases, such as
            `"fid"`. A name stands for the metric that `from_data` returns: with its defaults,
            except for what follows from the data, such as the size of the subsets of KID.
        data: The real examples, a `ganzoo.data.Dataset`, a `ganzoo.data.MixedImages`, an array or
            anything that `ganzoo.data.gather` takes; `None` where no metric compares, or every
            metric that does has a reference already.
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
        self.data = data if data is None or isinstance(data, _SETS) else as_dataset(data)
        if isinstance(self.data, Dataset):
            self.data = self.data.in_eight_bits()
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
        if isinstance(self.data, MixedImages):
            self._check_resized(self._compared, self.data)
        self._is_ready = False

    def measure(
        self, sample, seed: int = 0, progress: Callable[[str, int, int], None] | None = None
    ) -> dict[str, Result]:
        """Returns the finite values of samples, a dictionary from short names to `Result`.

        A warning names the values that are not finite.

        The short name of a value is its own in lower case (`fid`, `precision`). For a metric that
        was given a name, it is that name, followed by the value's own where there are several.

        Args:
            sample: Function of a number of samples and the first one's seed, or samples.
            seed: Seed of the first sample, or of the order of given samples: they may be sorted by
                class, and the first of them are then no fair choice.
            progress: Function that is called with what was measured, `"real"` or `"samples"`, how
                many were, and how many there are.

        Raises:
            ValueError: If samples have another shape than the real examples, if there are too few
                of them, or if two values have the same short name.
        """
        progress = progress or (lambda *state: None)
        check_seed(seed)
        if callable(sample):
            batches, seeds = _drawn(sample, self.n, seed), {"seed": seed}
            # A generator that has collapsed may draw nothing but black.
            check = known_range
        else:
            batches, seeds = _chosen(sample, self.n, seed), {"order_seed": seed}
            check = contextlib.nullcontext
        if callable(sample) and self.n > _SAMPLED_AT_ONCE:
            # Statistics of another width are an error before many samples are drawn.
            self._check_widths(lambda: sample(_SAMPLED_AT_ONCE, seed)[:1])
        # Wrong samples are an error before the features of all real examples are extracted.
        first = next(batches)
        shape = sample.example_shape if isinstance(sample, MixedImages) else first.shape[1:]
        self._check_shape(sample, shape)
        self._check_widths(lambda: first[:1])
        self.prepare(progress)
        for metric in self.metrics:
            metric.reset_samples()
        done = 0
        with self._shared_passes(self.metrics), check():
            for batch in itertools.chain([first], batches):
                for metric in self.metrics:
                    _feed(metric, metric.update_state, batch)
                done += len(batch)
                progress("samples", done, self.n)
        return self._results(shape, **seeds)

    def prepare(self, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Shows the real examples to the metrics, unless they have seen them."""
        if self._is_ready:
            return
        for metric in self._compared:
            metric.reset_state()
        with self._shared_passes(self._compared) as shared:
            self._show_real(shared, progress or (lambda *state: None))
        self._is_ready = True

    def _results(self, shape, **seeds):
        facts = {}
        if self.data is not None:
            facts["reference"] = " ".join(filter(None, (self.data.name, self.data.split)))
            if self.data.example_shape != shape:
                facts["reference_shape"] = self.data.example_shape
        results = {}
        for metric in self.metrics:
            compared_with = facts if metric in self._compared else {}
            values = metric.report(example_shape=shape, **compared_with, **seeds)
            for result in values:
                name = metric.log_name(result.name, metric.value_count)
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
        images = self.data if isinstance(self.data, MixedImages) else self.data.examples
        stored, extracted, paths = {}, {}, {}
        for extractor in shared if self._cache else ():
            paths[extractor] = self._cache.path(images, extractor.extractor)
            stored[extractor] = self._cache.load(paths[extractor], len(images))
            extracted[extractor] = []
        done = 0
        for batch in _blocks(images, range(len(images))):
            rows = slice(done, done + len(batch))
            for extractor, features in stored.items():
                if features is not None:
                    extractor.remember(batch, features[rows])
            # A `Dataset` has checked the range of all its examples together.
            with known_range():
                for metric in self._compared:
                    _feed(metric, metric.update_reference, batch)
                for extractor, features in extracted.items():
                    features.append(extractor(batch))
            done = rows.stop
            progress("real", done, len(images))
        for extractor, features in extracted.items():
            if stored[extractor] is None:
                self._cache.save(paths[extractor], np.concatenate(features))

    @contextlib.contextmanager
    def _shared_passes(self, metrics) -> Iterator[list]:
        """Lets metrics with the same network share its passes; yields the shared extractors."""
        own = [metric.extractor for metric in metrics]
        shared = {id(one): _OncePerBatch(one) for one in own if one is not None}
        for metric, extractor in zip(metrics, own, strict=True):
            metric.extractor = shared.get(id(extractor))
        try:
            with one_pass_per_array():
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

    def _check_shape(self, samples, shape):
        if isinstance(samples, MixedImages):
            self._check_resized(self.metrics, samples)
        if not self._compared or tuple(shape) == self.data.example_shape:
            return
        are_images = len(shape) == len(self.data.example_shape) == 3
        if are_images and all(map(_resizes, self._compared)):
            return
        raise ValueError(
            "Samples and real examples must have the same shape, unless the extractor resizes: "
            "load the data with the samples' `size` and `channels`. "
            f"Received: samples of shape {tuple(shape)}, {self.data}"
        )

    def _check_widths(self, draw):
        """Extracts the features of one sample for metrics whose reference is known already."""
        known = [metric for metric in self.metrics if metric not in self._compared]
        known = [metric for metric in known if metric.reference_width() is not None]
        if known:
            one = draw()
            with known_range():
                for metric in known:
                    features = one if metric.extractor is None else _extract(metric.extractor, one)
                    metric.check_width(on_host(features))

    def _check_resized(self, metrics, images):
        for metric in metrics:
            if not (_resizes(metric) and metric.takes_features):
                raise ValueError(
                    f"`{metric.name}` measures images of one size: load them with `size`, or, for "
                    "metrics of features, take an extractor that resizes. "
                    f"Received: {describe(images)}"
                )


def check_metrics(metrics: Sequence[str | SampleMetric]) -> None:
    """Raises `ValueError` unless `metrics` is a list of metrics, of their names or aliases.

    Example:

    >>> ganzoo.metrics.check_metrics(["fid", ganzoo.metrics.PairwiseDistance()])
    """
    if not isinstance(metrics, (list, tuple)) or not metrics:
        raise ValueError(
            "`metrics` must be a list of metrics or of names. "
            f"Received: metrics={describe(metrics)}"
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
            extracted = _extract(self.extractor, images)
            self.remember(images, on_host(extracted))
        return self._features

    def remember(self, images, features):
        """Takes `features` as the features of `images`."""
        self._images, self._features = images, features


def _drawn(sample, n, seed):
    """Yields batches of `n` samples."""
    for start in range(0, n, _BATCH):
        count = min(_BATCH, n - start)
        yield sample(max(count, min(n, _SAMPLED_AT_ONCE)), seed + start)[:count]


def _chosen(samples, n, seed):
    """Yields batches of `n` of the samples, which the seed draws and orders."""
    if isinstance(samples, Dataset):
        samples = samples.in_eight_bits().examples
    elif not isinstance(samples, MixedImages):
        samples = np.asarray(samples)
    if n > len(samples):
        raise ValueError(
            f"`n` must be at most the number of samples. Received: n={n} with {len(samples)}"
        )
    return _blocks(samples, philox.permutation(seed, 0, len(samples))[:n])


def _blocks(images, rows):
    """Yields the images of these rows in batches: arrays, or lists of images of any sizes."""
    if isinstance(images, MixedImages):
        yield from images.blocks(rows)
        return
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        yield images[some.start : some.stop] if isinstance(some, range) else images[some]


def _feed(metric, take, batch):
    """Gives a metric a batch, or the features of a list of images."""
    if not isinstance(batch, list):
        take(batch)
        return
    extractor = metric.extractor
    features = extractor(batch)
    metric.extractor = None
    try:
        take(features)
    finally:
        metric.extractor = extractor


def _extract(extractor, images):
    """Returns the features of an array of images, or of a list of images of any sizes."""
    if not isinstance(images, list):
        return extractor(images)
    # `MixedImages` checks the range of all images together.
    with known_range():
        if getattr(extractor, "takes_lists", False):
            return extractor(images)
        return np.concatenate([on_host(extractor(image[None])) for image in images])


def _resizes(metric):
    return getattr(metric.extractor, "resize", None) not in (None, "", "none")
