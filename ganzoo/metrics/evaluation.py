"""Samples measured against real examples: for `GAN.evaluate`, the callback and the command.

results = evaluate(gan.sample, test_data, ["fid", "is"], extractor="fashion_mnist", n=10_000)
print(*results.values(), sep="\\n")
"""

import contextlib
import itertools
import re

import numpy as np

from ganzoo.data import Dataset
from ganzoo.metrics import base
from ganzoo.metrics.base import ReferenceMetric
from ganzoo.metrics.feature_cache import FeatureCache
from ganzoo.metrics.features import on_host
from ganzoo.metrics.inception_score import InceptionScore
from ganzoo.metrics.mode_coverage import ModeCoverage
from ganzoo.validation import check_positive_integer, check_seed

# What the field calls them.
SHORT_NAMES = {
    "fid": "frechet_distance",
    "kid": "kernel_distance",
    "is": "inception_score",
    "ms_ssim": "structural_similarity",
}
_WITHOUT_EXTRACTOR = ("mixture_coverage", "structural_similarity")
_BATCH = 1024
# What `GAN.sample` draws at once: it compiles anew for fewer samples.
_SAMPLED_AT_ONCE = 64
_KID_SUBSET = 1000


def evaluate(sample, data=None, metrics=("fid",), extractor=None, n=None, seed=0, cache=True):
    """Measures samples once; see `Evaluation` for the arguments that are not here.

    Args:
        sample: Function of a number of samples and the first one's seed, such as `gan.sample`; or
            samples: an array or a `ganzoo.data.Dataset`.
        seed: Seed of the first sample.

    Returns:
        A dictionary from short names to `ganzoo.metrics.Result`.

    Example:

    >>> from ganzoo.metrics.evaluation import evaluate
    >>> digits, test = (ganzoo.data.load("digits", split=name) for name in ("train", "test"))
    >>> results = evaluate(digits, test, ["fid"], extractor="digits")
    >>> print(results["fid"])
    FID@digits-classifier ... (1438/359 digits test, Lanczos to 32x32)
    """
    if n is None and not callable(sample):
        n = len(sample)
    return Evaluation(metrics, data, extractor, n, cache).measure(sample, seed)


