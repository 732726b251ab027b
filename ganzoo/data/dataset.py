"""A data set in memory, which is checked once, when it is created."""

import copy
import zlib
from collections.abc import Iterable
from typing import Any, Self

import numpy as np

from ganzoo.data.batches import Batches
from ganzoo.data.checks import RangeEvidence, as_array, check_examples, check_labels, check_rows
from ganzoo.data.classes import as_names
from ganzoo.data.conditions import check_condition_names, check_conditions
from ganzoo.data.mirrored import MirroredBatches
from ganzoo.data.pixel_format import PixelFormat, check_value_range
from ganzoo.data.sharded_array import ShardedArray, blocks_of
from ganzoo.validation import describe

# What examples are called, by the number of their axes.
KINDS = {1: "vectors", 2: "sequences", 3: "images", 4: "volumes"}


class Dataset:
    """Images, vectors or other examples in memory, with optional labels.

    It refuses data that would otherwise only show as a bad model after an hour.

    Args:
        examples: uint8 images in [0, 255], uint16 images in [0, 65535] or float images in [-1, 1],
            shape (count, height, width, channels); or other float examples, such as vectors (count,
            dimensions), sequences (count, time, channels) or volumes (count, depth, height, width,
            channels). Floats are kept as float32.
        labels: Optional classes, shape (count,): integers in [0, num_classes), or some of the
            `class_names`; or one-hot rows of shape (count, num_classes).
        num_classes: Number of classes. Defaults to the number of `class_names` or of columns of
            one-hot labels, or else to the largest label plus one.
        class_names: Optional name of each class, all different. Defaults to the names of the
            columns of one-hot labels, where they are a data frame. Names make the classes of two
            data sets, or of a model and data, comparable: see `ganzoo.data.classes`.
        name: Origin of the data, for messages and records.
        split: Name of the part of the source, e.g. `"train"`.
        conditions: Optional vectors in place of labels, shape (count, condition_dim): continuous
            attributes, embeddings of a text, or labels of which several may apply (0 or 1 each).
        condition_names: Optional name of each component of a vector, all different.
        value_range: For float images, the values that stand for black and white, if they are not
            -1 and 1. The images are then stored in [-1, 1], and the samples of a GAN that is
            trained on them are in this range.
        pixels: The `ganzoo.data.PixelFormat` of samples, for float images that were in another
            range and are in [-1, 1] already.

    Attributes:
        examples: uint8, uint16 or float32 array, contiguous.
        pixels: The `ganzoo.data.PixelFormat` that samples of a GAN have: of 8 bits, of 16 bits for
            uint16 images, or of floats for a `value_range`.
        labels: int32 array of shape (count,), or None.
        num_classes: Integer, or None without labels.
        class_names: Tuple of strings, or None.
        conditions: float32 array of shape (count, condition_dim), or None.
        condition_names: Tuple of strings, or None.

    Raises:
        ValueError: If the data are empty, of the wrong rank, not finite or out of range, or if the
            labels do not fit them.
        TypeError: If the examples or the labels have an unusable type.

    Warns:
        UserWarning: If no label is 0, and nothing else says how many classes there are.

    Example:

    >>> images = np.random.default_rng(0).integers(0, 256, (100, 32, 32, 3), dtype="uint8")
    >>> ganzoo.data.Dataset(images, name="noise")
    Dataset('noise', 100 uint8 images of shape (32, 32, 3), no labels)
    """

    def __init__(
        self,
        examples: np.ndarray,
        labels: np.ndarray | None = None,
        num_classes: int | None = None,
        class_names: Iterable[str] | None = None,
        name: str = "arrays",
        split: str | None = None,
        conditions: np.ndarray | None = None,
        condition_names: Iterable[str] | None = None,
        value_range: tuple[float, float] | None = None,
        pixels: PixelFormat | None = None,
    ):
        self.name = name
        self.split = split
        self.pixels = PixelFormat.get(pixels)
        if value_range is not None:
            self.pixels = PixelFormat("float32", *check_value_range(value_range))
            examples = _in_range(examples, self.pixels)
        examples = check_examples(examples)
        if examples.dtype == np.uint16:
            self.pixels = PixelFormat("uint16")
        # Images of a stated range may all be bright.
        if self.pixels.dtype != "float32":
            evidence = RangeEvidence()
            evidence.add(examples)
            evidence.check()
        # `np.take` would copy all of a non-contiguous array for every batch.
        self.examples = np.ascontiguousarray(examples)
        if class_names is None and hasattr(labels, "columns") and np.ndim(labels) == 2:
            class_names = labels.columns
        self.class_names = None if class_names is None else as_names("class_names", class_names)
        self.labels = self.num_classes = self.conditions = None
        if conditions is not None:
            if labels is not None:
                raise ValueError(
                    "Examples have labels or conditions. For both, append one-hot labels to the "
                    "conditions. Received: labels and conditions"
                )
            self.conditions = check_conditions(conditions, len(self.examples))
        self.condition_names = check_condition_names(condition_names, self.condition_dim)
        if labels is not None:
            self.labels, self.num_classes = check_labels(
                labels, num_classes, self.class_names, len(self.examples)
            )
        elif num_classes is not None or class_names is not None:
            raise ValueError(
                "`num_classes` and `class_names` need `labels`. Received: labels=None, "
                f"num_classes={describe(num_classes)}, class_names={describe(self.class_names)}"
            )

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of one example, such as (height, width, channels) or (dimensions,)."""
        return self.examples.shape[1:]

    @property
    def condition_dim(self) -> int | None:
        """Length of a vector of conditions, or `None` without conditions."""
        return None if self.conditions is None else self.conditions.shape[1]

    @property
    def targets(self) -> np.ndarray | None:
        """What an example is conditioned on: `labels`, `conditions`, or `None`."""
        return self.labels if self.conditions is None else self.conditions

    @property
    def has_images(self) -> bool:
        """Whether the examples are images, of shape (height, width, channels)."""
        return self.examples.ndim == 4

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels); an `AttributeError` for other examples."""
        if not self.has_images:
            raise AttributeError(
                f"Only images have an image shape: use `example_shape`. Received: {self!r}"
            )
        return self.example_shape

    @property
    def stored(self) -> PixelFormat:
        """The format of `examples`: floats of a range are stored in [-1, 1]."""
        return PixelFormat("float32", -1, 1) if self.pixels.dtype == "float32" else self.pixels

    @property
    def whole(self) -> np.ndarray:
        """All that batches are taken from: the examples, or the images that they are windows of."""
        return self.examples

    @property
    def checksum(self) -> int:
        """CRC-32 of `whole`."""
        return zlib.crc32(self.whole)

    def in_eight_bits(self) -> Self:
        """Returns the data with uint8 images, as metrics take them; or these data.

        Pixels of 16 bits, and floats of a `value_range`, become the nearest of 256 levels.
        """
        if self.pixels.is_eight_bits:
            return self
        result = copy.copy(self)
        result.examples, result.pixels = in_eight_bits(self.examples, self.stored), PixelFormat()
        return result

    def take(self, rows: np.ndarray) -> Self:
        """Returns some of the examples, with their labels or conditions and all else as it is.

        Args:
            rows: Numbers of the examples, in their new order: integers, at least one.

        Raises:
            ValueError: If they are no integers, or there is none.
            IndexError: If there is no example of a number.

        Example:

        >>> ganzoo.data.load("digits").take(range(100))
        Dataset('digits' train, 100 uint8 images of shape (32, 32, 1), 10 classes)
        """
        rows = check_rows(rows)
        result = copy.copy(self)
        for part in ("examples", "labels", "conditions"):
            values = getattr(self, part)
            if values is not None:
                setattr(result, part, values.take(rows, axis=0))
        return result

    def batches(
        self,
        batch_size: int,
        seed: int = 0,
        steps_per_epoch: int | None = None,
        mirror: bool = False,
    ) -> Batches:
        """Returns the data as `ganzoo.data.Batches`, which `fit` takes.

        With `mirror`, each image is flipped horizontally with probability 1/2, as
        `ganzoo.data.MirroredBatches` says.
        """
        kind = MirroredBatches if mirror else Batches
        return kind(self, batch_size, seed=seed, steps_per_epoch=steps_per_epoch)

    def __repr__(self):
        name = repr(self.name) if self.split is None else f"{self.name!r} {self.split}"
        kind = KINDS.get(len(self.example_shape), "examples")
        classes = "no labels" if self.labels is None else f"{self.num_classes:,} classes"
        if self.conditions is not None:
            classes = f"conditions of length {self.condition_dim:,}"
        return (
            f"{type(self).__name__}({name}, {len(self):,} {self.examples.dtype} {kind} "
            f"of shape {self.example_shape}, {classes})"
        )


def in_eight_bits(examples: np.ndarray | ShardedArray, stored: PixelFormat) -> Any:
    """Returns pixels of a format as uint8. An array in files is converted where it is read."""
    if isinstance(examples, ShardedArray):
        return examples.converted(stored.in_eight_bits, np.uint8)
    return np.concatenate([stored.in_eight_bits(block) for block in blocks_of(examples)])


def _in_range(examples, pixels):
    """Returns float images of a range in [-1, 1]."""
    examples = as_array("examples", examples)
    if examples.ndim != 4 or not np.issubdtype(examples.dtype, np.floating) or not examples.size:
        raise ValueError(
            "`value_range` is for float images of shape (count, height, width, channels). "
            f"Received: examples.dtype={examples.dtype}, examples.shape={examples.shape}"
        )
    return pixels.to_signed(examples)
