"""What every metric has in common, and how one is found by its name."""

import keras
import numpy as np

from ganzoo.metrics.features import check_features, on_host
from ganzoo.metrics.result import Protocol, Result
from ganzoo.registry import Registry

METRICS = Registry("metric")


class SampleMetric(keras.metrics.Metric):
    """A measure of generated samples that takes them batch by batch.

    A subclass says what is kept of the samples (`accumulator`, a class with `update(batch)` and
    `count`), and what comes of it (`measure`). The package's docstring tells what samples are.

    Args:
        extractor: A callable of uint8 images with the attributes `name` and `sha256`, or None:
            then samples are features.
        name: Name of the metric in logs.

    Raises:
        ValueError: If the extractor lacks a name or a hash.
    """

    accumulator = None

    def __init__(self, extractor=None, name=None):
        super().__init__(dtype="float64", name=name)
        self.extractor = check_extractor(extractor)
        self.reset_state()

    def reset_state(self):
        """Forgets everything that was streamed."""
        self.reset_samples()

    def reset_samples(self):
        """Forgets the generated samples, and keeps the reference."""
        self.samples = self.accumulator()

    def update_state(self, samples):
        """Adds a batch of generated samples.

        Args:
            samples: uint8 images `(batch, height, width, channels)`, or without an extractor
                features `(batch, dimensions)`, floating.

        Raises:
            ValueError: If they are something else, or not finite.
            RuntimeError: In a traced function.
        """
        self.samples.update(self.prepare(samples))

    def prepare(self, samples):
        """Returns what the accumulator takes of a batch: here, its features."""
        if self.extractor is None:
            return check_features("samples", samples)
        features = self.extractor(check_images("samples", samples))
        return check_features(f"features of {self.extractor.name}", features)

    def measure(self):
        """Returns a dictionary from the name of each figure to (value, spread or None)."""
        raise NotImplementedError(f"`{type(self).__name__}` must implement `measure()`.")

    def settings(self):
        """Returns the arguments that change the figures, for the protocol."""
        return {}

    def result(self):
        """Returns the figure, a float, or a dictionary of several by name."""
        self.check_ready()
        values = {name: value for name, (value, _) in self.measure().items()}
        return next(iter(values.values())) if len(values) == 1 else values

    def report(self, reference=None, seed=None, example_shape=None):
        """Returns a list of `Result`, one for each figure.

        Args:
            reference: What the real examples are, e.g. `"fashion_mnist test"`.
            seed: Seed that the samples were drawn from.
            example_shape: Shape of an example, such as (height, width, channels).
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
            "settings": self.settings(),
        }
        return [
            Result(name, value, spread, Protocol(name, **protocol))
            for name, (value, spread) in self.measure().items()
        ]

    @property
    def reference_count(self):
        """Number of real examples, or None without a reference."""
        return None

    def check_ready(self):
        """Raises `ValueError` if there is nothing to measure."""
        if not self.samples.count:
            raise ValueError(
                f"`{self.name}` has no samples: call `update_state` first. Received: 0 samples"
            )

    def get_config(self):
        """Returns the arguments of `__init__`."""
        extractor = self.extractor
        if extractor is not None:
            extractor = keras.saving.serialize_keras_object(extractor)
        return {"extractor": extractor, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Returns the metric that `get_config` described."""
        if isinstance(config.get("extractor"), dict):
            extractor = keras.saving.deserialize_keras_object(config["extractor"])
            config = {**config, "extractor": extractor}
        return cls(**config)


class ReferenceMetric(SampleMetric):
    """A measure that compares generated samples with real ones."""

    def reset_state(self):
        super().reset_state()
        self.reference_samples = self.accumulator()

    def update_reference(self, samples):
        """Adds a batch of real samples, of the form that `update_state` takes."""
        self.reference_samples.update(self.prepare(samples))

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


def get(identifier, **arguments):
    """Returns the metric that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.metrics.names()`, the dictionary that
            `keras.saving.serialize_keras_object` made of a metric, or a metric, which is returned.
        **arguments: Arguments of the metric, with a name only.

    Raises:
        ValueError: If it is none of these.

    Example:

    >>> ganzoo.metrics.get("kernel_distance", subset_size=100).subset_size
    100
    """
    if isinstance(identifier, str):
        return METRICS[identifier](**arguments)
    if arguments:
        raise ValueError(
            "Arguments are for a metric that is given by its name. "
            f"Received: identifier={identifier!r}, {arguments!r}"
        )
    return METRICS.instance(identifier, SampleMetric)


def names():
    """Returns the names of all metrics in alphabetical order."""
    return METRICS.names()


def check_extractor(extractor):
    """Returns the extractor, or raises `ValueError` if it is not a callable with name and hash."""
    named = all(isinstance(getattr(extractor, name, None), str) for name in ("name", "sha256"))
    if extractor is not None and not (callable(extractor) and named):
        raise ValueError(
            "`extractor` must be a callable of uint8 images with the attributes `name` and "
            "`sha256`, two strings that tell its figures from those of others. "
            f"Received: extractor={extractor!r}"
        )
    return extractor


def check_images(name, images):
    """Returns uint8 images `(batch, height, width, channels)` as an array, or raises."""
    images = on_host(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise ValueError(
            f"`{name}` must be uint8 images in [0, 255] of shape (batch, height, width, channels), "
            "such as `gan.sample` gives: figures depend on the rounding. "
            f"Received: {name} of dtype {images.dtype} and shape {images.shape}"
        )
    return images
