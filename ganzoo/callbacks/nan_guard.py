"""A guard that ends a training whose numbers are no longer finite, or takes it back."""

import math
import warnings

import keras

from ganzoo.validation import check_choice, check_fraction, check_positive_integer


class NaNGuard(keras.callbacks.Callback):
    """Raises an error as soon as any scalar in the logs is NaN or infinite, or rolls back.

    It looks at every term (both losses, the logits, each penalty, validation metrics) after each
    batch, and so ends the training within the step that failed, or within the
    `steps_per_execution` steps that ran together. An error, and not `model.stop_training`: on that,
    Keras still ends the epoch in good order, and the callbacks that save would put the broken
    weights over the last good ones. For the same reason, list this callback before those.

    With `on_nan="rollback"`, and an `AtomicCheckpoint` beside it, the training goes back to the
    newest checkpoint instead, with both players' learning rates lower, and a warning.

    Args:
        on_nan: `"raise"` or `"rollback"`.
        factor: Factor of the learning rates at each rollback, in (0, 1). Where the same checkpoint
            is gone back to again, that is in addition to the times before.
        max_rollbacks: Number of rollbacks in one `fit` after which the error is raised after all.

    Raises:
        ValueError: At the start of `fit`, if it is to roll back without an `AtomicCheckpoint`, or
            with a learning rate that follows a schedule and so cannot be lowered.
        FloatingPointError: In training, naming every term that is not finite, the epoch and the
            batch.

    Example:

    >>> history = gan.fit(dataset, epochs=10, callbacks=[ganzoo.callbacks.NaNGuard()])
    """

    def __init__(self, on_nan="raise", factor=0.5, max_rollbacks=3):
        super().__init__()
        self.on_nan = check_choice("on_nan", on_nan, ("raise", "rollback"))
        self.factor = check_fraction("factor", factor)
        if self.factor == 0:
            raise ValueError(f"`factor` must be a number in (0, 1). Received: factor={factor!r}")
        self.max_rollbacks = check_positive_integer("max_rollbacks", max_rollbacks)
        self._epoch = 0
        self._rollbacks = 0
        self._latest = (None, 0)

    def on_train_begin(self, logs=None):
        self._rollbacks, self._latest = 0, (None, 0)
        if self.on_nan == "rollback":
            for player in self._players():
                rate = keras.saving.serialize_keras_object(player)["config"]["learning_rate"]
                if not isinstance(rate, float):
                    raise ValueError(
                        "A rollback lowers the learning rates, which must be numbers for that. "
                        f"Received: {player.name!r} with learning_rate={rate!r}"
                    )

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self._check(logs, f"after batch {batch + 1} of epoch {self._epoch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs, f"at the end of epoch {epoch + 1}")

    def roll_back(self, resume):
        """Takes the training back, where that is wanted; `GAN.fit` calls it after a breakdown.

        Args:
            resume: Function that restores the newest checkpoint, and returns where to go on or
                `None`.

        Returns:
            Where to go on, or `None` where the training is to end.
        """
        if self.on_nan != "rollback" or self._rollbacks == self.max_rollbacks:
            return None
        position = resume()
        if position is None:
            return None
        self._rollbacks += 1
        step = self.model.step
        latest_step, times = self._latest
        self._latest = step, (times + 1 if step == latest_step else 1)
        # The checkpoint has the rates that it was written with.
        factor = self.factor ** self._latest[1]
        for player in self._players():
            player.learning_rate = factor * float(player.learning_rate)
        warnings.warn(
            f"The training broke down in epoch {self._epoch + 1}, and went back to step {step:,} "
            f"with {factor:g} times its learning rates: rollback {self._rollbacks} of "
            f"{self.max_rollbacks}",
            stacklevel=2,
        )
        return position

    def _players(self):
        """Returns both players' optimizers, without what scales their losses."""
        optimizer = self.model.optimizer
        players = optimizer.generator, optimizer.discriminator
        return [getattr(player, "inner_optimizer", player) for player in players]

    def _check(self, logs, when):
        broken = [f"{name}={value}" for name, value in (logs or {}).items() if not _finite(value)]
        if broken:
            raise FloatingPointError(
                f"The training broke down {when}: all scalars in the logs must be finite. "
                f"Received: {', '.join(broken)}. The present weights are of no use: go back to "
                "the last checkpoint. Smaller learning rates, spectral normalization or a "
                "gradient penalty help; under mixed_float16 try mixed_bfloat16."
            )


def _finite(value):
    return math.isfinite(float(value))
