"""Checkpoints from which a training goes on as if it had not been stopped."""

import contextlib
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import keras

from ganzoo.callbacks import checkpoint_files, training_state
from ganzoo.callbacks.interruption import Interruption
from ganzoo.validation import check_choice, check_positive_integer


class Position(NamedTuple):
    """Where a training goes on: an epoch, counted from 0, and the steps of it that are done."""

    epoch: int
    steps: int


class AtomicCheckpoint(keras.callbacks.Callback):
    """Keeps the whole state of a training, and resumes from it when `fit` is called again.

    Run a script again after whatever stopped it, and the training ends with the same bits as if it
    had not been stopped: networks, averages, both optimizers, what regularizers and augmentation
    remember, the means over the epoch under way, the order of the data and all noise, `History`,
    and what callbacks carry from epoch to epoch: `EarlyStopping`, `ReduceLROnPlateau`,
    `ModelCheckpoint`, ganzoo's monitors, and each of yours with the methods `get_state()`, which
    returns what JSON can hold, and `set_state(state)`, which is called after `on_train_begin`.
    That holds for arrays and `ganzoo.data`, in the middle of an epoch too. Other data sets, which
    cannot tell where they stopped, resume at the start of an epoch, with a warning. If the training
    is complete, or was ended by an `EarlyStopping` that would end it again, `fit` does nothing.

    A checkpoint is written to a temporary folder, forced to the disk, and renamed to
    `step_00000123`; its manifest has the size and the sha256 of each file. At the start all of that
    is verified: `fit` goes back to the newest whole checkpoint, and warns of what is damaged.

    It works at the end of the other callbacks, wherever it is listed, and in the `fit` of a
    `ganzoo.GAN` only. It saves at the end of the training too, and never a weight that is not
    finite.

    Args:
        folder: Folder of the checkpoints, of this run alone; made if there is none.
        every: Interval between two checkpoints; a positive integer.
        unit: What the interval counts: `"epochs"`, `"steps"` or `"minutes"`.
        keep: Number of checkpoints that are kept, the newest ones.
        monitor: Name of a value in the logs of an epoch, e.g. `"fid"`; the epoch with the best one
            is always saved, and its checkpoint is kept in addition.
        mode: `"min"` or `"max"`: which is the best.
        on_signal: Whether SIGTERM and SIGINT (Ctrl-C) write one checkpoint after the present step
            and end the process, with the codes 143 and 130. A second signal ends it at once.
        on_error: `"raise"`, or `"warn"` to train on where a checkpoint cannot be written.

    Attributes:
        best: The best monitored value so far, or `None`.
        best_step: The step of its checkpoint, or `None`.
        has_ended: Whether `fit` found a training that an `EarlyStopping` had ended.

    Raises:
        OSError: In `fit`, before the first step, if the folder cannot be written to or the disk
            has no room; and in training, if a checkpoint cannot be written. The earlier ones are
            then as they were.
        ValueError: In `fit`, if the checkpoints in the folder are of another GAN, or all damaged.
        FloatingPointError: In training, instead of saving a weight that is not finite.

    Example:

    >>> checkpoint = ganzoo.callbacks.AtomicCheckpoint("checkpoints", every=10, unit="minutes")
    >>> history = gan.fit(dataset, epochs=100, callbacks=[checkpoint])
    """

    def __init__(
        self,
        folder,
        every=1,
        unit="epochs",
        keep=3,
        monitor=None,
        mode="min",
        on_signal=True,
        on_error="raise",
    ):
        super().__init__()
        self.folder = Path(folder)
        self.every = check_positive_integer("every", every)
        self.unit = check_choice("unit", unit, ("epochs", "steps", "minutes"))
        self.keep = check_positive_integer("keep", keep)
        self.monitor = monitor
        self.mode = check_choice("mode", mode, ("min", "max"))
        self.on_signal = bool(on_signal)
        self.on_error = check_choice("on_error", on_error, ("raise", "warn"))
        self.best = None
        self.best_step = None
        self._interruption = Interruption()
        self._callbacks = None
        self._restored = None
        self._position = Position(0, 0)
        self.has_ended = False
        self._epoch = 0
        self._steps_before = 0
        self._epoch_start = 0
        self._saved_step = None
        self._saved_at = 0.0

    # What `fit` calls of it, beside the methods of all callbacks.

    @contextlib.contextmanager
    def attached(self, callbacks):
        """While it lasts, this callback knows the others, and signals are noted."""
        self._callbacks = callbacks
        self._saved_at = time.monotonic()
        try:
            with self._interruption if self.on_signal else contextlib.nullcontext():
                yield
        finally:
            self._callbacks = self._restored = None

    def resume(self, in_epoch=True):
        """Restores the newest whole checkpoint.

        Args:
            in_epoch: Whether the data can go on in the middle of an epoch.

        Returns:
            The `Position` to go on from, or `None` if there is no checkpoint.
        """
        gan = self.model
        self._prepare()
        path = checkpoint_files.newest(self.folder)
        self._position = Position(0, 0)
        self._saved_step = None
        self.has_ended = False
        if path is None:
            return None
        arrays, state = checkpoint_files.read(path)
        training_state.restore(gan, arrays, state)
        training_state.restore_metrics(gan, arrays)
        self._restored = arrays, state
        self._saved_step = gan.step
        self.best, self.best_step = state["best"], state["best_step"]
        self._position = Position(*state["position"])
        self.has_ended = training_state.has_stopped(self._callbacks, state)
        if not in_epoch:
            self._position = Position(self._position.epoch, 0)
            warnings.warn(
                "The training goes on at the start of an epoch, and may see other examples than "
                "without the stop: only arrays and the batches of `ganzoo.data` go on from the "
                f"very step. Received: {path} of the epoch {state['position'][0] + 1}, after "
                f"{state['position'][1]:,} of its steps",
                stacklevel=2,
            )
        return self._position

    def restore_callbacks(self):
        """Restores what other callbacks carry, once they have begun."""
        if self._restored is not None:
            training_state.restore_callbacks(self._callbacks, *self._restored)

    def _prepare(self):
        """Makes the folder, and sees that a checkpoint can be written to it."""
        gan = self.model
        arrays = [*training_state.values(gan), *training_state.metric_values(gan)]
        checkpoint_files.prepare(self.folder, sum(array.nbytes for array in arrays))

    # The training.

    def on_train_begin(self, logs=None):
        if self._callbacks is None:
            raise TypeError(
                "`AtomicCheckpoint` works in the `fit` of a `ganzoo.GAN`. "
                f"Received: {type(self.model).__name__}"
            )

    def on_epoch_begin(self, epoch, logs=None):
        done = self._position.steps if epoch == self._position.epoch else 0
        if done:
            # Keras has reset them, as at the start of each epoch.
            training_state.restore_metrics(self.model, self._restored[0])
        self._restored = None
        self._epoch, self._steps_before = epoch, done
        self._epoch_start = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        # Counted here: to ask the model would wait for the device in each step.
        done = self._steps_before + batch + 1
        if done == self.params["steps"]:
            # The other callbacks are to see the end of the epoch first.
            return
        stopping = self._interruption.received is not None or self._model.stop_training
        if stopping or self._is_due(self._epoch_start + batch + 1):
            self._save(Position(self._epoch, done))
        self._interruption.check()

    def on_epoch_end(self, epoch, logs=None):
        step = self.model.step
        improved = self._improves(step, logs or {})
        due = self._is_due(step)
        if self.unit == "epochs":
            due = (epoch + 1) % self.every == 0
        stopping = (
            self._interruption.received is not None
            or self._model.stop_training
            or epoch + 1 == self.params["epochs"]
        )
        if improved or due or stopping:
            self._save(Position(epoch + 1, 0))
        self._interruption.check()

    def _is_due(self, step):
        if self.unit == "steps":
            return step // self.every > (self._saved_step or 0) // self.every
        return self.unit == "minutes" and time.monotonic() - self._saved_at >= 60 * self.every

    def _improves(self, step, logs):
        if self.monitor is None:
            return False
        if self.monitor not in logs:
            raise ValueError(
                "`monitor` must be in the logs of each epoch, which "
                f"{', '.join(logs)} are. Received: monitor={self.monitor!r}"
            )
        value = float(logs[self.monitor])
        better = self.best is None or (
            value < self.best if self.mode == "min" else value > self.best
        )
        if better:
            self.best, self.best_step = value, step
        return better

    def _save(self, position):
        gan = self.model
        step = gan.step
        if step == self._saved_step:
            return
        arrays, state = training_state.collect(gan, self._callbacks)
        state |= {"position": position, "best": self.best, "best_step": self.best_step}
        try:
            checkpoint_files.write(self.folder, step, arrays, state)
            self._saved_step, self._saved_at = step, time.monotonic()
            checkpoint_files.prune(self.folder, self.keep, self.best_step)
        except OSError as error:
            if self.on_error == "raise":
                raise
            warnings.warn(f"No checkpoint of step {step:,} was written: {error}", stacklevel=2)
