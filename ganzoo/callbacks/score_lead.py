"""At which step the discriminator's lead went beyond a limit."""

from typing import Any

import numpy as np

from ganzoo.training.step_logs import StepLogs


class ScoreLead:
    """Finds the step from which on `d_real - d_fake`, the mean of an epoch, is above a limit.

    Args:
        limit: Lead in logits.

    Attributes:
        since: The step, or `None` while the lead is within the limit.
    """

    def __init__(self, limit: float):
        self._limit = limit
        self._unread = None
        self.since: int | None = None

    def see(self, first_step: int, logs: dict[str, float] | StepLogs) -> None:
        """Takes the logs of the next step, or of the next steps that ran together.

        `StepLogs` are on the device, which still computes them. So they are read when the next ones
        come: nobody waits for the device.

        Args:
            first_step: The first of the steps, counted from 1.
            logs: Means of the epoch up to each step.
        """
        self.read()
        self._unread = first_step, logs
        if not isinstance(logs, StepLogs):
            self.read()

    def read(self) -> None:
        """Reads the logs that were not read so far."""
        if self._unread is None:
            return
        (first_step, logs), self._unread = self._unread, None
        is_within = ~(_values(logs, "d_real") - _values(logs, "d_fake") > self._limit)
        if is_within[-1]:
            self.since = None
        elif is_within.any():
            self.since = first_step + int(np.flatnonzero(is_within)[-1]) + 1
        elif self.since is None:
            self.since = first_step

    def forget(self) -> None:
        """Forgets all steps, as at the start of an epoch."""
        self._unread = self.since = None


def _values(logs: Any, name: str) -> np.ndarray:
    return np.atleast_1d(logs.get(name, 0.0)).astype("float64")
