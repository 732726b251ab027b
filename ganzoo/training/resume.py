"""`fit` from a checkpoint: from the very step where the training stopped.

Keras's `fit` has no initial step. So the rest of the epoch under way is a `fit` of its own, and
what remains is another; the callbacks see one training.
"""

import copy

import keras

from ganzoo.data import Batches
from ganzoo.training.initialization import initialize_from_data


def is_asked_for(callbacks):
    """Whether the callbacks of a `fit` have a checkpoint among them.

    Raises:
        ValueError: If they have none, and a guard among them needs one.
    """
    callbacks = _as_list(callbacks)
    if _that_can("resume", callbacks):
        return True
    if any(guard.on_nan == "rollback" for guard in _that_can("roll_back", callbacks)):
        raise ValueError(
            "A rollback goes back to a checkpoint: list an `AtomicCheckpoint` too. "
            "Received: a `NaNGuard(on_nan='rollback')` without one"
        )
    return False


def fit(
    gan,
    keras_fit,
    batches,
    epochs=1,
    callbacks=(),
    initial_epoch=0,
    steps_per_epoch=None,
    verbose="auto",
    **settings,
):
    """Trains as `keras.Model.fit` does, from the checkpoint of a callback if there is one.

    Args:
        gan: The GAN.
        keras_fit: Its `keras.Model.fit`.
        batches: Batches that were seen to be right.
        epochs: As for `keras.Model.fit`, and so are the others.
        callbacks: With one that has the methods `attached`, `resume` and `restore_callbacks` of
            `ganzoo.callbacks.AtomicCheckpoint`, and its attribute `has_ended`.
    """
    callbacks = _as_list(callbacks)
    checkpoint, *more = _that_can("resume", callbacks)
    if more:
        raise ValueError(f"Expected one `AtomicCheckpoint`. Received: {1 + len(more)} of them")
    exact = isinstance(batches, Batches)
    if exact and steps_per_epoch is not None:
        # Keras would read on in one loop, and so ahead of the step.
        batches, steps_per_epoch = _shortened(batches, steps_per_epoch), None
    steps = _steps(batches, steps_per_epoch)
    everyone = _OneTraining(
        checkpoint, callbacks, verbose=verbose, epochs=epochs, steps=steps, model=gan
    )
    settings |= {"callbacks": everyone, "verbose": verbose, "shuffle": False}

    def train(position):
        epoch, done = position
        if done and done < steps:
            rest = _shortened(batches, steps - done)
            keras_fit(rest, initial_epoch=epoch, epochs=epoch + 1, **settings)
            if gan.stop_training:
                return
        # A loop that an error ended may still read its batches ahead.
        whole = copy.copy(batches) if exact else batches
        keras_fit(
            whole,
            initial_epoch=epoch + bool(done),
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            **settings,
        )

    def resume():
        return checkpoint.resume(in_epoch=exact)

    with checkpoint.attached(everyone.callbacks):
        position = resume() or (initial_epoch, 0)
        if checkpoint.has_ended:
            position = (epochs, 0)
        if gan.step == 0:
            initialize_from_data(gan, batches)
        while position is not None:
            try:
                train(position)
                position = None
            except FloatingPointError as error:
                guards = _that_can("roll_back", callbacks)
                position = guards[0].roll_back(resume) if guards else None
                if position is None:
                    raise error
                checkpoint.restore_callbacks()
        everyone.end()
    return gan.history


class _OneTraining(keras.callbacks.CallbackList):
    """The callbacks of several `fit`s, to which they are one.

    The checkpoint comes last, so that it saves what all others have made of a step or an epoch.
    """

    def __init__(self, checkpoint, callbacks, verbose, **params):
        super().__init__(
            callbacks, add_history=True, add_progbar=verbose != 0, verbose=verbose, **params
        )
        self.callbacks.remove(checkpoint)
        self.callbacks.append(checkpoint)
        self._checkpoint = checkpoint
        self._has_begun = False
        self._last_logs = None

    def on_train_begin(self, logs=None):
        if not self._has_begun:
            self._has_begun = True
            super().on_train_begin(logs)
            self._checkpoint.restore_callbacks()

    def on_train_end(self, logs=None):
        self._last_logs = logs or self._last_logs

    def end(self):
        """Tells all that the training has ended."""
        super().on_train_end(self._last_logs)


def _as_list(callbacks):
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return keras.tree.flatten(callbacks) if callbacks else []


def _that_can(method, callbacks):
    return [callback for callback in callbacks if hasattr(callback, method)]


def _shortened(batches, steps):
    """Returns the same batches, of which an epoch has another number."""
    batches = copy.copy(batches)
    batches.steps_per_epoch = steps
    return batches


def _steps(batches, steps_per_epoch):
    """Returns the number of steps of an epoch, or `None` where it is not known."""
    if steps_per_epoch is not None:
        return steps_per_epoch
    if isinstance(batches, keras.utils.PyDataset):
        return batches.num_batches
    count = int(batches.cardinality())
    return count if count > 0 else None
