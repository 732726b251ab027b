"""Names of classes: what makes the numbers of two data sets, or of a model and data, comparable."""

import collections
import copy
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ganzoo.validation import describe

_LISTED = 8


def as_names(argument: str, names: Any) -> tuple[str, ...]:
    """Returns names as a tuple of texts. The letters of one text are not taken for names.

    Args:
        argument: What the names are called in messages.
        names: A list of names, or another iterable.

    Raises:
        ValueError: If it is one text, or no iterable.
    """
    if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        received = repr(names) if isinstance(names, (str, bytes)) else describe(names)
        raise ValueError(f"`{argument}` must be a list of names. Received: {argument}={received}")
    return tuple(map(str, names))


def check_class_names(class_names: Iterable[str] | None, num_classes: int) -> tuple | None:
    """Returns the names of all classes in the order of their numbers, or `None`.

    Args:
        class_names: Names that differ from each other, one for each class; or `None`.
        num_classes: Number of classes.

    Raises:
        ValueError: If there are fewer or more names, two classes have the same name, or it is one
            text.
    """
    if class_names is None:
        return None
    names = as_names("class_names", class_names)
    if len(names) != num_classes:
        raise ValueError(
            "`class_names` must name each of the `num_classes` classes. "
            f"Received: num_classes={num_classes}, {len(names)} names"
        )
    repeated = [name for name, count in collections.Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(
            "Two classes must not have the same name. "
            f"Received: {listed(repeated)} more than once in `class_names`"
        )
    return names


def numbered_as(dataset, class_names: Iterable[str] | None, owner: str):
    """Returns the data set with the numbers that its classes have elsewhere, found by their names.

    The same data set is returned if its classes have these numbers already, if it has no labels,
    or if one of the two sides has no names: then only numbers can be compared.

    Args:
        dataset: A `ganzoo.data.Dataset`.
        class_names: Names in the order of the wanted numbers, or `None`.
        owner: What has these names, for messages, e.g. `"the model"`.

    Raises:
        ValueError: If examples belong to a class that `class_names` does not have.

    Warns:
        UserWarning: If classes get other numbers; or if the classes of one side are named "0",
            "1", ..., and only the numbers can be compared.

    Example:

    >>> data = ganzoo.data.Dataset(images, labels, class_names=["cat", "fox"])
    >>> numbered_as(data, ["cat", "dog", "fox"], "the model").num_classes
    3
    """
    if dataset.labels is None or dataset.class_names is None or class_names is None:
        return dataset
    names = tuple(class_names)
    if names == dataset.class_names:
        return dataset
    if have_same_numbers(names, dataset.class_names):
        warnings.warn(
            f"The classes of {dataset!r} and of {owner} are compared by their numbers, because one "
            f"of the two has no other names for them: {listed(dataset.class_names)} are taken for "
            f"{listed(names)}.",
            stacklevel=3,
        )
        return dataset
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    number_of = {name: number for number, name in enumerate(names)}
    unknown = [
        name
        for name, count in zip(dataset.class_names, counts, strict=True)
        if count and name not in number_of
    ]
    if unknown:
        raise ValueError(
            f"The data must have only classes of {owner}: {listed(names)}. "
            f"Received: {dataset!r} with examples of {listed(unknown)}"
        )
    numbers = np.array([number_of.get(name, -1) for name in dataset.class_names], np.int32)
    result = copy.copy(dataset)
    result.labels = numbers[dataset.labels]
    result.class_names, result.num_classes = names, len(names)
    if (result.labels != dataset.labels).any():
        warnings.warn(
            f"Classes of {dataset!r} are numbered by their names as in {owner}: {listed(names)}.",
            stacklevel=3,
        )
    return result


def have_same_numbers(names: Iterable[str] | None, others: Iterable[str] | None) -> bool:
    """Returns whether equal numbers mean equal classes, as far as the names tell.

    Sources that know only numbers call their classes "0", "1", ...

    Args:
        names: Names of classes in the order of their numbers, or `None` if there are none.
        others: The names of as many classes elsewhere, or `None`.

    Example:

    >>> have_same_numbers(["0", "1"], ["cat", "dog"]), have_same_numbers(["a", "b"], ["b", "a"])
    (True, False)
    """
    if names is None or others is None:
        return True
    names, others = tuple(names), tuple(others)
    numbers = tuple(map(str, range(len(names))))
    return names == others or (len(names) == len(others) and numbers in (names, others))


def listed(names: Iterable[str]) -> str:
    """Returns a text with the first of the names, and how many follow."""
    names = list(names)
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(map(repr, names[:_LISTED])) + more
