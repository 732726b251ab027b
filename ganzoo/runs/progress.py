"""Progress bars on a terminal, and durations in words."""

import contextlib
import sys

import keras


class Progress:
    """Shows the progress of an evaluation on stderr, and only if stderr is a terminal.

    As a context manager it gives itself, or `None` if there is no terminal. Call it with the name
    of a stage, the number of examples that are done, and their total number.
    """

    def __init__(self):
        self._bar = self._stage = None

    def __enter__(self):
        return self if sys.stderr.isatty() else None

    def __exit__(self, kind, *exception):
        if kind is not None and self._bar is not None:
            print(file=sys.stderr)  # The error message starts on a new line.

    def __call__(self, stage, done, total):
        # Keras's bar writes to stdout, which is for the results.
        with contextlib.redirect_stdout(sys.stderr):
            if stage != self._stage:
                self._stage = stage
                self._bar = keras.utils.Progbar(total, unit_name=stage)
            self._bar.update(done)


class RunBar(keras.callbacks.Callback):
    """Shows one bar for all steps of a run, with the time that is left, and the latest logs.

    Keras's bar is for one epoch. A run on few images has thousands of them.

    Args:
        steps: Number of steps that are to do.
    """

    def __init__(self, steps):
        super().__init__()
        self._steps, self._done, self._bar = steps, 0, None

    def on_train_batch_end(self, batch, logs=None):
        values = list((logs or {}).items())
        if self._bar is None:
            names = [name for name, _ in values]
            self._bar = keras.utils.Progbar(self._steps, stateful_metrics=names)
        self._done += 1
        self._bar.update(self._done, values, finalize=self._done == self._steps)


def duration(seconds):
    """Returns a duration in words, in seconds, minutes, hours or days.

    Example:

    >>> duration(5400)
    '1.5 hours'
    """
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} seconds"
