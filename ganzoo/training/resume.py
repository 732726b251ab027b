"""`fit` with hooks: it continues at the step at which training stopped.

Keras's `fit` has no initial step. So the rest of an interrupted epoch is one call of Keras's `fit`,
and the remaining epochs are another one. Data of unknown length take one call for each epoch. The
callbacks see a single training run.
"""

import contextlib

import keras

from ganzoo.data import Batches
from ganzoo.training import epoch_length
from ganzoo.training.execution import Execution
from ganzoo.training.fit_hook import FitHook, Position, is_checkpoint
from ganzoo.training.initialization import initialize_from_data
from ganzoo.training.inputs import first_examples
from ganzoo.training.one_run import OneRun
from ganzoo.training.stop_at_step import StopAtStep


def fit(
    gan,
    keras_fit,
    batches,
    callbacks=None,
    epochs=1,
    initial_epoch=0,
    steps_per_epoch=None,
    verbose="auto",
    last_step=None,
    **settings,
):
    """Trains as `keras.Model.fit` does, from a checkpoint if a callback restores one.

    Args:
        gan: The GAN.
        keras_fit: Its `keras.Model.fit`.
        batches: Batches that were checked.
        callbacks: As for `keras.Model.fit`. Those that are a `FitHook` are attached.
        epochs: As for `keras.Model.fit`.
        initial_epoch: As for `keras.Model.fit`.
        steps_per_epoch: Steps per epoch; by default a pass over the data. Each epoch has all of
            them: batches that end before it are read again from the start.
        verbose: As for `keras.Model.fit`.
        last_step: A run that is restored at this step or later does not train; `None` for no limit.
        settings: Other arguments of `keras.Model.fit`.

    Returns:
        The `keras.callbacks.History`.

    Raises:
        ValueError: If the data have no end and there is no `steps_per_epoch`, or if it does not fit
            `steps_per_execution`.
    """
    callbacks = as_list(callbacks)
    checkpoint = _only_checkpoint(callbacks)
    exact = isinstance(batches, Batches) or getattr(batches, "is_exact", False)
    steps = epoch_length.steps_of_epoch(batches, steps_per_epoch)
    stop = min((one.step for one in callbacks if isinstance(one, StopAtStep)), default=None)
    execution = Execution(gan, batches, steps, stop)
    epoch_length.check_executions(batches, steps, execution.steps)
    everyone = OneRun(
        callbacks, verbose, stop, epochs=epochs, steps=steps, batches=batches, model=gan
    )
    hooks = [callback for callback in everyone.callbacks if isinstance(callback, FitHook)]
    # Keras would shuffle batches with a generator that follows neither the seed nor the step.
    settings |= {"callbacks": everyone, "verbose": verbose, "shuffle": False}

    def run(first, last, steps):
        """Trains the epochs from `first` to the one before `last`, each for `steps` steps."""
        data, settings["steps_per_epoch"] = epoch_length.with_steps(batches, steps, last - first)
        blocks = execution.blocks(data)
        if blocks is not None:
            data, settings["steps_per_epoch"] = blocks, blocks.keras_steps
        everyone.start_epochs(steps, blocks)
        keras_fit(data, initial_epoch=first, epochs=last, **settings)
        return not gan.stop_training

    def end_epoch(epoch):
        everyone.end_epoch(epoch, lambda: _validation_logs(gan, epoch, settings))

    def train(position):
        epoch, done = position
        if steps is None:
            with epoch_length.unknown():
                # Keras would take the number of steps of the first epoch for every epoch.
                while epoch < epochs and run(epoch, epoch + 1, None):
                    # A `BackupAndRestore` may have found a later one.
                    epoch = max(epoch + 1, gan._initial_epoch or 0)
                    gan._initial_epoch = None
            return
        if done and done < steps and not run(epoch, epoch + 1, steps - done):
            return
        if done >= steps:
            # An epoch has fewer steps than before, and this one has had them.
            end_epoch(epoch)
            if gan.stop_training:
                return
        run(epoch + bool(done), epochs, steps)

    def resume():
        return None if checkpoint is None else checkpoint.resume(exact)

    # What a `BackupAndRestore` found in an earlier `fit`.
    gan._initial_epoch = None
    with _attached(hooks, everyone.callbacks):
        position = resume() or Position(initial_epoch, 0)
        if last_step is not None and gan.step >= last_step:
            if position.steps:
                end_epoch(position.epoch)
            position = Position(epochs, 0)
        initialize_from_data(gan, lambda: first_examples(batches))
        with execution.active(), gan.optimizer.one_run():
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


def _validation_logs(gan, epoch, settings):
    """Returns what `keras.Model.fit` adds to the logs of an epoch, which it has not trained."""
    arrays = settings.get("validation_data")
    if arrays is None or not gan._should_eval(epoch, settings.get("validation_freq", 1)):
        return {}
    values = gan._validate(arrays, settings.get("validation_batch_size"))
    return {f"val_{name}": value for name, value in values.items()}


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
