"""What a run costs: its seconds, and the memory of its steps."""

import ctypes
import gc
import platform
import time
from pathlib import Path

import numpy as np

from ganzoo.training.fit_hook import FitHook


class Meter(FitHook):
    """The seconds of a run, over all of its parts, and the cost of a step without the first epoch.

    Steps have seconds by the clock and of the processor: the first depend on other processes. Their
    memory is the growth of the resident memory of the process to its peak, under Linux and on a
    processor: activations and gradients, without weights and slots.
    """

    def __init__(self):
        super().__init__()
        self._earlier = 0.0
        self._start = time.perf_counter()
        self._epoch_start = None
        self._sums = np.zeros(3)  # Seconds, seconds of the processor, steps.
        self._peak = None

    @property
    def seconds(self) -> float:
        """Seconds of all parts of the run so far."""
        return self._earlier + time.perf_counter() - self._start

    def values(self) -> dict[str, float]:
        """Returns the cost of a step by name; a run that failed at once has none."""
        seconds, processor_seconds, steps = self._sums
        if not steps:
            return {}
        values = {
            "ms_per_step": float(1000 * seconds / steps),
            "processor_ms_per_step": float(1000 * processor_seconds / steps),
        }
        megabytes = None if self._peak is None else self._peak.megabytes()
        return values if megabytes is None else values | {"memory_mb": megabytes}

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self._now()

    def on_epoch_end(self, epoch, logs=None):
        if epoch:
            self._sums += self._now() - self._epoch_start
        if self._peak is None:
            self._peak = _Peak()

    def _now(self):
        return np.array([time.perf_counter(), time.process_time(), self.model.step])

    def get_state(self) -> list[float]:
        return [self.seconds, *self._sums.tolist()]

    def set_state(self, state: list[float]) -> None:
        self._earlier, *sums = state
        self._sums = np.array(sums)
        self._start = time.perf_counter()


class _Peak:
    """The growth of the resident memory from now to its peak, where Linux counts it."""

    def __init__(self):
        gc.collect()
        if platform.libc_ver()[0] == "glibc":
            # Returns what earlier runs have freed: it would hide the growth.
            ctypes.CDLL(None).malloc_trim(0)
        try:
            Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
            self._first = _resident("VmRSS")
        except OSError:
            self._first = None

    def megabytes(self):
        """Returns the growth in MB, or `None`."""
        return None if self._first is None else _resident("VmHWM") - self._first


def _resident(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
