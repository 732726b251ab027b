"""Ends training after a whole step when the process receives a signal to end."""

import signal
import sys
import threading
from types import FrameType
from typing import Self


class Interrupted(SystemExit):
    """Training ended because of a signal.

    If nothing catches it, the process ends with the exit code that a shell expects after a signal:
    130 for SIGINT (Ctrl-C), 143 for SIGTERM.

    Args:
        number: Number of the signal.
    """

    def __init__(self, number: int):
        super().__init__(128 + number)


class Interruption:
    """Notes SIGINT or SIGTERM, so that training can end after the current step.

    So no step is left half done. A second signal ends the process at once. Use
    this class as a context manager around `fit`. Outside the main thread it notes nothing.

    Attributes:
        received: Number of the signal, or `None`.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.received: int | None = None
        self._handlers = {}

    def __enter__(self) -> Self:
        self.received = None
        if threading.current_thread() is threading.main_thread():
            self._handlers = {n: signal.signal(n, self._receive) for n in self._SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def check(self) -> None:
        """Raises `Interrupted` if a signal has arrived."""
        if self.received is not None:
            raise Interrupted(self.received)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = number
        # The default action of the system ends even a process that is busy outside of Python.
        for other in self._SIGNALS:
            signal.signal(other, signal.SIG_DFL)
        print("\nStopping after this step.", file=sys.stderr, flush=True)
