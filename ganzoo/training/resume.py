"""`fit` with hooks: it continues at the step at which training stopped.

Keras's `fit` has no initial step. So the rest of an interrupted epoch is one call of Keras's `fit`,
and the remaining epochs are another one. The callbacks see a single training run.
"""

import contextlib
import copy

import keras

from ganzoo.data import Batches
from ganzoo.training.fit_hook import FitHook, Position, is_checkpoint
from ganzoo.training.initialization import initialize_from_data


def fit(gan, keras_fit, batches, callbacks=None, last_step=None, **settings):
    """Trains as `keras.Model.fit` does, from a checkpoint if a callback restores one.

    Args:
        gan: The GAN.
        keras_fit: Its `keras.Model.fit`.
        batches: Batches that were checked.
        callbacks: As for `keras.Model.fit`. Those that are a `FitHook` are attached.
        last_step: A run that is restored at this step or later does not train; `None` for no limit.
        settings: `epochs`, `initial_epoch`, `steps_per_epoch`, `verbose` and other arguments of
            `keras.Model.fit`.

    Returns:
        The `keras.callbacks.History`.
    """
    # Keras would shuffle batches with a generator that follows neither the seed nor the step.
    settings["shuffle"] = False
    listed = as_list(callbacks)
    if any(isinstance(callback, FitHook) for callback in listed):
        return _fit_with_hooks(gan, keras_fit, batches, listed, last_step=last_step, **settings)
    if gan.step == 0:
        initialize_from_data(gan, batches)
    return keras_fit(batches, callbacks=callbacks, **settings)


def _fit_with_hooks(
    gan,
    keras_fit,
    batches,
    callbacks,
    epochs=1,
    initial_epoch=0,
    steps_per_epoch=None,
    verbose="auto",
    last_step=None,
    **settings,
):
    checkpoint = _only_checkpoint(callbacks)
    exact = isinstance(batches, Batches)
    if checkpoint is not None and exact and steps_per_epoch is not None:
        # Keras would read the epochs in one loop, and so fetch batches ahead of the step.
        batches, steps_per_epoch = _shortened(batches, steps_per_epoch), None
    steps = steps_of_epoch(batches, steps_per_epoch)
    everyone = _OneTraining(callbacks, verbose=verbose, epochs=epochs, steps=steps, model=gan)
    hooks = [callback for callback in everyone.callbacks if isinstance(callback, FitHook)]
    settings |= {"callbacks": everyone, "verbose": verbose}

    def train(position):
        epoch, done = position
        if done and done < steps:
            rest = _shortened(batches, steps - done)
            keras_fit(rest, initial_epoch=epoch, epochs=epoch + 1, **settings)
            if gan.stop_training:
                return
        # A loop that an error ended may still fetch batches from its copy.
        whole = copy.copy(batches) if exact else batches
        keras_fit(
            whole,
            initial_epoch=epoch + bool(done),
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            **settings,
        )

    def resume():
        return None if checkpoint is None else checkpoint.resume(exact)

    with _attached(hooks, everyone.callbacks):
        position = resume() or Position(initial_epoch, 0)
        if last_step is not None and gan.step >= last_step:
            position = Position(epochs, 0)
        if gan.step == 0:
            initialize_from_data(gan, batches)
        while position is not None:
            try:
                train(position)
                position = None
            except FloatingPointError as error:
                position = _rolled_back(hooks, resume)
                if position is None:
                    raise error
        everyone.end()
    return gan.history


class _OneTraining(keras.callbacks.CallbackList):
    """The callbacks of several calls of Keras's `fit`, which are one training run to them.

    The checkpoint comes last, so that it saves what all others did in a step or an epoch.
    """

    def __init__(self, callbacks, verbose, **params):
        super().__init__(
            callbacks, add_history=True, add_progbar=verbose != 0, verbose=verbose, **params
        )
        self.callbacks.sort(key=is_checkpoint)
        self._has_begun = False
        self._last_logs = None

    def on_train_begin(self, logs=None):
        if not self._has_begun:
            self._has_begun = True
            super().on_train_begin(logs)

    def on_train_end(self, logs=None):
        self._last_logs = logs or self._last_logs

    def end(self):
        """Tells all callbacks that training has ended."""
        super().on_train_end(self._last_logs)


@contextlib.contextmanager
def _attached(hooks, callbacks):
    with contextlib.ExitStack() as stack:
        for hook in hooks:
            hook.attach(list(callbacks))
            stack.callback(hook.detach)
        yield


def _rolled_back(hooks, resume):
    """Returns the position at which the first hook that rolls back continues, or `None`."""
    positions = (hook.roll_back(resume) for hook in hooks)
    return next((position for position in positions if position is not None), None)


def _only_checkpoint(callbacks):
    """Returns the checkpoint among the callbacks, or `None`."""
    found = [callback for callback in callbacks if is_checkpoint(callback)]
    if len(found) > 1:
        names = ", ".join(f"`{type(callback).__name__}`" for callback in found)
        raise ValueError(
            "Expected at most one checkpoint among the callbacks: a run is resumed from one "
            f"folder. Received: {len(found)} of them, {names}"
        )
    return found[0] if found else None


def as_list(callbacks):
    """Returns the callbacks that were given to `fit`, in any form that Keras takes, as a list."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return keras.tree.flatten(callbacks) if callbacks else []


def _shortened(batches, steps):
    """Returns the same batches with another number of steps per epoch."""
    batches = copy.copy(batches)
    batches.steps_per_epoch = steps
    return batches


def steps_of_epoch(batches, steps_per_epoch=None):
    """Returns the number of steps of an epoch, or `None` if it is not known."""
    if steps_per_epoch is not None:
        return steps_per_epoch
    if isinstance(batches, keras.utils.PyDataset):
        return batches.num_batches
    count = int(batches.cardinality())
    return count if count > 0 else None
