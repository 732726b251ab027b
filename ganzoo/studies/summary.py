"""What the records of a study say: means, spreads, failures, and decided claims."""

import dataclasses
import math
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.studies.records import Records
from ganzoo.studies.schema import Claim
from ganzoo.studies.study import Cell, Study

# Two means differ if their difference is this many times its standard error.
_SIGNIFICANT = 2.0


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
    """
    stored, rows = Records(folder), []
    for cell in study.cells:
        records = [stored.load(cell, seed) for seed in study.seeds]
        records = [record for record in records if record is not None]
        if not records:
            continue
        values = {
            column.value: [
                record["values"][column.value]
                for record in records
                if record["failed"] is None and column.value in record["values"]
            ]
            for column in study.columns
        }
        rows.append(Row(cell, records, values))
    return rows


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Returns the mean and the sample standard deviation, which is NaN for one value."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), spread


def decide(study: Study, rows: list[Row]) -> list[Verdict]:
    """Returns what the records say of each claim of a study.

    A claim is confirmed if the mean of the cells that it calls better is better by two standard
    errors of the difference or more, and denied if it is worse by as much. With one value on a
    side, or in between, it is not decided. Failed runs have no values: the table counts them.
    """
    return [_decide(study, rows, claim) for claim in study.claims]


def _decide(study, rows, claim):
    column = next(column for column in study.columns if column.value == claim.value)
    sides = [
        [
            value
            for row in rows
            if fnmatch(row.cell.name, pattern)
            for value in row.values[claim.value]
        ]
        for pattern in (claim.better, claim.worse)
    ]
    if not all(sides):
        return Verdict(claim, "no records", "")
    (better, better_spread), (worse, worse_spread) = map(mean_and_spread, sides)
    figures = (
        f"{column.title}: {better:.{column.digits}f} of {len(sides[0])} runs against "
        f"{worse:.{column.digits}f} of {len(sides[1])}"
    )
    difference = better - worse if column.better == "higher" else worse - better
    if min(map(len, sides)) < 2:
        return Verdict(claim, "not decided", figures)
    error = math.hypot(
        better_spread / math.sqrt(len(sides[0])), worse_spread / math.sqrt(len(sides[1]))
    )
    if abs(difference) < _SIGNIFICANT * error or difference == 0:
        return Verdict(claim, "not decided", figures)
    return Verdict(claim, "confirmed" if difference > 0 else "denied", figures)
