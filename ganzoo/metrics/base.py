"""What all metrics share, and how a metric is found by its name."""

import math
import re
import warnings

import keras

from ganzoo import extractors
from ganzoo.data.checks import RangeEvidence
from ganzoo.extractors.checks import check_extractor, check_images, check_samples, known_range
from ganzoo.extractors.probabilities import classifier_of
from ganzoo.metrics.features import check_features, check_same_width
from ganzoo.metrics.result import Protocol, Result
from ganzoo.part import Part
from ganzoo.registry import Registry

METRICS = Registry("metric")


class SampleMetric(Part, keras.metrics.Metric):
    """A metric of generated samples that takes them batch by batch.

    A subclass declares what it is and needs in the attributes below. It defines what is kept of
    the samples (`accumulator`, a class with `update(batch)` and `count`), and how the values are
    computed from it (`measure`). The docstring of `ganzoo.metrics` says what samples are.

    Args:
        extractor: A callable of uint8 images, or of other examples as float32, with the attributes
            `name` and `sha256`; a name of `ganzoo.extractors.names()`; or `None`: then samples are
            features.
        name: Name of the metric in logs.

    Attributes:
        alias: Short name, such as `"fid"`, that is accepted wherever the registered name is.
        needs: What the metric needs to be measured, a tuple of these words:
            `"features"`: an extractor of features, for images;
            `"probabilities"`: an extractor of class probabilities, for images;
            `"images"`: samples that are images;
            `"reference"`: real examples;
            `"mixture"`: data that are a mixture of Gaussians, as `toy:ring`.
        takes_features: Whether, without an extractor, it takes what the extractor returns.
        card: When the card of a published model gives the metric: `"features"` where an extractor
            knows the images, `"pixels"` where none does, or `None` for never.
        headline: Names of the values that the tables of published models show.
        best: Which of these values is best, `"lowest"` or `"highest"`.
        higher_is_better, lower_is_better: Keys in logs of the values that can choose the best
            checkpoint of a run, tuples.

    Raises:
        ValueError: If the extractor has no name or no hash, or is unknown.
    """

    alias: str | None = None
    needs: tuple[str, ...] = ("features",)
    takes_features: bool = True
    card: str | None = None
    headline: tuple[str, ...] = ()
    best: str | None = None
    higher_is_better: tuple[str, ...] = ()
    lower_is_better: tuple[str, ...] = ()
    accumulator = None

    def __init__(self, extractor=None, name=None):
        super().__init__(dtype="float64", name=name)
        if isinstance(extractor, str):
            wanted = ("probabilities",) if "probabilities" in self.needs else ()
            extractor = extractors.get(extractor, *wanted)
        self.extractor = check_extractor(extractor)
        self.reset_state()

    @classmethod
    def from_data(cls, data=None, extractor=None, n: int | None = None) -> "SampleMetric":
        """Returns the metric with the arguments that suit a data set.

        Args:
            data: The real examples, a `ganzoo.data.Dataset`, or `None`.
            extractor: An extractor, a name of `ganzoo.extractors.names()`, or `None`: then it is
                ganzoo's own for the data, if there is one.
            n: Number of samples; by default as many as there are real examples.

        Raises:
            ValueError: If the data or the extractor is not what the metric needs.

        Example:

        >>> test = ganzoo.data.load("digits", split="test")
        >>> ganzoo.metrics.KernelDistance.from_data(test).subset_size
        179
        """
        registered = (name for name, kind in kinds().items() if kind is cls)
        name = cls.alias or next(registered, cls.__name__)
        has_images = data is None or data.has_images
        if data is None and "reference" in cls.needs:
            raise ValueError(f"`{name}` compares with real examples: give `data`. Received: None")
        if "images" in cls.needs and not has_images:
            raise ValueError(f"`{name}` measures images. Received: data={data!r}")
        arguments = cls.arguments_for(data, len(data) if n is None and data is not None else n)
        if {"features", "probabilities"} & set(cls.needs):
            arguments["extractor"] = cls._fitting(extractor, data, name)
        return cls(**arguments)

    @classmethod
    def arguments_for(cls, data, n: int | None) -> dict:
        """Returns the arguments of `__init__` that follow from the data and the samples.

        A subclass overrides it where its defaults do not suit all data.

        Args:
            data: The real examples, a `ganzoo.data.Dataset`, or `None`.
            n: Number of samples, or `None`.

        Raises:
            ValueError: If the metric does not fit the data.
        """
        return {}

    @classmethod
    def is_meaningful(cls, example_shape: tuple, n: int) -> bool:
        """Whether the values say something about `n` samples of this shape, for a model's card."""
        return True

    @classmethod
    def _fitting(cls, extractor, data, name):
        """Returns an extractor that gives what the metric needs; `None` for vectors."""
        if isinstance(extractor, str):
            extractor = extractors.get(extractor)
        if extractor is None and data is not None and data.has_images:
            extractor = extractors.get_for(data.name)
        if extractor is None and (data is None or data.has_images):
            raise ValueError(
                f"`{name}` of images needs an `extractor`: one of "
                f"{', '.join(map(repr, extractors.names()))}, or a callable of uint8 images. "
                "Received: extractor=None"
            )
        if extractor is None and len(data.example_shape) != 1:
            raise ValueError(
                f"`{name}` compares features: give an `extractor`, a callable that gives a vector "
                "for each example, with the attributes `name` and `sha256`. "
                f"Received: extractor=None for {data!r}"
            )
        return classifier_of(extractor) if "probabilities" in cls.needs else extractor

    def reset_state(self):
        """Forgets everything that was streamed."""
        self.reset_samples()

    def reset_samples(self):
        """Forgets the generated samples, and keeps the reference."""
        self.samples = self.accumulator()
        self._range_of_samples = RangeEvidence()

    def update_state(self, samples):
        """Adds a batch of generated samples.

        Args:
            samples: uint8 images `(batch, height, width, channels)`, or other floating examples;
                without an extractor floating features `(batch, dimensions)`.

        Raises:
            ValueError: If they are something else, or not finite; if images seem to be in {0, 1};
                or if features have another width than the reference.
            RuntimeError: In a traced function.
        """
        prepared = self._prepared(samples, self._range_of_samples)
        # Otherwise it would be found out after all samples were made.
        self.check_width(prepared)
        self.samples.update(prepared)

    def check_width(self, features):
        """Raises `ValueError` if the reference has another number of features, and it is known."""
        check_same_width(features, self.reference_width(), "the real examples")

    def _prepared(self, samples, evidence):
        """Returns what the accumulator takes, after a check of all images so far."""
        if "images" in self.needs:
            check_images("samples", samples, evidence)
        elif self.extractor is not None:
            check_samples("samples", samples, evidence)
        with known_range():
            return self.prepare(samples)

    def reference_width(self) -> int | None:
        """Returns the number of features of a real example, or `None` if it is unknown."""
        return None

    def prepare(self, samples):
        """Returns what the accumulator takes of a batch; here its features."""
        if self.extractor is None:
            return check_features("samples", samples)
        features = self.extractor(check_samples("samples", samples))
        return check_features(f"features of {self.extractor.name}", features)

    def measure(self) -> dict:
        """Returns a dictionary from the name of each value to (value, spread or None)."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `measure()`.")

    def settings(self) -> dict:
        """Returns the arguments that change the values, for the protocol."""
        return {}

    def result(self) -> float | dict[str, float]:
        """Returns the value, a float; a dictionary by name where there are several."""
        self.check_ready()
        values = {name: value for name, (value, _) in self.measure().items()}
        return next(iter(values.values())) if len(values) == 1 else values

    def report(
        self,
        reference=None,
        seed=None,
        example_shape=None,
        reference_shape=None,
        order_seed=None,
    ) -> list[Result]:
        """Returns a list of `Result`, one for each value that is finite.

        A warning names the values that are not: others of a long measurement are not lost.

        Args:
            reference: What the real examples are, e.g. `"fashion_mnist test"`.
            seed: Seed that the samples were drawn from.
            example_shape: Shape of an example, such as (height, width, channels).
            reference_shape: Shape of a real example, where it is another one.
            order_seed: Seed by which the samples were drawn from a set.
        """
        self.check_ready()
        protocol = {
            "extractor": getattr(self.extractor, "name", None),
            "extractor_sha256": getattr(self.extractor, "sha256", None),
            "samples": self.samples.count,
            "reference_samples": self.reference_count,
            "reference": reference,
            "resize": getattr(self.extractor, "resize", None),
            "seed": seed,
            "example_shape": example_shape,
            "reference_shape": reference_shape,
            "order_seed": order_seed,
            "settings": self.settings(),
        }
        measured = self.measure()
        self.value_count = len(measured)
        finite = {name: one for name, one in measured.items() if all(map(_is_finite, one))}
        if len(finite) < len(measured):
            values = [
                f"{n}={measured[n][0]} ± {measured[n][1]}" for n in measured if n not in finite
            ]
            warnings.warn(
                f"`{self.name}` gives values that are not finite, which are left out: other "
                f"samples, or more of them, may have finite ones. Received: {', '.join(values)}",
                stacklevel=2,
            )
        return [
            Result(name, value, spread, Protocol(name, **protocol))
            for name, (value, spread) in finite.items()
        ]

    def log_name(self, value_name: str, count: int) -> str:
        """Returns the name of one of the metric's values in logs.

        It is the value's own in lower case (`fid`, `precision`). A metric that was given a name
        has that name, followed by the value's own where there are several.

        Args:
            value_name: Name of the value in `measure()`.
            count: Number of the metric's values.
        """
        short = key_of(value_name)
        class_name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        # Keras counts the metrics that were given no name.
        if re.fullmatch(rf"{class_name}(_\d+)?", self.name):
            return short
        return self.name if count == 1 else f"{self.name}_{short}"

    @property
    def reference_count(self) -> int | None:
        """Number of real examples, or `None` without a reference."""
        return None

    @property
    def takes_reference(self) -> bool:
        """Whether the metric compares with real examples that it takes by `update_reference`."""
        return False

    def check_ready(self):
        """Raises `ValueError` if there is nothing to measure."""
        if not self.samples.count:
            raise ValueError(
                f"`{self.name}` has no samples: call `update_state` first. Received: 0 samples"
            )


class ReferenceMetric(SampleMetric):
    """A metric that compares generated samples with real ones."""

    needs = ("features", "reference")
    takes_reference = True

    def reset_state(self):
        super().reset_state()
        self.reference_samples = self.accumulator()
        self._range_of_reference = RangeEvidence()

    def update_reference(self, samples):
        """Adds a batch of real samples, in the form that `update_state` takes."""
        prepared = self._prepared(samples, self._range_of_reference)
        check_same_width(prepared, getattr(self.samples, "width", None), "the samples")
        self.reference_samples.update(prepared)

    def reference_width(self):
        return getattr(self.reference_samples, "width", None)

    @property
    def reference_count(self):
        return self.reference_samples.count

    def check_ready(self):
        super().check_ready()
        if self.reference_count == 0:
            raise ValueError(
                f"`{self.name}` has no real samples: call `update_reference` first. "
                "Received: 0 real samples"
            )


def _is_finite(number):
    return number is None or math.isfinite(number)


def get(identifier, **arguments) -> SampleMetric:
    """Returns the metric that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.metrics.names()` or an alias, such as `"fid"`; the dictionary
            that `keras.saving.serialize_keras_object` made of a metric; or a metric, which is
            returned.
        **arguments: Arguments of the metric, only with a name.

    Raises:
        ValueError: If it is none of these.

    Example:

    >>> ganzoo.metrics.get("kid", subset_size=100).subset_size
    100
    """
    if isinstance(identifier, str):
        return find(identifier)(**arguments)
    if arguments:
        raise ValueError(
            "Arguments are for a metric that is given by its name. "
            f"Received: identifier={identifier!r}, {arguments!r}"
        )
    return METRICS.instance(identifier, SampleMetric)


def find(name: str) -> type[SampleMetric]:
    """Returns the class of a metric.

    Args:
        name: A name of `ganzoo.metrics.names()`, or an alias.

    Raises:
        ValueError: If it is neither.

    Example:

    >>> ganzoo.metrics.find("fid")
    <class 'ganzoo.metrics.frechet_distance.FrechetDistance'>
    """
    full_names = {kind.alias: full_name for full_name, kind in kinds().items() if kind.alias}
    METRICS.check_name(name, sorted([*full_names, *names()]))
    return METRICS[full_names.get(name, name)]


def names() -> list[str]:
    """Returns the names of all metrics in alphabetical order."""
    return METRICS.names()


def kinds() -> dict[str, type[SampleMetric]]:
    """Returns the classes of all metrics by their names, in alphabetical order."""
    return {name: METRICS[name] for name in METRICS.names()}


def key_of(value_name: str) -> str:
    """Returns the key of a value in logs and dictionaries of results.

    Example:

    >>> from ganzoo.metrics.base import key_of
    >>> key_of("MS-SSIM")
    'ms_ssim'
    """
    return re.sub(r"\W+", "_", value_name.lower())
