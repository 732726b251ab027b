"""What columns of labels stand for: classes with names, or vectors of conditions."""

import dataclasses
import hashlib
import math
import re
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ganzoo.data.classes import as_names, check_class_names, listed
from ganzoo.data.folder_layout import natural
from ganzoo.data.label_tables import LabelTable
from ganzoo.validation import check_choice, did_you_mean

LABELS_AS = ("classes", "conditions")
_SEPARATOR = "|"
_INTEGER = re.compile(r"[+-]?\d+")
# A column of which so many values, and this share of all, differ holds no classes.
_MANY, _MANY_SHARE = 20, 0.5
# Conditions should be about 1 in size.
_SMALL, _LARGE = 0.1, 10.0


@dataclasses.dataclass(frozen=True)
class Targets:
    """What examples are conditioned on.

    Attributes:
        labels: int32 classes, `(count,)`, or `None`.
        class_names: Names of the classes, or `None`.
        conditions: float32 vectors, `(count, condition_dim)`, or `None`.
        condition_names: Name of each component of a vector, or `None`.
        notes: Texts about what may not be what was meant.
    """

    labels: np.ndarray | None = None
    class_names: list[str] | None = None
    conditions: np.ndarray | None = None
    condition_names: list[str] | None = None
    notes: tuple[str, ...] = ()

    def take(self, rows: Sequence[int]) -> Self:
        """Returns the targets of these rows, with the classes of all."""
        parts = {name: getattr(self, name) for name in ("labels", "conditions")}
        taken = {name: part[rows] for name, part in parts.items() if part is not None}
        return dataclasses.replace(self, **taken)

    def facts(self) -> dict[str, Any]:
        """Returns what tells these targets from others: their names, and hashes of the arrays."""
        facts = {"class_names": self.class_names, "condition_names": self.condition_names}
        for name in ("labels", "conditions"):
            part = getattr(self, name)
            if part is not None:
                facts[name] = hashlib.sha256(np.ascontiguousarray(part)).hexdigest()
        return facts


def targets_of(
    table: LabelTable, columns: Sequence[str] | None = None, labels_as: str | None = None
) -> Targets:
    """Returns what the columns of a table stand for.

    One column of texts or integers holds classes, whose names are the texts as the table writes
    them, in natural order. One column of floats, and several columns, hold conditions: numbers as
    they are, and a text as 0 or 1 for each of its values. Several labels in one value, as a list or
    with `|` between them, are 0 or 1 for each label.

    Args:
        table: The labels.
        columns: Names of columns; by default all, if there is one, or if all are numbers.
        labels_as: `"classes"` or `"conditions"`, where integers or texts can be both.

    Raises:
        ValueError: If there are no such columns, they hold no such labels, or they write one
            integer in two ways.
    """
    check_choice("labels_as", labels_as, (None, *LABELS_AS))
    parsed = {name: _Column(name, table.columns[name]) for name in _chosen(table, columns)}
    first = next(iter(parsed.values()))
    several = len(parsed) > 1 or first.kind in ("lists", "vectors")
    if labels_as == "classes" and (several or first.kind == "floats"):
        raise ValueError(
            "Classes are one column of texts or integers: choose it with `label_columns`. "
            f"Received: labels_as='classes' with {_described(parsed)}"
        )
    if columns is None and len(parsed) > 1 and any(c.kind == "texts" for c in parsed.values()):
        raise ValueError(
            "The table has several columns, and not all of them are numbers: choose some with "
            f"`label_columns`. Received: {_described(parsed)}"
        )
    if not several and first.kind != "floats" and labels_as != "conditions":
        return _as_classes(first, table.class_names)
    if table.class_names is not None and labels_as is None:
        raise ValueError(
            "The table has class_names, and its labels are no classes: write each label as the "
            f"number or the name of a class, or pass labels_as='conditions'. "
            f"Received: {_described(parsed)}"
        )
    parts = [column.as_conditions() for column in parsed.values()]
    names = [name for names, _ in parts for name in names]
    conditions = np.concatenate([values for _, values in parts], axis=1).astype(np.float32)
    return Targets(
        conditions=conditions, condition_names=names, notes=_scale_notes(names, conditions)
    )


def _chosen(table, columns):
    if columns is None:
        return list(table.columns)
    columns = as_names("label_columns", columns)
    for name in columns:
        if name not in table.columns:
            raise ValueError(
                f"`label_columns` must be among {listed(table.columns)}."
                f"{did_you_mean(name, table.columns)} Received: {name!r}"
            )
    if len(set(columns)) < len(columns) or not columns:
        raise ValueError(
            f"`label_columns` must be different columns. Received: {listed(columns) or 'none'}"
        )
    return list(columns)


def _described(parsed):
    return listed(f"{column.name} ({column.kind})" for column in parsed.values())


