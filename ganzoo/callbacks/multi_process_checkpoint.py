"""The checkpoint of a run in which several processes train together."""

from ganzoo import distribution
from ganzoo.callbacks.atomic_checkpoint import AtomicCheckpoint
from ganzoo.callbacks.interruption import Interruption

# What the other processes raise: the class of the error of process 0, or the last one.
_ERRORS = (OSError, FloatingPointError, ValueError, RuntimeError)


class MultiProcessCheckpoint(AtomicCheckpoint):
    """`AtomicCheckpoint` for several processes: process 0 writes, and all processes read.

    Give it to the `fit` of every process, with the same arguments and a folder on a file system
    that all processes share. A signal to any process ends all of them after the same step. For
    this the processes communicate after each step: if one stopped alone, the others would wait for
    it forever. With a single process it does the same as `AtomicCheckpoint`.

    The other callbacks may differ between the processes: process 0 alone may draw pictures, for
    instance. The checkpoint holds the states of the callbacks of process 0, and each process
    restores the states of those that it has.

    The arguments, attributes and errors are those of `AtomicCheckpoint`. The clock and the logs of
    process 0 decide when a checkpoint is written. An error while it is written ends all processes.

    Example:

    Run this once per process, with `KERAS_BACKEND=jax`.

    >>> ganzoo.distribution.join("alpha:12355", process_id=0, num_processes=2)
    >>> with ganzoo.distribution.scope("all"):
    ...     gan = ganzoo.GAN.from_recipe("sngan", dataset)
    ...     checkpoint = ganzoo.callbacks.MultiProcessCheckpoint("/shared/checkpoints")
    ...     history = gan.fit(dataset, epochs=100, callbacks=[checkpoint])
    """

    def _new_interruption(self):
        return _AgreedInterruption()

    def _check_processes(self):
        pass

    def _prepare(self):
        self._in_process_0(super()._prepare)

    def _save(self, position, replace=False, best=None):
        self._in_process_0(super()._save, position, replace, best)

    def _in_process_0(self, work, *arguments):
        """Works in process 0 while the others wait. Its errors are raised in all processes.

        Returns:
            What the work returns in process 0, and `None` in the others.
        """
        result = error = None
        if distribution.process_index() == 0:
            try:
                result = work(*arguments)
            except Exception as caught:  # The others would wait forever.
                error = caught
        code = distribution.gather(0 if error is None else _code_of(error))[0]
        if error is not None:
            raise error
        if code:
            raise _ERRORS[code - 1](
                "The checkpoint of process 0 failed; the error message there says why. "
                f"Received: folder={str(self.folder)!r}"
            )
        return result

    def _must_save(self, is_due):
        # Clocks differ between the processes, and so may the logs.
        return super()._must_save(self._interruption.agree(is_due))

    def _improvement(self, step, logs):
        if self.monitor is None:
            return None
        # Only process 0 needs the monitored value, and only it may have measured it.
        return self._in_process_0(super()._improvement, step, logs)


def _code_of(error):
    """Returns the number, from 1, of what the other processes raise."""
    kinds = (i for i, kind in enumerate(_ERRORS, 1) if isinstance(error, kind))
    return next(kinds, len(_ERRORS))


class _AgreedInterruption(Interruption):
    """Notes a signal to this process, which counts as received once all processes know it."""

    def __init__(self):
        super().__init__()
        self._noted = None

    def __enter__(self):
        self._noted = None
        return super().__enter__()

    def agree(self, decision):
        """Tells all processes of signals to any of them, and returns the decision of process 0.

        All processes must call it at the same point.
        """
        numbers = distribution.gather(2 * (self._noted or 0) + bool(decision))
        self.received = max(number // 2 for number in numbers) or None
        return bool(numbers[0] % 2)

    def _receive(self, number, frame):
        super()._receive(number, frame)
        self._noted, self.received = number, None
