"""A progress bar on a terminal."""

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
