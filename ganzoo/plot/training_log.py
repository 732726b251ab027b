"""The log of a training run: read from any of its forms, and its terms grouped into panels."""

import csv
import math
import re

from ganzoo import regularizers
from ganzoo.files import user_path

# Columns that say where a row lies, not what was measured.
_POSITIONS = ("epoch", "step", "seconds")
# What stands for no value; Keras's `CSVLogger` writes NA.
_MISSING = ("", "NA")
# Terms that share a panel, because they have the same unit.
GROUPS = {
    "Loss": ("d_loss", "g_loss"),
    "Loss of the classifier": ("d_class_loss", "g_class_loss"),
    "Mean logit": ("d_real", "d_fake"),
}


def read(log) -> dict[str, list[float]]:
    """Returns a log as a dictionary of equally long lists; `epoch` counts from 1.

    Args:
        log: The `History` that `fit` returns; a dictionary from terms to their values of each
            epoch; a list of dictionaries, one for each epoch, with `epoch`; or the path of a CSV
            file of `ganzoo.callbacks.EpochLog` or of `keras.callbacks.CSVLogger`, whose epochs
            count from 0, or of the run's folder that holds a `log.csv`.

    If the steps show that the last epoch is a short one, its means over steps are left out (NaN):
    they are means over few steps, and would look like a spike.

    Raises:
        ValueError: If it is something else.
        FileNotFoundError: If there is no such file.
    """
    if hasattr(log, "history"):
        epochs = [epoch + 1 for epoch in log.epoch]
        log = {"epoch": epochs, **log.history}
    elif isinstance(log, dict):
        log = {"epoch": range(1, 1 + max(map(len, log.values()), default=0)), **log}
    elif isinstance(log, list):
        log = _columns(log, "a list")
    else:
        log = _read_csv(user_path(log))
    # A term that began later has fewer values: they belong to the last epochs.
    count = len(log["epoch"])
    columns = {
        name: [math.nan] * (count - len(values)) + [float(value) for value in values]
        for name, values in log.items()
    }
    if _ends_early(columns):
        for name in filter(_is_mean_over_steps, columns):
            columns[name][-1] = math.nan
    return columns


def terms(log: dict[str, list[float]]) -> list[str]:
    """Returns the names of the terms of a log, without its epochs, steps and seconds."""
    return [name for name in log if name not in _POSITIONS]


def is_of_a_layer(term: str) -> bool:
    """Whether a term is about a single layer, and not about the run as a whole."""
    return "/" in term


def panels(names: list[str]) -> dict[str, list[str]]:
    """Returns a dictionary from the title of each panel to the terms in it.

    Example:

    >>> panels(["g_loss", "d_loss", "fid"])
    {'Loss': ['d_loss', 'g_loss'], 'fid': ['fid']}
    """
    grouped = {name for group in GROUPS.values() for name in group}
    found = {title: [name for name in group if name in names] for title, group in GROUPS.items()}
    found |= {name: [name] for name in names if name not in grouped}
    return {title: chosen for title, chosen in found.items() if chosen}


def _ends_early(log):
    """Returns whether the last epoch has less than half of the steps of those before."""
    steps, epochs = log.get("step", ()), log["epoch"]
    if len(steps) < 2:
        return False
    return 2 * (steps[-1] - steps[-2]) < steps[-2] / epochs[-2]


def _is_mean_over_steps(name):
    """Returns whether a term is a mean over the steps of an epoch, and not measured at its end."""
    means = {name for group in GROUPS.values() for name in group} | set(regularizers.names())
    return name in means or name.removeprefix("d_").removeprefix("g_") in means


def _read_csv(path):
    if path.is_dir():
        path = path / "log.csv"
    with open(path, newline="") as file:
        try:
            # Keras's `CSVLogger` can separate the columns by another character.
            first = re.match(r"epoch([^\w\r\n])", file.readline())
            file.seek(0)
            rows = list(csv.DictReader(file, delimiter=first[1] if first else ","))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(
                f"The log of a training run is a CSV file. Received: {path}, which is none: {error}"
            ) from error
    columns = _columns(rows, path)
    if "step" not in columns:  # Only `EpochLog` writes it, and counts epochs from 1.
        columns["epoch"] = [epoch + 1 for epoch in columns["epoch"]]
    return columns


def _columns(rows, source):
    if not rows or "epoch" not in rows[0]:
        raise ValueError(
            f"The log of a training run has a column `epoch`, and one row for each epoch. "
            f"Received: {source}"
        )
    names = [name for name in rows[0] if name]
    return {name: [_number(row.get(name), name, source) for row in rows] for name in names}


def _number(value, name, source):
    """Returns a number of a log, or NaN where there is none."""
    if value is None or value in _MISSING:
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"The log of a training run holds numbers. Received: {source}, with {value!r:.50} in "
            f"the column {name!r}"
        ) from None
