"""Ending a training in good order when the process is told to end."""

import signal
import sys
import threading

import keras


class Interrupted(KeyboardInterrupt):
    """A training ended because of a signal.

    Attributes:
        exit_code: What a shell expects of a process that ended so: 130 for SIGINT (Ctrl-C), 143 for
            SIGTERM.
    """

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Interruption(keras.callbacks.Callback):
    """Raises `Interrupted` at the end of the step in which SIGINT or SIGTERM arrives.

    So the weights are never those of half a step. A second signal ends the process as usual. Use
    it as a context manager around `fit`, and as one of its callbacks.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __enter__(self):
        self._received = None
        self._handlers = {}
        if threading.current_thread() is threading.main_thread():
            self._handlers = {n: signal.signal(n, self._receive) for n in self._SIGNALS}
        return self

    def __exit__(self, *exception):
        self._reinstate()

    def on_train_batch_end(self, batch, logs=None):
        if self._received is not None:
            raise Interrupted(self._received)

    def _receive(self, number, frame):
        self._received = number
        self._reinstate()
        print("\nStopping after this step.", file=sys.stderr, flush=True)

    def _reinstate(self):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
