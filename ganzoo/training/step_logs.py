"""What each step of one call of the compiled function has logged."""

from collections.abc import Iterator, Mapping

import numpy as np
from keras import ops


class StepLogs(Mapping):
    """The logs of each step that ran in one call of the compiled function, by name.

    Each value is an array with an element for each step: the means from the start of the epoch to
    that step, as Keras logs them. If a call made fewer steps than it can, the last ones repeat. The
    arrays stay on the device until one is read.

    Args:
        names: Names of the logs.
        table: Tensor of shape `(steps, names)`.
    """

    def __init__(self, names: tuple[str, ...], table):
        self._names = names
        self._table = table

    def __getitem__(self, name: str) -> np.ndarray:
        return self._array()[:, self._names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def last(self) -> dict[str, "_LastValue"]:
        """Returns the logs of the last step; `float` reads a value from the device."""
        return {name: _LastValue(self, name) for name in self._names}

    def first_broken(self) -> int | None:
        """Returns the index of the first step that logged NaN or infinity, or `None`."""
        broken = ~np.isfinite(self._array()).all(axis=1)
        return int(broken.argmax()) if broken.any() else None

    def _array(self):
        if not isinstance(self._table, np.ndarray):
            self._table = ops.convert_to_numpy(self._table)
        return self._table


class _LastValue:
    """A value of the last step, which is read from the device when it is needed."""

    def __init__(self, logs, name):
        self._logs, self._name = logs, name

    def __float__(self):
        return float(self._logs[self._name][-1])
