"""What the callbacks of `ganzoo train` do where several processes train together."""

from ganzoo import devices
from ganzoo.callbacks import AtomicCheckpoint, checkpoint_files, training_state
from ganzoo.callbacks.atomic_checkpoint import Position
from ganzoo.callbacks.interruption import Interruption


class SharedCheckpoint(AtomicCheckpoint):
    """The checkpoint of several processes: the first writes it, all read it, and all stop at once.

    A signal to any of them ends the training of all after the same step: the processes agree after
    each one, for a process that stopped alone would leave the others waiting for it.
    """

    def __init__(self, folder, **settings):
        super().__init__(folder, **settings)
        self._interruption = _SharedInterruption()

    def resume(self, in_epoch=True):
        if devices.process_index() == 0:
            arrays = [*training_state.values(self.model), *training_state.metric_values(self.model)]
            checkpoint_files.prepare(self.folder, sum(array.nbytes for array in arrays))
        devices.gather(0)  # The folder is now ready.
        path = checkpoint_files.newest(self.folder)
        self._position, self._saved_step = Position(0, 0), None
        if path is None:
            return None
        arrays, state = checkpoint_files.read(path)
        training_state.restore(self.model, arrays, state)
        training_state.restore_metrics(self.model, arrays)
        self._restored = arrays, state
        self._saved_step = self.model.step
        self._position = Position(*state["position"])
        return self._position

    def on_train_batch_end(self, batch, logs=None):
        self._interruption.agree()
        super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._interruption.agree()
        super().on_epoch_end(epoch, logs)

    def _save(self, position):
        if devices.process_index() == 0:
            super()._save(position)
        devices.gather(0)  # None may end before the checkpoint is written.


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
        self.received = max(devices.gather(self._noted or 0)) or None

    def _receive(self, number, frame):
        super()._receive(number, frame)
        self._noted, self.received = number, None
