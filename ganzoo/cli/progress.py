"""A bar of progress where someone watches it."""

import contextlib
import sys

import keras


class Progress:
    """Shows how far an evaluation is, on stderr and only if that is a terminal.

    Call it with what is looked at, how many of them are done, and how many there are.
    """

    def __init__(self):
        self._bar = self._stage = None

    def __enter__(self):
        return self if sys.stderr.isatty() else None

    def __exit__(self, kind, *exception):
        if kind is not None and self._bar is not None:
            print(file=sys.stderr)  # The message of an error begins its own line.

    def __call__(self, stage, done, total):
        # Keras's bar knows stdout alone, which is for the results.
        with contextlib.redirect_stdout(sys.stderr):
            if stage != self._stage:
                self._stage = stage
                self._bar = keras.utils.Progbar(total, unit_name=stage)
            self._bar.update(done)
