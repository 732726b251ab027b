"""A picture of the curves of a training run, while it trains."""

import time
from pathlib import Path

import keras

from ganzoo import drawing
from ganzoo.callbacks.epoch_log import EpochLog
from ganzoo.file_names import check_file_name
from ganzoo.files import user_path
from ganzoo.plot.line_picture import curves_picture

# A drawing may take 1% of the time.
_PAUSE = 100


class CurvePicture(keras.callbacks.Callback):
    """Draws the log of a training run into a picture at the end of each epoch.

    The picture shows what the `EpochLog` of the same `fit` has written: list it first. The losses
    share a panel, and so do the mean logits; every other term has its own. Terms whose names have a
    slash are not drawn. If epochs are shorter than 100 times the drawing, some of them are left
    out; the last one never is. The file is replaced as a whole, so that no reader sees half of it.

    Args:
        path: Path of the picture: `.png`, `.jpg` or `.webp`.
        log: Path of the CSV file of the `EpochLog`.

    Raises:
        ValueError: If the name of the picture has another suffix.
        OSError: During training, if it cannot be written.

    Example:

    >>> log = ganzoo.callbacks.EpochLog("run/log.csv")
    >>> picture = ganzoo.callbacks.CurvePicture("run/curves.png", "run/log.csv")
    >>> history = gan.fit(dataset, epochs=100, callbacks=[log, picture])
    """

    needs_batch_logs = False

    def __init__(self, path: str | Path, log: str | Path):
        super().__init__()
        check_file_name("path", path, drawing.PICTURE_SETTINGS)
        self.path, self.log = user_path(path), user_path(log)
        self._next = 0.0

    def on_epoch_end(self, epoch, logs=None):
        if time.monotonic() >= self._next:
            self._draw()

    def on_train_end(self, logs=None):
        self._draw()

    def _draw(self):
        start = time.monotonic()
        if rows := EpochLog.read(self.log):
            drawing.save_picture(self.path, curves_picture(rows))
        end = time.monotonic()
        self._next = end + _PAUSE * (end - start)
