"""The base class of callbacks that work around `fit`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras


class Position(NamedTuple):
    """Where training continues.

    Attributes:
        epoch: The epoch, counted from 0.
        steps: The number of steps of this epoch that are done.
    """

    epoch: int
    steps: int


class FitHook(keras.callbacks.Callback):
    """A callback that works around `fit`, and not only inside it.

    Keras calls the methods of a callback while training runs. `ganzoo.GAN.fit` also calls the
    methods below, in this order. Each does nothing by default: override what you need. A plain
    Keras model calls none of them.

    1. `attach`, once, before anything else.
    2. `resume`, once, before the first step.
    3. `set_state`, after `on_train_begin`, if a checkpoint was restored that has a state of this
       hook.
    4. `get_state`, each time a checkpoint is written.
    5. `roll_back`, each time training stops with a `FloatingPointError`.
    6. `detach`, once, at the end, after an error too.

    A hook that overrides `resume` is a checkpoint, such as `ganzoo.callbacks.AtomicCheckpoint`. A
    `fit` takes at most one. It is called after all other callbacks, wherever it is listed, so that
    it can save their results of the same step or epoch.

    Reading the logs of a step waits for the device. A callback that has `on_train_batch_end` but
    does not need the logs sets `needs_batch_logs = False`: they are then empty. Any Keras callback
    may do so.

    Example:

    A callback that counts the seconds of training, and continues to count in a resumed run.

    >>> class Stopwatch(ganzoo.callbacks.FitHook):
    ...     def on_train_begin(self, logs=None):
    ...         self._start = time.monotonic()
    ...
    ...     def get_state(self):
    ...         return {"seconds": time.monotonic() - self._start}
    ...
    ...     def set_state(self, state):
    ...         self._start = time.monotonic() - state["seconds"]
    >>> callbacks = [Stopwatch(), ganzoo.callbacks.AtomicCheckpoint("checkpoints")]
    >>> history = gan.fit(dataset, epochs=100, callbacks=callbacks)
    """

    needs_batch_logs = True

    def attach(self, callbacks: list[keras.callbacks.Callback]) -> None:
        """Prepares for a `fit` that is about to start.

        `self.model` and `self.params` are set; `self.params["batches"]` are the batches of this
        `fit`. Raise an error here if the hook cannot work with this model or with these
        callbacks: no training step has run yet. `detach` is not called after such an error.

        Args:
            callbacks: All callbacks of this `fit`, in the order in which they are called, with
                Keras's `History` and progress bar.
        """

    def detach(self) -> None:
        """Releases what `attach` acquired. It is called after errors too."""

    def resume(self, in_epoch: bool) -> Position | None:
        """Restores a checkpoint of an earlier run, if there is one.

        It is called before the first step, and again by `roll_back` of another hook.

        Args:
            in_epoch: Whether the data can continue in the middle of an epoch.

        Returns:
            The `Position` at which training continues, or `None` if there is no checkpoint.
        """
        return None

    def roll_back(self, resume: Callable[[], Position | None]) -> Position | None:
        """Takes training back to a checkpoint after a `FloatingPointError`, or lets it end.

        Args:
            resume: Function without arguments that restores the newest checkpoint. It returns its
                `Position`, or `None` if there is no checkpoint.

        Returns:
            The `Position` at which training continues, or `None` to raise the error.
        """
        return None

    def get_state(self) -> Any:
        """Returns what a resumed run needs to know, or `None` if there is nothing.

        The state must be what JSON can hold: dictionaries with string keys, lists, strings,
        numbers, booleans and `None`. A checkpoint stores it under the name of the class and the
        position among the hooks of this class.
        """
        return None

    def set_state(self, state: Any) -> None:
        """Restores what `get_state` returned.

        Args:
            state: The state. JSON has turned its tuples into lists.
        """


def is_checkpoint(callback: keras.callbacks.Callback) -> bool:
    """Returns whether a callback is a hook that overrides `FitHook.resume`."""
    return isinstance(callback, FitHook) and type(callback).resume is not FitHook.resume
