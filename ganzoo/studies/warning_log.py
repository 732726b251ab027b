"""The warnings of a run, over all of its parts."""

import contextlib
import warnings
from collections.abc import Iterator

from ganzoo.training.fit_hook import FitHook


class WarningLog(FitHook):
    """Keeps the warnings of a run, and of the runs that it continues.

    A monitor that is restored from a checkpoint does not repeat what it has said before. So the
    checkpoint has the texts too.
    """

    def __init__(self):
        super().__init__()
        self._earlier: list[str] = []
        self._caught: list[warnings.WarningMessage] = []
        self._first = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Catches all warnings within the context, which are then not shown."""
        with warnings.catch_warnings(record=True) as self._caught:
            warnings.simplefilter("always")
            yield

    @property
    def messages(self) -> list[str]:
        """The texts of the warnings for users so far."""
        heard = self._caught[self._first :]
        said = [str(one.message) for one in heard if one.category is UserWarning]
        return [*self._earlier, *said]

    def get_state(self) -> list[str]:
        return self.messages

    def set_state(self, state: list[str]) -> None:
        self._earlier = state
        # A resumed run says again what the run said before its first step.
        self._first = len(self._caught)