class _Column:
    """One column, whose kind is `integers`, `floats`, `texts`, `lists` or `vectors`.

    Attributes:
        values: The numbers, texts or lists.
        texts: The values as the table writes them, if they are integers or texts.
    """

    def __init__(self, name, values):
        self.name = name
        if all(isinstance(value, list) for value in values):
            self._take_lists(values)
            return
        if any(isinstance(value, (list, dict)) for value in values):
            raise ValueError(f"Column {name!r} mixes single labels with lists or objects.")
        self.values = [_parsed(value) for value in values]
        kinds = {type(value) for value in self.values}
        self.kind = "integers" if kinds == {int} else "floats"
        self.texts = [
            value.strip() if isinstance(value, str) else str(number)
            for value, number in zip(values, self.values, strict=True)
        ]
        if str in kinds:
            self.kind = "texts"
            self.values = self.texts = [str(value).strip() for value in values]
            if any(_SEPARATOR in value for value in self.values):
                self._take_lists([value.split(_SEPARATOR) for value in self.values])
        elif count := sum(not math.isfinite(value) for value in self.values):
            raise ValueError(
                f"Column {name!r} must be finite: repair the rows with NaN. "
                f"Received: {count} such rows"
            )

    def _take_lists(self, values):
        are_texts = all(isinstance(one, str) for value in values for one in value)
        if are_texts:
            self.kind = "lists"
            self.values = [[one.strip() for one in value] for value in values]
            return
        self.kind = "vectors"
        numbers = all(isinstance(one, (int, float)) for value in values for one in value)
        if not numbers or len({len(value) for value in values}) > 1:
            raise ValueError(
                f"Lists in column {self.name!r} must be texts, or equally many numbers."
            )
        self.values = values

    def as_conditions(self):
        """Returns the names of the components, and their values `(count, components)`."""
        if self.kind == "vectors":
            names = [f"{self.name}_{index}" for index in range(len(self.values[0]))]
            return names, np.array(self.values, np.float64)
        if self.kind in ("integers", "floats"):
            return [self.name], np.array(self.values, np.float64)[:, None]
        lists = self.values if self.kind == "lists" else [[value] for value in self.values]
        known = sorted({one for value in lists for one in value}, key=lambda one: natural((one,)))
        column_of = {one: column for column, one in enumerate(known)}
        found = np.zeros((len(lists), len(known)))
        for row, value in enumerate(lists):
            found[row, [column_of[one] for one in value]] = 1
        return [f"{self.name}={one}" for one in known], found


def _parsed(value):
    """Returns a number where a text looks like one; truth values are 0 and 1."""
    if isinstance(value, bool):
        return int(value)
    # Python would take the text 1_0 for 10.
    if not isinstance(value, str) or "_" in value:
        return value
    if _INTEGER.fullmatch(value.strip()):
        return int(value)
    try:
        return float(value)
    except ValueError:
        return value


def _as_classes(column, class_names):
    """Returns the classes of one column of integers or texts."""
    notes = []
    if class_names is not None:
        if column.kind != "integers":
            class_names = list(class_names)
            numbers = {name: number for number, name in enumerate(class_names)}
            unknown = sorted(set(column.values) - set(numbers))
            if unknown:
                raise ValueError(
                    f"Labels must be among the class_names {listed(class_names)}. "
                    f"Received: {listed(unknown)}"
                )
            labels = [numbers[value] for value in column.values]
        else:
            labels = column.values
        check_class_names(class_names, len(class_names))
        if min(labels) < 0 or max(labels) >= len(class_names):
            raise ValueError(
                f"Labels must be in [0, {len(class_names)}), the numbers of the class_names. "
                f"Received: labels in [{min(labels)}, {max(labels)}]"
            )
        return Targets(np.array(labels, np.int32), list(class_names))
    names = _written(column)
    if column.kind == "integers":
        known = sorted(names)
        if known != list(range(len(known))):
            notes.append(
                f"the labels {listed(names[number] for number in known)} are classes with these "
                f"names, and have the numbers from 0 to {len(known) - 1}"
            )
    else:
        known = sorted(set(column.values), key=lambda one: natural((one,)))
    if len(known) > max(_MANY, _MANY_SHARE * len(column.values)):
        notes.append(
            f"column {column.name!r} has {len(known):,} different values for "
            f"{len(column.values):,} images, and each is a class; for numbers pass "
            "labels_as='conditions'"
        )
    numbers = {value: number for number, value in enumerate(known)}
    labels = np.array([numbers[value] for value in column.values], np.int32)
    return Targets(labels, [names[value] for value in known], notes=tuple(notes))


def _written(column):
    """Returns a dictionary from each label to how the table writes it."""
    written = {}
    for value, text in zip(column.values, column.texts, strict=True):
        if written.setdefault(value, text) != text:
            raise ValueError(
                f"Column {column.name!r} must write each class in one way, and one number is "
                "written in two: write it alike if they are one class, or else with letters. "
                f"Received: {written[value]!r} and {text!r}"
            )
    return written


def _scale_notes(names, conditions):
    deviations = conditions.std(axis=0)
    odd = [
        f"{name} ({deviation:.3g})"
        for name, deviation in zip(names, deviations, strict=True)
        if not _SMALL <= deviation <= _LARGE
    ]
    if not odd:
        return ()
    return (
        "conditions should have a standard deviation of about 1, as after a division by their own; "
        f"{listed(odd)} have not",
    )
