"""A value together with the protocol of its measurement."""

import dataclasses
import math

from ganzoo.validation import check_positive_integer, check_seed


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What must agree before two values may be compared.

    Args:
        metric: What was measured, e.g. `"FID"`.
        extractor: Name of the network whose features were compared, or `None`.
        extractor_sha256: Hash of its weights, or `None`.
        samples: Number of generated samples.
        reference_samples: Number of real examples; `None` if there is no reference or the number
            is unknown.
        reference: What the real examples are, e.g. `"fashion_mnist test"`, or `None`.
        resize: How images were resized for the extractor, or `None`.
        seed: Seed of the generated samples, or `None`.
        settings: The metric's own settings, a dictionary; stored as sorted pairs.
        example_shape: Shape of an example, such as (height, width, channels), or `None`. A height
            and a width of `None` stand for images of different sizes, which the extractor resized.
        reference_shape: Shape of a real example, where it is another one, or `None`.
        order_seed: Seed by which the samples were drawn, in random order, from a set of samples,
            such as a folder; `None` for samples that were made in order.

    Raises:
        ValueError: If a number of samples or the seed is out of range.
    """

    metric: str
    extractor: str | None = None
    extractor_sha256: str | None = None
    samples: int | None = None
    reference_samples: int | None = None
    reference: str | None = None
    resize: str | None = None
    seed: int | None = None
    settings: tuple = ()
    example_shape: tuple | None = None
    reference_shape: tuple | None = None
    order_seed: int | None = None

    def __post_init__(self):
        for name in ("samples", "reference_samples"):
            if getattr(self, name) is not None:
                check_positive_integer(name, getattr(self, name))
        for seed in (self.seed, self.order_seed):
            if seed is not None:
                check_seed(seed)
        for name in ("example_shape", "reference_shape"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "settings", tuple(sorted(dict(self.settings).items())))

    def differences(self, other: "Protocol") -> list[str]:
        """Returns a list of texts, one for each field that differs in `other`."""
        ours, theirs = self._flat(), other._flat()
        return [
            f"{name} {ours.get(name)!r} and {theirs.get(name)!r}"
            for name in [*ours, *(theirs.keys() - ours.keys())]
            if ours.get(name) != theirs.get(name)
        ]

    def __str__(self):
        """Returns the text in parentheses after the value."""
        counts = "/".join(_short(n) for n in (self.samples, self.reference_samples) if n)
        parts = [" ".join(part for part in (counts, self.reference) if part)]
        parts += [" from ".join(filter(None, (self.resize, self.sizes)))]
        parts += [f"{name} {value}" for name, value in self.settings]
        parts.append(None if self.seed is None else f"seed {self.seed}")
        parts.append(None if self.order_seed is None else f"order seed {self.order_seed}")
        return ", ".join(part for part in parts if part)

    @property
    def sizes(self) -> str | None:
        """The sizes that the extractor resized, as a text, if there are several; or `None`."""
        shapes = [self.example_shape, self.reference_shape]
        if self.reference_shape is None and None not in (self.example_shape or ()):
            return None
        return " and ".join(_size_text(shape) for shape in shapes if shape is not None)

    def _flat(self):
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return fields | dict(fields.pop("settings"))


@dataclasses.dataclass(frozen=True)
class Result:
    """A value with its protocol.

    Results with the same protocol can be ordered and subtracted. With different protocols, this is
    an error that names the difference. `float(result)` is the bare value. `==` compares value and
    protocol and never raises an error.

    Args:
        name: What was measured, e.g. `"FID"`.
        value: A finite number.
        spread: Its standard deviation over the parts that the metric uses (splits, subsets,
            pairs), or `None`.
        protocol: The `Protocol`.

    Raises:
        ValueError: If the value or the spread is not finite.

    Example:

    >>> from ganzoo.metrics import Protocol, Result
    >>> protocol = Protocol(
    ...     "FID", "fashion_mnist-classifier", "9f86d0", 10_000, 10_000, "test", seed=0
    ... )
    >>> result = Result("FID", 3.2104, None, protocol)
    >>> print(result)
    FID@fashion_mnist-classifier 3.21 (10k/10k test, seed 0)
    >>> Result.from_dict(result.to_dict()) == result
    True
    """

    name: str
    value: float
    spread: float | None
    protocol: Protocol

    def __post_init__(self):
        for name in ("value", "spread"):
            number = getattr(self, name)
            if name == "spread" and number is None:
                continue
            if not math.isfinite(number):
                raise ValueError(f"`{name}` must be finite. Received: {name}={number!r}")
            object.__setattr__(self, name, float(number))

    def __float__(self):
        return self.value

    def __str__(self):
        label = self.name
        if self.protocol.extractor is not None:
            label += f"@{self.protocol.extractor}"
        spread = "" if self.spread is None else f" ± {self.spread:.2g}"
        return f"{label} {self.value:.4g}{spread} ({self.protocol})"

    def __lt__(self, other):
        return self._comparable(other) and self.value < other.value

    def __le__(self, other):
        return self._comparable(other) and self.value <= other.value

    def __gt__(self, other):
        return self._comparable(other) and self.value > other.value

    def __ge__(self, other):
        return self._comparable(other) and self.value >= other.value

    def __sub__(self, other):
        """Returns the difference of the values, a float."""
        self._comparable(other)
        return self.value - other.value

    def to_dict(self) -> dict:
        """Returns the result as a dictionary for JSON, which `from_dict` reads."""
        content = dataclasses.asdict(self)
        protocol = content["protocol"]
        protocol["settings"] = dict(self.protocol.settings)
        for name in ("example_shape", "reference_shape"):
            if protocol[name] is not None:
                protocol[name] = list(protocol[name])
        return content

    @classmethod
    def from_dict(cls, content: dict) -> "Result":
        """Returns the result that `to_dict` described.

        Raises:
            ValueError: If the content is not a result.
        """
        try:
            return cls(**{**content, "protocol": Protocol(**content["protocol"])})
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(
                f"This is not a dictionary of `Result.to_dict`. {type(error).__name__}: {error}. "
                f"Received: content={content!r}"
            ) from error

    def _comparable(self, other):
        if not isinstance(other, Result):
            raise TypeError(
                "A result can be compared only with a result; `float(result)` is the bare value. "
                f"Received: {other!r}"
            )
        differences = self.protocol.differences(other.protocol)
        if differences:
            raise ValueError(
                "Values of different protocols cannot be compared: measure both by the same one. "
                f"Received: {'; '.join(differences)}"
            )
        return True


def _short(count):
    return f"{count // 1000}k" if count % 1000 == 0 else str(count)


def _size_text(shape):
    height, width, channels = shape
    size = "mixed sizes" if height is None else f"{width}x{height}"
    return f"{size} in {'gray' if channels == 1 else 'color'}"
