"""Studies: recipes that differ in one thing, trained at one budget over several seeds.

A `Study` is a small TOML file. `run` trains its cells, at any number of calls and processes, and
keeps a record of each cell and seed. `report` writes what the records say.
"""

from ganzoo.studies.report import report
from ganzoo.studies.runner import check, estimate, pending, run
from ganzoo.studies.study import Cell, Study, names
from ganzoo.studies.summary import summarize

__all__ = [
    "Cell",
    "Study",
    "check",
    "estimate",
    "names",
    "pending",
    "report",
    "run",
    "summarize",
]