class Evaluation:
    """Metrics with their real examples, to which samples are put again and again.

    Metrics that have one extractor share its passes. The features of the real images are extracted
    once, and kept on disk.

    Args:
        metrics: List of `ganzoo.metrics` metrics, or of their names: those of
            `ganzoo.metrics.names()`, or `"fid"`, `"kid"`, `"is"` and `"ms_ssim"`. A name stands
            for the metric with its defaults, but for the subsets of KID (half of the examples or
            samples, whichever are fewer, and at most 1000) and the modes and channels of the data.
        data: The real examples, a `ganzoo.data.Dataset` or an array; `None` where no metric
            compares, or those that do have a reference already.
        extractor: For the metrics that are given by name: a name of
            `ganzoo.metrics.extractors.names()`, or an extractor; with the method `probabilities`
            for the Inception score and the coverage of modes.
        n: Number of samples; by default as many as there are real examples.
        cache: Whether to keep the features of real images in the folder `ganzoo` in Keras's own;
            or another folder. They are found again by the images and the extractor's `name` and
            `sha256`: an extractor of yours that changes needs another hash.

    Attributes:
        metrics: List of the metrics.

    Raises:
        ValueError: If a metric or the extractor is unknown or lacking, or the number of samples is.

    Example:

    >>> evaluation = Evaluation(["fid", "precision_recall"], test, extractor="digits", n=5000)
    >>> evaluation.measure(gan.sample)
    {'fid': Result(...), 'precision': Result(...), 'recall': Result(...), ...}
    """

    def __init__(self, metrics, data=None, extractor=None, n=None, cache=True):
        if not isinstance(metrics, (list, tuple)) or not metrics:
            raise ValueError(
                f"`metrics` must be a list of metrics or of names. Received: metrics={metrics!r}"
            )
        self.data = data if data is None or isinstance(data, Dataset) else Dataset(data)
        if n is None and data is None:
            raise ValueError("`n`, the number of samples, must be given without data.")
        self.n = len(self.data) if n is None else check_positive_integer("n", n)
        if isinstance(extractor, str):
            from ganzoo.metrics import extractors  # Only here: they come with their networks.

            extractor = extractors.get(extractor)
        self._extractor = base.check_extractor(extractor)
        self._cache = FeatureCache(None if cache is True else cache) if cache else None
        self.metrics = [
            self._named(metric) if isinstance(metric, str) else base.get(metric)
            for metric in metrics
        ]
        self._compared = [m for m in self.metrics if self._needs_data(m)]
        self._is_ready = False

    def measure(self, sample, seed=0, progress=None):
        """Returns the figures of samples, a dictionary from short names to `Result`.

        A figure's short name is its own in lower case (`fid`, `precision`); of a metric that was
        given a name, it is that name, followed by the figure's own if there are several.

        Args:
            sample: Function of a number of samples and the first one's seed, or samples.
            seed: Seed of the first sample.
            progress: Function that is called with what is looked at, `"real"` or `"samples"`, how
                many were, and how many there are.

        Raises:
            ValueError: If samples are of another shape than the real examples, if there are too
                few of them, or if two figures have one short name.
        """
        progress = progress or (lambda *state: None)
        if callable(sample):
            batches = _drawn(sample, self.n, check_seed(seed))
        else:
            batches, seed = _parts(sample, self.n), None
        # What is wrong with the samples is seen before the features of all real examples are made.
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
        reference = None
        if self.data is not None:
            reference = " ".join(filter(None, (self.data.name, self.data.split)))
        results = {}
        for metric in self.metrics:
            compared_with = reference if metric in self._compared else None
            figures = metric.report(compared_with, seed, first.shape[1:])
            for result in figures:
                name = _short_name(metric, result.name, len(figures))
                if name in results:
                    raise ValueError(
                        "Two metrics give figures of one name: give one of them another `name`. "
                        f"Received: {name!r} twice"
                    )
                results[name] = result
        return results

    def prepare(self, progress=None):
        """Shows the real examples to the metrics, unless they have seen them."""
        if self._is_ready:
            return
        for metric in self._compared:
            metric.reset_state()
        with self._shared_passes(self._compared) as extractors:
            self._show_real(extractors, progress or (lambda *state: None))
        self._is_ready = True

    def _show_real(self, extractors, progress):
        if not self._compared:
            return
        examples = self.data.examples
        stored, extracted, paths = {}, {}, {}
        for extractor in extractors if self._cache else ():
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
    def _shared_passes(self, metrics):
        """Lets metrics with one extractor share its passes; yields the list of those shared."""
        own = [metric.extractor for metric in metrics]
        shared = {id(one): _OncePerBatch(one) for one in own if one is not None}
        for metric, extractor in zip(metrics, own, strict=True):
            metric.extractor = shared.get(id(extractor))
        try:
            yield list(shared.values())
        finally:
            for metric, extractor in zip(metrics, own, strict=True):
                metric.extractor = extractor

    def _named(self, name):
        name, kind = find(name)
        arguments = {}
        if name not in _WITHOUT_EXTRACTOR:
            arguments["extractor"] = self._extractor_for(name, kind)
        if self.data is None and issubclass(kind, ReferenceMetric):
            raise ValueError(f"`{name}` compares with real examples: give `data`. Received: None")
        if name == "kernel_distance":
            # Subsets that held all examples would be one, with no spread between them.
            half = min(self.n, len(self.data)) // 2
            arguments["subset_size"] = min(_KID_SUBSET, max(half, 2))
        if name == "mode_coverage" and self.data is not None:
            arguments["channels"] = self.data.example_shape[-1]
        if name == "mixture_coverage":
            if not hasattr(self.data, "centers"):
                raise ValueError(
                    "`mixture_coverage` is for mixtures of Gaussians, such as `toy:ring`. "
                    f"Received: data={self.data!r}"
                )
            arguments |= {"centers": self.data.centers, "deviation": self.data.deviation}
        return base.get(name, **arguments)

    def _extractor_for(self, name, kind):
        extractor = self._extractor
        if extractor is None:
            if self.data is not None and not self.data.has_images:
                return None
            from ganzoo.metrics import extractors

            raise ValueError(
                f"`{name}` of images needs an `extractor`: one of "
                f"{', '.join(map(repr, extractors.names()))}, or a callable of uint8 images. "
                "Received: extractor=None"
            )
        if not issubclass(kind, (InceptionScore, ModeCoverage)):
            return extractor
        if not hasattr(extractor, "probabilities"):
            raise ValueError(
                f"`{name}` needs a classifier, an extractor with the method `probabilities`. "
                f"Received: extractor={extractor!r}"
            )
        # One adapter, so that metrics that take probabilities share their passes too.
        if not hasattr(self, "_classifier"):
            self._classifier = _Probabilities(extractor)
        return self._classifier

    def _needs_data(self, metric):
        """Whether a metric compares, and was not given a reference of its own."""
        is_filled = getattr(metric, "reference", None) is not None
        return isinstance(metric, ReferenceMetric) and self.data is not None and not is_filled

    def _checked(self, batch):
        if self._compared and batch.shape[1:] != self.data.example_shape:
            raise ValueError(
                "Samples and real examples must have one shape: load the data with the samples' "
                f"`size` and `channels`. Received: samples of shape {batch.shape[1:]}, {self.data}"
            )
        return batch


def find(name):
    """Returns the full name and the class of a metric.

    Args:
        name: One of `ganzoo.metrics.names()` or of `SHORT_NAMES`.

    Raises:
        ValueError: If it is neither.
    """
    full_name = SHORT_NAMES.get(name, name)
    if full_name not in base.names():
        raise ValueError(
            f"Unknown metric. Expected one of: {', '.join(sorted([*SHORT_NAMES, *base.names()]))}. "
            f"Received: {name!r}"
        )
    return full_name, base.METRICS[full_name]


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
        """Takes `features` for those of `images`."""
        self._images, self._features = images, features


class _Probabilities:
    """A classifier as an extractor of probabilities."""

    output = "probabilities"

    def __init__(self, classifier):
        self._classifier = classifier
        self.name, self.sha256 = classifier.name, classifier.sha256
        self.resize = getattr(classifier, "resize", None)

    def __call__(self, images):
        return self._classifier.probabilities(images)


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


def _short_name(metric, figure, figures):
    """Returns the name of one of the figures of a metric in logs."""
    short = re.sub(r"\W+", "_", figure.lower())
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(metric).__name__).lower()
    # Keras counts the metrics that were given no name.
    if re.fullmatch(rf"{kind}(_\d+)?", metric.name):
        return short
    return metric.name if figures == 1 else f"{metric.name}_{short}"
