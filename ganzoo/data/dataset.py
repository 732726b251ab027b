"""A data set in memory, which is checked once, when it is created."""

from collections.abc import Iterable

import numpy as np

from ganzoo.data.batches import Batches
from ganzoo.data.classes import check_class_names
from ganzoo.validation import check_positive_integer


class Dataset:
    """Images or vectors in memory, with optional labels.

    It refuses data that would otherwise only show as a bad model after an hour.

    Args:
        examples: uint8 images in [0, 255] or float images in [-1, 1], shape (count, height, width,
            channels); or float vectors, shape (count, dimensions). Floats are kept as float32.
        labels: Optional integer classes in [0, num_classes), shape (count,).
        num_classes: Number of classes. Defaults to the number of `class_names`, or else to the
            largest label plus one.
        class_names: Optional name of each class, all different. Names make the classes of two data
            sets, or of a model and data, comparable: see `ganzoo.data.classes`.
        name: Origin of the data, for messages and records.
        split: Name of the part of the source, e.g. `"train"`.

    Attributes:
        examples: uint8 or float32 array, contiguous.
        labels: int32 array of shape (count,), or None.
        num_classes: Integer, or None without labels.
        class_names: Tuple of strings, or None.

    Raises:
        ValueError: If the data are empty, of the wrong rank, not finite or out of range, or if the
            labels do not fit them.
        TypeError: If the examples or the labels have an unusable type.

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
    ):
        self.name = name
        self.split = split
        self.examples = _check_examples(examples)
        self.class_names = None if class_names is None else tuple(map(str, class_names))
        self.labels, self.num_classes = _check_labels(
            labels, num_classes, self.class_names, len(self.examples)
        )

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of one example: (height, width, channels) or (dimensions,)."""
        return self.examples.shape[1:]

    @property
    def has_images(self) -> bool:
        """Whether the examples are images; otherwise they are vectors."""
        return self.examples.ndim == 4

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels); an `AttributeError` for vectors."""
        if not self.has_images:
            raise AttributeError(f"Vectors have no image shape: use `example_shape`. In {self!r}")
        return self.example_shape

    def batches(
        self, batch_size: int, seed: int = 0, steps_per_epoch: int | None = None
    ) -> Batches:
        """Returns the data as `ganzoo.data.Batches`, which `fit` takes."""
        return Batches(self, batch_size, seed=seed, steps_per_epoch=steps_per_epoch)

    def __repr__(self):
        name = repr(self.name) if self.split is None else f"{self.name!r} {self.split}"
        kind = "images" if self.has_images else "vectors"
        classes = "no labels" if self.labels is None else f"{self.num_classes:,} classes"
        return (
            f"{type(self).__name__}({name}, {len(self):,} {self.examples.dtype} {kind} "
            f"of shape {self.example_shape}, {classes})"
        )


def _check_examples(examples):
    examples = _as_array("examples", examples)
    if examples.ndim not in (2, 4):
        raise ValueError(
            "`examples` must be images of shape (count, height, width, channels) or vectors of "
            "shape (count, dimensions); grayscale images need a last axis of 1 "
            f"(`images[..., None]`). Received: examples.shape={examples.shape}"
        )
    if examples.size == 0:
        raise ValueError(f"`examples` must not be empty. Received: examples.shape={examples.shape}")
    is_float = np.issubdtype(examples.dtype, np.floating)
    if not is_float and (examples.dtype != np.uint8 or examples.ndim == 2):
        raise TypeError(
            "`examples` must be uint8 images in [0, 255], float images in [-1, 1] or float "
            f"vectors. Received: examples.dtype={examples.dtype}, "
            f"examples.shape={examples.shape}"
        )
    if is_float:
        _check_finite(examples)
        examples = examples.astype(np.float32, copy=False)
    if examples.ndim == 4:
        _check_channels_last(examples)
        _check_range(examples)
    # `np.take` would copy all of a non-contiguous array for every batch.
    return np.ascontiguousarray(examples)


def _check_finite(examples):
    # A minimum and a maximum need no memory, and NaN passes through both.
    if np.isfinite(examples.min()) and np.isfinite(examples.max()):
        return
    bad = ~np.isfinite(examples).reshape(len(examples), -1).all(axis=1)
    raise ValueError(
        "`examples` must be finite: remove or repair the rows with NaN or infinity. "
        f"Received: {bad.sum():,} such rows of {len(examples):,}, the first at {bad.argmax()}"
    )


def _check_channels_last(images):
    if images.shape[1] in (1, 3) and images.shape[3] > 4:
        raise ValueError(
            "Images must have their channels last; `np.transpose(images, (0, 2, 3, 1))` moves "
            f"them. Received: examples.shape={images.shape}"
        )


def _check_range(images):
    low, high = images.min(), images.max()
    received = f"Received: examples of {images.dtype} in [{low:.6g}, {high:.6g}]"
    if images.dtype == np.uint8:
        if high == 1:
            raise ValueError(
                "uint8 images must be in [0, 255], and these seem to be in [0, 1]: multiply them "
                f"by 255. {received}"
            )
    elif low >= 0 and high <= 1:
        raise ValueError(
            "Float images must be in [-1, 1], and these seem to be in [0, 1]: pass "
            f"`images * 2 - 1`. {received}"
        )
    elif low >= 0 and high <= 255:
        raise ValueError(
            "Float images must be in [-1, 1], and these seem to be in [0, 255]: pass "
            f'`images.astype("uint8")` or `images / 127.5 - 1`. {received}'
        )
    elif low < -1 or high > 1:
        raise ValueError(f"Float images must be in [-1, 1]: rescale or clip them. {received}")


def _check_labels(labels, num_classes, class_names, count):
    if labels is None:
        if num_classes is not None or class_names is not None:
            raise ValueError(
                "`num_classes` and `class_names` need `labels`. Received: labels=None, "
                f"num_classes={num_classes!r}, class_names={class_names!r}"
            )
        return None, None
    labels = _as_array("labels", labels)
    if labels.ndim != 1 or len(labels) != count:
        raise ValueError(
            f"`labels` must have the shape ({count},), one class for each example (for one-hot "
            "labels `labels.argmax(-1)`, for a column `labels[:, 0]`). "
            f"Received: labels.shape={labels.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"`labels` must be integers. Received: labels.dtype={labels.dtype}")
    largest = int(labels.max())
    if num_classes is None:
        num_classes = max(largest, 0) + 1 if class_names is None else len(class_names)
    num_classes = check_positive_integer("num_classes", num_classes)
    check_class_names(class_names, num_classes)
    if labels.min() < 0 or largest >= num_classes:
        raise ValueError(
            f"`labels` must be in [0, num_classes). Received: labels in [{labels.min()}, "
            f"{largest}], num_classes={num_classes}"
        )
    return np.ascontiguousarray(labels, dtype=np.int32), num_classes


def _as_array(name, values):
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"`{name}` must be one array of equal rows. Received: {error}") from error
    if array.dtype == object:
        raise TypeError(
            f"`{name}` must be an array of numbers (rows of different shapes, or None among them, "
            f"make an array of objects). Received: {name}.dtype=object"
        )
    return array
