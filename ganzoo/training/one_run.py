"""The callbacks of a training run, and what they see of each call of the compiled function."""

import time

import keras

from ganzoo.training.fit_hook import is_checkpoint

# Seconds between two updates of the progress bar. It reads the logs, which waits for the device.
_UPDATE_EVERY = 0.1


class OneRun(keras.callbacks.CallbackList):
    """The callbacks of several calls of Keras's `fit`, which are one training run to them.

    The checkpoint comes last, so that it saves what all others did in a step or an epoch.

    The logs of a step are on the device, and reading them waits for it. So they are read only for
    callbacks that use them: those that have a method for it and no `needs_batch_logs = False`.

    Keras's progress bar counts the steps that an epoch really has in this run. The first epoch of a
    resumed run and the last one may have fewer than others.

    Args:
        callbacks: List of `keras.callbacks.Callback`.
        verbose: As for `keras.Model.fit`.
        last_step: Step of the GAN at which the run ends, or `None` if nobody knows.
        **params: What the callbacks get as `params`, and the `model`.
    """

    def __init__(self, callbacks, verbose, last_step=None, **params):
        super().__init__(
            callbacks, add_history=True, add_progbar=verbose != 0, verbose=verbose, **params
        )
        self.callbacks.sort(key=is_checkpoint)
        self._last_step = last_step
        self._steps = self._blocks = None
        self._has_begun = False
        self._last_logs = None
        self._epoch_start = 0
        self._pending_update = None
        self._next_update = 0.0

    def start_epochs(self, steps, blocks):
        """Prepares for the epochs of one call of Keras's `fit`.

        Args:
            steps: Steps of an epoch, or `None` if nobody knows.
            blocks: The `Blocks` that Keras takes for batches, or `None` if it gets batches.
        """
        self._steps, self._blocks = steps, blocks

    def on_train_begin(self, logs=None):
        if not self._has_begun:
            self._has_begun = True
            super().on_train_begin(logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step
        for bar in self._progress_bars():
            bar.target = self._expected_steps() or bar.target
        super().on_epoch_begin(epoch, logs)

    def _expected_steps(self):
        """Returns the number of steps in the epoch that begins, or `None` if nobody knows."""
        if self._steps is None or self._last_step is None:
            return self._steps
        # A `fit` makes at least one step.
        return min(self._steps, max(1, self._last_step - self._epoch_start))

    def _progress_bars(self):
        return [one for one in self.callbacks if isinstance(one, keras.callbacks.ProgbarLogger)]

    def on_train_batch_begin(self, batch, logs=None):
        if self._blocks is not None:
            batch = self._blocks.start(batch)
        super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        batch = self._last_index(batch)
        values = None
        for callback in self.callbacks:
            if isinstance(callback, keras.callbacks.ProgbarLogger):
                self._pending_update = callback, batch, logs
                if time.monotonic() >= self._next_update:
                    self._update_progress()
            elif not _uses_batches(callback):
                continue
            elif getattr(callback, "needs_batch_logs", True):
                values = _numbers(logs) if values is None else values
                callback.on_train_batch_end(batch, logs=values)
            else:
                callback.on_train_batch_end(batch, logs={})

    def _last_index(self, batch):
        """Returns the index in the epoch of the last step that Keras's batch stands for."""
        if self._blocks is not None:
            return self._blocks.stop(batch, self._epoch_start) - 1
        # Keras counts `steps_per_execution` batches for the last execution of an epoch too, which
        # may have fewer.
        if self._steps is not None:
            return min(batch, self._steps - 1)
        if self.model.steps_per_execution > 1:
            return self.model.step - self._epoch_start - 1
        return batch

    def _update_progress(self):
        if self._pending_update is not None:
            bar, batch, logs = self._pending_update
            bar.on_train_batch_end(batch, logs=_numbers(logs) if bar.verbose == 1 else {})
            self._pending_update = None
            self._next_update = time.monotonic() + _UPDATE_EVERY

    def on_epoch_end(self, epoch, logs=None):
        self._update_progress()
        for bar in self._progress_bars():
            bar.target = bar.progbar.target = self.model.step - self._epoch_start
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs=None):
        self._last_logs = logs or self._last_logs

    def end_epoch(self, epoch, validate):
        """Ends an epoch whose last step was made before the checkpoint.

        Args:
            epoch: Number of the epoch, from 0.
            validate: Function that returns what validation adds to the logs.
        """
        self.on_train_begin()
        bars = self._progress_bars()
        verbose = [bar.verbose for bar in bars]
        for bar in bars:
            bar.verbose = 0
        self.on_epoch_begin(epoch)
        trackers = self.model._trackers
        logs = {name: float(trackers[name].result()) for name in self.model._all_log_names}
        self.on_epoch_end(epoch, logs | validate())
        for bar, shown in zip(bars, verbose, strict=True):
            bar.verbose = shown

    def end(self):
        """Tells all callbacks that training has ended."""
        super().on_train_end(self._last_logs)


def _uses_batches(callback):
    """Returns whether a callback has a method for the end of a batch."""
    stock = keras.callbacks.Callback
    methods = callback.on_train_batch_end, callback.on_batch_end
    return any(
        getattr(method, "__func__", method) not in (stock.on_train_batch_end, stock.on_batch_end)
        for method in methods
    )


def _numbers(logs):
    """Returns logs as floats, in the order of their names, as Keras passes them on."""
    return {name: float(value) for name, value in sorted((logs or {}).items())}
