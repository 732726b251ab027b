"""Ending a training in good order when the process is told to end."""

import signal
import sys
import threading


class Interrupted(SystemExit):
    """A training ended because of a signal.

    Where nothing catches it, the process ends with the code that a shell expects of one that ended
    so: 130 for SIGINT (Ctrl-C), 143 for SIGTERM.
    """

    def __init__(self, number):
        super().__init__(128 + number)


class Interruption:
    """Notes SIGINT or SIGTERM, so that the training can end after the present step.

    So the weights are never those of half a step. A second signal ends the process at once. Use it
    as a context manager around `fit`; outside of the main thread it notes nothing.

    Attributes:
        received: The number of the signal, or `None`.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.received = None
        self._handlers = {}

    def __enter__(self):
        self.received = None
        if threading.current_thread() is threading.main_thread():
            self._handlers = {n: signal.signal(n, self._receive) for n in self._SIGNALS}
        return self

    def __exit__(self, *exception):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def check(self):
        """Raises `Interrupted` if a signal has arrived."""
        if self.received is not None:
            raise Interrupted(self.received)

    def _receive(self, number, frame):
        self.received = number
        # The system's own answer, which ends even a process that is busy outside of Python.
        for other in self._SIGNALS:
            signal.signal(other, signal.SIG_DFL)
        print("\nStopping after this step.", file=sys.stderr, flush=True)
