"""A data set in memory of the batches of other libraries."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from ganzoo.data import cures
from ganzoo.data.batch_parts import (
    IMAGE,
    LABEL,
    as_numpy,
    check_batched,
    host_parts,
    warn_of_unread_keys,
)
from ganzoo.data.dataset import Dataset
from ganzoo.data.iterables import as_passes, length_of, read_pass
from ganzoo.validation import describe


def gather(
    batches: Any,
    num_classes: int | None = None,
    class_names: Iterable[str] | None = None,
    conditions: bool = False,
    name: str = "arrays",
    split: str | None = None,
) -> Dataset:
    """Reads all batches into memory, and returns their examples as a `Dataset`.

    A GAN that trains on a `Dataset` sees its examples in an order that follows from the seed, and
    resumes at the exact step.

    Args:
        batches: A `tf.data.Dataset`, a `keras.utils.PyDataset`, a `torch.utils.data.DataLoader`, a
            generator, another iterable, or a function that returns one of these. Each batch is
            `examples`, `(examples, labels)` or a dictionary with the keys "image" and "label". Or
            all examples as one array, pair of arrays or such a dictionary.
        num_classes: Number of classes, as for `Dataset`.
        class_names: Names of the classes in the order of their numbers, or of the columns of
            one-hot labels. By default the attribute `class_names` of the batches, or `classes` of
            the `dataset` of a loader, if there is one.
        conditions: Whether the second part of a batch has conditions in place of labels. They have
            no `num_classes` and no `class_names`.
        name: Origin of the data, for messages and records.
        split: Name of the part of the source.

    Raises:
        ValueError: If the batches have no end, do not fit each other, or are no examples; or if
            they have no second part for the arguments about it.
        TypeError: If examples or labels have an unusable type.

    Warns:
        UserWarning: If only the end of the data shows how many batches there are.

    Example:

    >>> digits = ganzoo.data.load("digits")
    >>> batches = ({"image": image[None], "label": [3]} for image in digits.examples[:8])
    >>> ganzoo.data.gather(batches, num_classes=10)
    Dataset('arrays', 8 uint8 images of shape (32, 32, 1), 10 classes)
    """
    has_classes = num_classes is not None or class_names is not None
    if conditions and has_classes:
        raise ValueError(
            "Conditions have no `num_classes` and no `class_names`: leave them out. "
            f"Received: conditions=True, num_classes={describe(num_classes)}, "
            f"class_names={describe(class_names)}"
        )
    examples, targets = all_parts(batches)
    if targets is None and (conditions or has_classes):
        raise ValueError(
            "`num_classes`, `class_names` and `conditions` are about the second part of a batch, "
            f"its labels or conditions. Received: {describe(batches)}, of examples alone"
        )
    if targets is None or conditions:
        return Dataset(examples, conditions=targets, name=name, split=split)
    names = class_names_of(batches) if class_names is None else class_names
    return Dataset(examples, targets, num_classes, names, name, split)


def as_dataset(data: Any) -> Dataset:
    """Returns a `Dataset` as it is, and one of anything that `gather` takes."""
    return data if isinstance(data, Dataset) else gather(data)


def is_stream(data: Any) -> bool:
    """Returns whether data are batches that have to be read."""
    is_batches = isinstance(data, keras.utils.PyDataset) or hasattr(data, "element_spec")
    return is_batches or (not is_array(data) and as_passes(data) is not None)


def is_array(data: Any) -> bool:
    """Returns whether data are an array, or a list of arrays to be stacked."""
    if isinstance(data, (list, tuple)):
        return bool(data) and all(hasattr(part, "shape") for part in data)
    return hasattr(data, "shape")


def stacked(data: Any) -> np.ndarray:
    """Returns an array of examples: a list or tuple of equal arrays is stacked.

    Raises:
        ValueError: If the arrays of a list differ in shape.
    """
    if not isinstance(data, (list, tuple)):
        return as_numpy(data)
    shapes = {np.shape(part) for part in data}
    if len(shapes) == 1:
        return np.stack([as_numpy(part) for part in data])
    cure = "resize or pad them"
    if len(data) == 2 and np.shape(data[1]) == np.shape(data[0])[:1]:
        cure = "pass examples and labels apart, `fit(x[0], x[1])`"
    elif len({shape[1:] for shape in shapes}) == 1:
        cure = "join batches by `np.concatenate(x)`, or resize or pad single examples"
    raise ValueError(
        f"A list of examples must hold arrays of one shape: {cure}. Received: {describe(data)}, "
        f"of {len(shapes):,} shapes"
    )


def split_dictionary(data: Any, labels: Any = None) -> tuple[Any, Any]:
    """Returns the arrays of a dictionary with the keys "image" and "label", and others as given."""
    if isinstance(data, Mapping) and labels is None and hasattr(data.get(IMAGE), "shape"):
        warn_of_unread_keys(data)
        return data[IMAGE], data.get(LABEL)
    return data, labels


def class_names_of(batches: Any) -> tuple | None:
    """Returns the names of classes that batches carry with them, or `None`."""
    names = getattr(batches, "class_names", None)
    if names is None:
        names = getattr(getattr(batches, "dataset", None), "classes", None)
    if not isinstance(names, (list, tuple)):
        return None
    return tuple(map(str, names))


def all_parts(data: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns the examples and the labels or conditions, or `None`, of all batches.

    Args:
        data: As the `batches` of `gather`.

    Raises:
        ValueError: If the batches have no end, or do not fit each other.
    """
    data, labels = split_dictionary(data)
    if labels is None and isinstance(data, tuple) and len(data) == 2 and is_array(data):
        data, labels = data
    if is_array(data):
        return stacked(data), None if labels is None else as_numpy(labels)
    mapping = cures.TENSORS if hasattr(data, "element_spec") else cures.ITERABLE
    batches = []
    for batch in _finite(data):
        if not batches:
            warn_of_unread_keys(batch)
        parts = host_parts(batch, mapping)
        check_batched(*parts, mapping)
        batches.append(parts)
    if not batches:
        raise ValueError(f"The data must hold at least one batch. Received: {describe(data)}")
    examples, labels = zip(*batches, strict=True)
    shapes = {part.shape[1:] for part in examples}
    if len(shapes) > 1:
        raise ValueError(
            "All batches must have examples of one shape: resize or pad them. "
            f"Received: {describe(data)}, of {len(shapes):,} shapes"
        )
    without = sum(part is None for part in labels)
    if without not in (0, len(labels)):
        raise ValueError(
            "All batches must have labels, or none of them. "
            f"Received: {without:,} batches without labels of {len(labels):,}"
        )
    return np.concatenate(examples), None if without else np.concatenate(labels)


def _finite(data):
    """Returns an iterator of the batches of data that have an end."""
    if isinstance(data, keras.utils.PyDataset) or hasattr(data, "element_spec"):
        length = length_of(data)
    else:
        passes = as_passes(data)
        if passes is None:
            raise ValueError(
                "The data must be a `ganzoo.data.Dataset`, an array, or batches that can be read: "
                "a `tf.data.Dataset`, a `keras.utils.PyDataset`, a loader or a generator. "
                f"Received: {describe(data)}"
            )
        data, length = passes.source_at(0), passes.count
    if length == float("inf"):
        raise ValueError(
            "These data have no end, and all of them are read: limit them, by "
            "`dataset.take(number)` or a `num_batches`. "
            f"Received: {describe(data)} without end"
        )
    if length is None:
        warnings.warn(
            "Nobody knows how many batches there are, so all are read into memory. If they have no "
            "end, stop and limit them.",
            stacklevel=5,
        )
    return read_pass(data)
