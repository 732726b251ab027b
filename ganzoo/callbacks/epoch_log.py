"""A table of the mean of each term over each epoch, which a resumed run continues."""

import csv
import io
import time
import warnings
from pathlib import Path
from typing import Any

from ganzoo.file_names import check_file_name
from ganzoo.files import new_file, user_path
from ganzoo.training.fit_hook import FitHook


class EpochLog(FitHook):
    """Writes a line for each epoch to a CSV file.

    The columns are `epoch`, counted from 1, `step`, the number of training steps so far, `seconds`,
    the duration of the epoch, and the values of the epoch's logs. In contrast to
    `keras.callbacks.CSVLogger`, a resumed run continues the file: it drops the lines after its
    checkpoint, whose epochs it trains again, and an interrupted epoch gets the seconds of all its
    parts. The file is replaced as a whole, so that no reader sees half of it. If lines of it are
    damaged, a copy with the suffix `.damaged` is kept, and the run continues with the other lines.

    Args:
        path: Path of the file, which ends in `.csv`. Its folder is created if it does not exist.

    Raises:
        ValueError: If the name has another suffix.
        OSError: During training, if the file cannot be written.

    Example:

    >>> callbacks = [ganzoo.callbacks.EpochLog("run/log.csv")]
    >>> history = gan.fit(dataset, epochs=100, callbacks=callbacks)
    >>> ganzoo.callbacks.EpochLog.read("run/log.csv")[-1]["step"]
    '2200'
    """

    def __init__(self, path: str | Path):
        super().__init__()
        check_file_name("path", path, (".csv",))
        self.path = user_path(path)
        self._rows: list[dict[str, Any]] = []
        self._epoch: int | None = None
        self._start = 0.0
        self._earlier_seconds: dict[str, float] = {}

    @staticmethod
    def read(path: str | Path) -> list[dict[str, str]]:
        """Returns a dictionary from columns to texts for each epoch; `[]` if there is no file."""
        path = user_path(path)
        if not path.is_file():
            return []
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def on_train_begin(self, logs=None):
        self._rows = self._earlier_rows()

    def _earlier_rows(self):
        """Returns the rows of a run that is resumed, without damaged lines."""
        if not self.path.is_file():
            return []
        content = self.path.read_bytes()
        text = content.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        intact = [row for row in rows if _is_intact(row)]
        if len(intact) < len(rows) or (content and not rows):
            copy = self.path.with_name(f"{self.path.name}.damaged")
            with new_file(copy, replace=True) as partial:
                partial.write_bytes(content)
            warnings.warn(
                f"Lines of the log are damaged: the run continues it without them, and {copy} is a "
                f"copy with them. Received: {self.path}, with {len(rows) - len(intact)} of "
                f"{len(rows)} lines damaged",
                stacklevel=2,
            )
        return intact

    def get_state(self) -> dict[str, float]:
        """Returns the seconds of the current epoch so far, by its number."""
        if self._epoch is None:
            return {}
        return {str(self._epoch): time.perf_counter() - self._start}

    def set_state(self, state: dict[str, float]) -> None:
        self._earlier_seconds = dict(state)

    def on_epoch_begin(self, epoch, logs=None):
        self._rows = [row for row in self._rows if int(row["epoch"]) <= epoch]
        self._epoch = epoch
        self._start = time.perf_counter() - self._earlier_seconds.pop(str(epoch), 0.0)

    def on_epoch_end(self, epoch, logs=None):
        seconds = f"{time.perf_counter() - self._start:.3f}"
        terms = {name: f"{value:.6g}" for name, value in logs.items()}
        self._rows.append(
            {"epoch": epoch + 1, "step": self.model.step, "seconds": seconds, **terms}
        )
        # A resumed run may have more terms.
        columns = list(dict.fromkeys(name for row in self._rows for name in row))
        with new_file(self.path, replace=True) as partial, open(partial, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)


def _is_intact(row):
    """Returns whether a row of a file has a number in each of its columns."""
    if None in row or None in row.values() or not {"epoch", "step"} <= set(row):
        return False
    try:
        int(row["epoch"]), int(row["step"])
        for value in row.values():
            float(value or 0)
    except ValueError:
        return False
    return True
