"""What the callbacks of `ganzoo train` do where several processes train together."""

from ganzoo import distribution
from ganzoo.callbacks import AtomicCheckpoint
from ganzoo.callbacks.interruption import Interruption


class SharedCheckpoint(AtomicCheckpoint):
    """The checkpoint of several processes: the first writes it, all read it, and all stop at once.

    A signal to any of them ends the training of all after the same step: the processes agree after
    each one, for a process that stopped alone would leave the others waiting for it.
    """

    def __init__(self, folder, **settings):
        super().__init__(folder, **settings)
        self._interruption = _SharedInterruption()

    def _prepare(self):
        if distribution.process_index() == 0:
            super()._prepare()
        distribution.gather(0)  # The folder is now ready.

    def on_train_batch_end(self, batch, logs=None):
        self._interruption.agree()
        super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._interruption.agree()
        super().on_epoch_end(epoch, logs)

    def _save(self, position):
        if distribution.process_index() == 0:
            super()._save(position)
        distribution.gather(0)  # None may end before the checkpoint is written.


class _SharedInterruption(Interruption):
    """Notes a signal to this process, and takes it for received once all processes know of it."""

    def __init__(self):
        super().__init__()
        self._noted = None

    def __enter__(self):
        self._noted = None
        return super().__enter__()

    def agree(self):
        """Tells the other processes of a signal, and learns of theirs; all must call it."""
        self.received = max(distribution.gather(self._noted or 0)) or None

    def _receive(self, number, frame):
        super()._receive(number, frame)
        self._noted, self.received = number, None
