"""What the records of a study say: means, spreads, failures, and decided claims."""

import dataclasses
import math
import warnings
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.studies.records import Records
from ganzoo.studies.schema import Claim
from ganzoo.studies.study import Cell, Study
from ganzoo.validation import did_you_mean

# Quantiles of Student's t for two-sided tests at 95%, by degrees of freedom from 1. The last one
# stands for more, too.
_QUANTILES = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


@dataclasses.dataclass(frozen=True)
class Row:
    """The records of one cell.

    Args:
        cell: The `Cell`.
        records: The records of its seeds.
        values: The values of the runs that did not fail, a list by the name of the column.
    """

    cell: Cell
    records: list[dict[str, Any]]
    values: dict[str, list[float]]

    @property
    def failed(self) -> int:
        """Number of runs that failed."""
        return sum(record["failed"] is not None for record in self.records)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the records say of a claim.

    Args:
        claim: The `Claim`.
        word: `"confirmed"`, `"denied"`, `"not decided"` or `"no records"`.
        figures: The two means, in words.
    """

    claim: Claim
    word: str
    figures: str


def summarize(study: Study, folder: str | Path) -> list[Row]:
    """Returns a list of `Row`, one for each cell with records, in the order of the study.

    Args:
        study: The study.
        folder: Folder of its records.

    Raises:
        ValueError: If a record is of another study, or damaged.

    Warns:
        UserWarning: If all cells have records, and none has a value that a column shows.
    """
    stored, rows = Records(folder), []
    for cell in study.cells:
        records = [stored.load(cell, seed) for seed in study.seeds]
        records = [record for record in records if record is not None]
        if not records:
            continue
        values = {
            column.value: list(_values_in(records, column.value).values())
            for column in study.columns
        }
        rows.append(Row(cell, records, values))
    if len(rows) == len(study.cells):
        _warn_of_empty_columns(study, rows)
    return rows


def _values_in(records, value):
    """Returns a value of the runs that did not fail, by their seeds. What is not finite is NaN."""
    found = {
        record["seed"]: record["values"][value]
        for record in records
        if record["failed"] is None and value in record["values"]
    }
    return {seed: math.nan if one is None else one for seed, one in found.items()}


def _warn_of_empty_columns(study, rows):
    """Warns of columns whose value no run has: the name may be misspelled."""
    records = [record for row in rows for record in row.records if record["failed"] is None]
    known = sorted({value for record in records for value in record["values"]})
    for column in study.columns:
        if records and column.value not in known:
            warnings.warn(
                f"No record has the value of a column.{did_you_mean(column.value, known)} "
                f"Expected: {', '.join(known)}. Received: columns.{column.value!r}",
                stacklevel=3,
            )


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Returns the mean and the sample standard deviation, which is NaN for one value."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), spread


def decide(study: Study, rows: list[Row]) -> list[Verdict]:
    """Returns what the records say of each claim of a study.

    A claim is confirmed if the mean of the cells that it calls better is better, and denied if it
    is worse, in a two-sided t-test at 95% (Welch's, for unequal variances). In between, with one
    value on a side, or with values that are not finite, it is not decided. Failed runs have no
    values: the table counts them.

    Runs are compared in pairs, by the t-test of their differences, where a claim is about several
    cells, such as all settings: a run of a setting with another run of it that has the same seed.
    The two values of a claim with `than` are compared in each run, in the same way.
    """
    columns = {column.value: column for column in study.columns}
    return [_decide(columns, rows, claim) for claim in study.claims]


def _decide(columns, rows, claim):
    column = columns[claim.value]
    than = claim.than or claim.value
    better = _values_of(rows, claim.better, claim.value)
    worse = _values_of(rows, claim.worse or claim.better, than)
    names = None if claim.than else _differing_parts(better, worse)
    is_paired = claim.than is not None or names is not None
    if is_paired:
        better, worse = (
            {_key(run, names): v for run, v in side.items()} for side in (better, worse)
        )
        common = [key for key in better if key in worse]
        better, worse = ({key: side[key] for key in common} for side in (better, worse))
    better, worse = list(better.values()), list(worse.values())
    if not better or not worse:
        return Verdict(claim, "no records", "")
    against = f"{columns[than].title}: " if claim.than else ""
    figures = (
        f"{column.title}: {np.mean(better):.{column.digits}f} of {_runs(better)} against "
        f"{against}{np.mean(worse):.{column.digits}f} of {len(worse)}"
    )
    if min(len(better), len(worse)) < 2 or not np.isfinite([*better, *worse]).all():
        return Verdict(claim, "not decided", figures)
    difference = float(np.mean(better) - np.mean(worse))
    if column.better == "lower":
        difference = -difference
    sides = [np.subtract(better, worse)] if is_paired else [better, worse]
    if abs(difference) < _least_difference(sides) or difference == 0:
        return Verdict(claim, "not decided", figures)
    return Verdict(claim, "confirmed" if difference > 0 else "denied", figures)


def _least_difference(sides):
    """Returns the least difference of means that is significant, for one sample or two."""
    squares = [np.var(side, ddof=1) / len(side) for side in sides]
    if not any(squares):
        return 0.0
    terms = [square**2 / (len(side) - 1) for square, side in zip(squares, sides, strict=True)]
    freedom = int(sum(squares) ** 2 / sum(terms) + 1e-6)
    return _QUANTILES[min(freedom, len(_QUANTILES)) - 1] * math.sqrt(sum(squares))


def _values_of(rows, pattern, value):
    """Returns a value of the runs of cells, by the parts of the cell's name and the seed."""
    return {
        (tuple(row.cell.name.split("/")), seed): one
        for row in rows
        if fnmatch(row.cell.name, pattern)
        for seed, one in _values_in(row.records, value).items()
    }


def _differing_parts(better, worse):
    """Returns the positions of the options in which all cells of two sides differ.

    It is `None` unless a side has several cells that differ from the other side in these options.
    """
    sides = [_parts(side) for side in (better, worse)]
    single = [
        index
        for index, (one, other) in enumerate(zip(*sides, strict=False))
        if len(one) == len(other) == 1 and one != other
    ]
    has_several = any(len(part) > 1 for side in sides for part in side)
    return single if single and has_several else None


def _parts(side):
    """Returns the options of each axis that the cells of a side have."""
    return [set(part) for part in zip(*(parts for parts, _ in side), strict=True)]


def _key(run, positions):
    """Returns what identifies a run without the options in which the two sides differ."""
    parts, seed = run
    return tuple(part for index, part in enumerate(parts) if index not in (positions or ())), seed


def _runs(values):
    return "1 run" if len(values) == 1 else f"{len(values)} runs"
