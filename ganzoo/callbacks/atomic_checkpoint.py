"""Checkpoints from which a run continues to bit-identical results."""

import math
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import keras

from ganzoo import distribution
from ganzoo.callbacks import callback_states, checkpoint_files, same_run, training_state
from ganzoo.callbacks.evaluate_samples import EvaluateSamples
from ganzoo.callbacks.fingerprint import environment, fingerprint
from ganzoo.callbacks.interruption import Interruption
from ganzoo.file_names import check_folder_name
from ganzoo.files import user_path
from ganzoo.folder_lock import FolderLock
from ganzoo.training.fit_hook import FitHook, Position
from ganzoo.validation import check_choice, check_positive_integer


class AtomicCheckpoint(FitHook):
    """Saves the whole state of a training run, and resumes from it when `fit` is called again.

    Run a script again after it was stopped for any reason. The result is bit-identical to that of a
    run that was not stopped. A checkpoint holds the networks and their averages, both optimizers,
    the state of regularizers and augmentation, the means over the current epoch, and the step, from
    which the order of the data and all noise follow. It also holds the state of callbacks:
    `History`, `EarlyStopping`, `ReduceLROnPlateau`, `ModelCheckpoint`, ganzoo's monitors, and each
    `ganzoo.callbacks.FitHook` of yours that returns a state from `get_state`. The state of other
    callbacks is not saved.

    A checkpoint also records what decides the results: the seed, the networks, the settings of
    `compile`, the optimizers, and the data with a hash of their content. `fit` refuses to continue
    with other ones. It warns if the machine, its number of cores or the versions of the packages
    differ: the last bits of the results then differ too.

    Arrays and `ganzoo.data` resume in the middle of an epoch too. Other data sets cannot tell where
    they stopped: they resume at the start of an epoch, with a warning. `fit` does nothing if the
    run is complete, or if an `EarlyStopping` ended it and would end it again.

    A checkpoint is written to a temporary folder, forced to the disk, and renamed to
    `step_00000123`. Its manifest has the size and the SHA-256 of each file. `fit` verifies them,
    resumes from the newest intact checkpoint, and warns of damaged ones.

    This callback is called after all others, wherever it is listed. It works only in the `fit` of a
    `ganzoo.GAN`. It saves at the end of training too. It never saves weights that are not finite.

    Args:
        folder: Folder of the checkpoints, for this run alone. It is created if it does not exist,
            and locked while `fit` runs.
        every: Interval between two checkpoints; a positive integer.
        unit: What the interval counts: `"epochs"`, `"steps"` or `"minutes"`.
        keep: Number of checkpoints to keep, the newest ones. Damaged ones do not count.
        monitor: Name of a value in the logs of an epoch, e.g. `"fid"`. The epoch with the best
            value is always saved, and its checkpoint is kept in addition. A value of an
            `EvaluateSamples` counts only if it was measured at the end of the epoch.
        mode: `"min"` or `"max"`: which value is the best.
        on_signal: Whether SIGTERM and SIGINT (Ctrl-C) write one checkpoint after the current step
            and end the process, with the exit codes 143 and 130. A second signal ends it at once.
        on_error: `"raise"`, or `"warn"` to continue training if a checkpoint cannot be written.
        accept_changes: Names of what may differ from the checkpoint, as the error message names
            it: `["data"]`, `["optimizer.generator.learning_rate"]`, or `["all"]`. Each difference
            is then a warning, and later checkpoints record the new values.

    Attributes:
        best: The best monitored value so far, or `None`.
        best_step: The step of its checkpoint, or `None`.
        has_ended: Whether `fit` found a run that an `EarlyStopping` had ended.

    Raises:
        OSError: In `fit`, before the first step, if the folder is not writable or the disk has no
            space; and during training, if a checkpoint cannot be written. The earlier checkpoints
            are then unchanged.
        BlockingIOError: In `fit`, if another process or `fit` writes to the folder; it is named.
        ValueError: In `fit`, if the checkpoints in the folder belong to another training run or are
            all damaged, if `fit` has another checkpoint, or if several processes train together,
            which need `MultiProcessCheckpoint`.
        TypeError: In `fit`, if a callback has `get_state` and `set_state` but is not a `FitHook`.
        FloatingPointError: During training, if a weight to be saved is not finite.

    Example:

    >>> checkpoint = ganzoo.callbacks.AtomicCheckpoint("checkpoints", every=10, unit="minutes")
    >>> history = gan.fit(dataset, epochs=100, callbacks=[checkpoint])
    """

    needs_batch_logs = False

    def __init__(
        self,
        folder: str | Path,
        every: int = 1,
        unit: str = "epochs",
        keep: int = 3,
        monitor: str | None = None,
        mode: str = "min",
        on_signal: bool = True,
        on_error: str = "raise",
        accept_changes: Sequence[str] = (),
    ):
        super().__init__()
        check_folder_name("folder", folder)
        self.folder = user_path(folder)
        self.every = check_positive_integer("every", every)
        self.unit = check_choice("unit", unit, ("epochs", "steps", "minutes"))
        self.keep = check_positive_integer("keep", keep)
        self.monitor = monitor
        self.mode = check_choice("mode", mode, ("min", "max"))
        self.on_signal = bool(on_signal)
        self.on_error = check_choice("on_error", on_error, ("raise", "warn"))
        self.accept_changes = _check_names(accept_changes)
        self.best: float | None = None
        self.best_step: int | None = None
        self.has_ended = False
        self._interruption = self._new_interruption()
        self._lock = FolderLock(self.folder)
        self._callbacks = None
        self._has_begun = False
        self._restored = None
        self._fingerprint = self._environment = None
        self._identities = {}
        self._position = Position(0, 0)
        self._epoch = 0
        self._steps_before = self._steps_done = 0
        self._is_cut = False
        self._epoch_start = 0
        self._saved_step = self._saved_position = None
        # When a checkpoint was last written, or could not be written.
        self._tried_step, self._tried_at = 0, 0.0

    def _new_interruption(self):
        return Interruption()

    # Around `fit`.

    def attach(self, callbacks: list[keras.callbacks.Callback]) -> None:
        self._check_processes()
        callback_states.check(callbacks)
        self._callbacks = callbacks
        self._identities = callback_states.identities(callbacks)
        self._fingerprint = None
        self._has_begun = False
        self._tried_at = time.monotonic()
        if self.on_signal:
            self._interruption.__enter__()

    def _check_processes(self):
        if distribution.process_count() > 1:
            raise ValueError(
                "Several processes that train together need a `MultiProcessCheckpoint`: each of "
                f"them would write the same files. Received: `{type(self).__name__}` with "
                f"{distribution.process_count()} processes"
            )

    def detach(self) -> None:
        if self.on_signal:
            self._interruption.__exit__()
        self._lock.release()
        self._callbacks = self._restored = None

    def resume(self, in_epoch: bool = True) -> Position | None:
        gan = self.model
        self._prepare()
        path = checkpoint_files.newest(self.folder)
        self._position = Position(0, 0)
        self._saved_step = self._saved_position = None
        self._tried_step = 0
        self.has_ended = False
        is_first = self._fingerprint is None
        if is_first:
            self._fingerprint = fingerprint(gan, self.params["batches"])
            self._environment = environment(gan)
        if path is None:
            return None
        arrays, state = checkpoint_files.read(path)
        rates = {}
        if is_first:
            self._fingerprint, rates = same_run.check(
                gan,
                self._fingerprint,
                self._environment,
                path,
                arrays,
                state,
                self.accept_changes,
            )
            callback_states.check_files(self._callbacks)
        training_state.restore(gan, arrays, state)
        same_run.set_rates(gan, rates)
        training_state.restore_metrics(gan, arrays)
        self._restored = arrays, state
        self._saved_step = self._tried_step = gan.step
        self.best, self.best_step = state["best"], state["best_step"]
        self._position = self._saved_position = Position(*state["position"])
        if not in_epoch:
            self._position = Position(self._position.epoch, 0)
            warnings.warn(
                "Training resumes at the start of an epoch, and may see other examples than "
                "without the stop: only arrays, the batches of `ganzoo.data` and a function of the "
                "step, `fit(lambda step: ...)`, resume at the exact step. Received: "
                f"{_kind(self.params['batches'])} with {path} of the epoch "
                f"{state['position'][0] + 1}, after {state['position'][1]:,} of its steps",
                stacklevel=2,
            )
        if self._has_begun:
            self._restore_callbacks()
        self.has_ended = callback_states.has_stopped(self._callbacks, self._identities, state)
        return Position(self.params["epochs"], 0) if self.has_ended else self._position

    def _prepare(self):
        """Creates the folder, locks it, and checks that a checkpoint can be written to it."""
        gan = self.model
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        arrays = [*training_state.values(gan), *training_state.metric_values(gan)]
        checkpoint_files.prepare(self.folder, sum(array.nbytes for array in arrays))

    def _restore_callbacks(self):
        if self._restored is not None:
            callback_states.restore(self._callbacks, self._identities, *self._restored)

    # During training.

    def on_train_begin(self, logs=None):
        if self._callbacks is None:
            raise TypeError(
                f"`{type(self).__name__}` works in the `fit` of a `ganzoo.GAN`. "
                f"Received: {type(self.model).__name__}"
            )
        # The other callbacks have begun, and reset their states.
        self._has_begun = True
        self._restore_callbacks()

    def on_epoch_begin(self, epoch, logs=None):
        done = self._position.steps if epoch == self._position.epoch else 0
        if done:
            # Keras has reset them, as at the start of each epoch.
            training_state.restore_metrics(self.model, self._restored[0])
        self._restored = None
        self._epoch, self._steps_before, self._steps_done = epoch, done, done
        self._is_cut = False
        self._epoch_start = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        # Steps are counted here: asking the model would wait for the device in each step.
        self._steps_done = done = self._steps_before + batch + 1
        self._is_cut = self._model.stop_training
        if done == self.params["steps"]:
            # The other callbacks must see the end of the epoch first.
            return
        if self._must_save(self._is_cut or self._is_due(self._epoch_start + batch + 1)):
            self._save(Position(self._epoch, done))
        self._interruption.check()

    def on_epoch_end(self, epoch, logs=None):
        step = self.model.step
        best = self._improvement(step, logs or {})
        due = self._is_due(step)
        if self.unit == "epochs":
            due = (epoch + 1) % self.every == 0
        is_last = self._model.stop_training or epoch + 1 == self.params["epochs"]
        position = self._position_after(epoch)
        is_outdated = step == self._saved_step and position != self._saved_position
        is_best = best is not None
        if self._must_save(is_best or due or is_last or is_outdated):
            self._save(position, replace=is_best or is_outdated, best=best)
        self._interruption.check()

    def _position_after(self, epoch):
        """Returns where training continues after the end of an epoch, which may have been cut."""
        steps = self.params["steps"]
        is_whole = not self._is_cut if steps is None else self._steps_done >= steps
        return Position(epoch + 1, 0) if is_whole else Position(epoch, self._steps_done)

    def _must_save(self, is_due):
        return is_due or self._interruption.received is not None

    def _is_due(self, step):
        if self.unit == "steps":
            return step // self.every > self._tried_step // self.every
        return self.unit == "minutes" and time.monotonic() - self._tried_at >= 60 * self.every

    def _improvement(self, step, logs):
        """Returns the monitored value if it is the best so far, or `None`."""
        if self.monitor is None:
            return None
        if self.monitor not in logs:
            raise ValueError(
                "`monitor` must be in the logs of each epoch. Expected one of: "
                f"{', '.join(logs)}. Received: monitor={self.monitor!r}"
            )
        value = float(logs[self.monitor])
        if not self._is_measured_at(step) or math.isnan(value):
            return None
        is_better = self.best is None or (
            value < self.best if self.mode == "min" else value > self.best
        )
        return value if is_better else None

    def _is_measured_at(self, step):
        """Whether the monitored value is of this step, and not one that the logs repeat."""
        evaluations = [one for one in self._callbacks if isinstance(one, EvaluateSamples)]
        measured = [one.measured_step(self.monitor) for one in evaluations]
        return step in measured or not any(one is not None for one in measured)

    def _save(self, position, replace=False, best=None):
        """Writes a checkpoint. One of the same step is written again only if it is replaced.

        At the last step of data of unknown length, nobody knows yet that the epoch ends there. So
        the end of the epoch replaces the checkpoint of that step. The best value replaces it too.

        Args:
            position: Where training continues from it.
            replace: Whether to replace a checkpoint of this step.
            best: The monitored value, if it is the best so far. It counts once it is written:
                until then, the checkpoint of the earlier best value is the one to keep.
        """
        gan = self.model
        step = gan.step
        if step == self._saved_step and not replace:
            return
        best, best_step = (self.best, self.best_step) if best is None else (best, step)
        arrays, state = training_state.collect(gan)
        states, more_arrays = callback_states.collect(self._callbacks)
        arrays |= more_arrays
        state |= {
            "callbacks": states,
            "identities": {key: self._identities[key] for key in states},
            "fingerprint": self._fingerprint,
            "environment": self._environment,
            **{"position": position, "best": best, "best_step": best_step},
        }
        try:
            written = checkpoint_files.write(self.folder, step, arrays, state)
        except OSError as error:
            self._report(f"No checkpoint of step {step:,} was written", error)
            return
        finally:
            self._tried_step, self._tried_at = step, time.monotonic()
        self._saved_step, self._saved_position = step, position
        self.best, self.best_step = best, best_step
        try:
            checkpoint_files.prune(self.folder, self.keep, best_step, written)
        except OSError as error:
            self._report("Checkpoints that are no longer needed could not be removed", error)

    def _report(self, what, error):
        """Raises an error, or warns of it."""
        if self.on_error == "raise":
            raise error
        warnings.warn(f"{what}: {error}", stacklevel=3)


def _kind(batches):
    return getattr(batches, "kind", type(batches).__name__)


def _check_names(names):
    """Returns names as a tuple, or raises."""
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ValueError(
            'Expected names such as ["data", "optimizer"], or ["all"]. '
            f"Received: accept_changes={names!r}"
        )
    return tuple(names)
