"""A guard that ends training when a value is not finite, or rolls it back."""

import math
import warnings
from collections.abc import Callable

import keras

from ganzoo.players import PLAYERS
from ganzoo.training.fit_hook import FitHook, Position, is_checkpoint
from ganzoo.training.loss_scale import innermost
from ganzoo.validation import check_choice, check_fraction, check_positive_integer


class NaNGuard(FitHook):
    """Raises an error as soon as any scalar in the logs is NaN or infinite, or rolls back.

    It checks every term (both losses, the logits, each penalty, validation metrics) after each
    step. So it ends training within the step that failed. If `steps_per_execution` steps ran
    together, it names the one that failed first. It raises an error, and does not set
    `model.stop_training`: Keras would then still end the epoch as usual, and callbacks that save
    would replace the last good weights with the broken ones. For the same reason, list this
    callback before callbacks that save.

    With `on_nan="rollback"`, and an `AtomicCheckpoint` in the same `fit`, training returns to the
    newest checkpoint instead, with lower learning rates of both players and a warning.

    Args:
        on_nan: `"raise"` or `"rollback"`.
        factor: Factor of the learning rates at each rollback, in (0, 1). If training returns to the
            same checkpoint several times in a row, the factor is applied as many times.
        max_rollbacks: Largest number of rollbacks in one `fit`. After that the error is raised.

    Raises:
        ValueError: At the start of `fit` with `on_nan="rollback"`, if there is no
            `AtomicCheckpoint`, or if a learning rate follows a schedule and so cannot be lowered.
        FloatingPointError: During training. It names each term that is not finite, the epoch and
            the step.

    Example:

    >>> history = gan.fit(dataset, epochs=10, callbacks=[ganzoo.callbacks.NaNGuard()])
    """

    def __init__(self, on_nan: str = "raise", factor: float = 0.5, max_rollbacks: int = 3):
        super().__init__()
        self.on_nan = check_choice("on_nan", on_nan, ("raise", "rollback"))
        self.factor = check_fraction("factor", factor)
        if self.factor == 0:
            raise ValueError(f"`factor` must be a number in (0, 1). Received: factor={factor!r}")
        self.max_rollbacks = check_positive_integer("max_rollbacks", max_rollbacks)
        self._epoch = self._epoch_start = self._first_index = 0
        self._rollbacks = 0
        self._latest = (None, 0)

    def attach(self, callbacks: list[keras.callbacks.Callback]) -> None:
        if self.on_nan == "rollback" and not any(map(is_checkpoint, callbacks)):
            raise ValueError(
                "A rollback returns to a checkpoint: list an `AtomicCheckpoint` too. "
                "Received: a `NaNGuard(on_nan='rollback')` without one"
            )

    def on_train_begin(self, logs=None):
        self._rollbacks, self._latest = 0, (None, 0)
        if self.on_nan == "rollback":
            for player in self._players():
                rate = keras.saving.serialize_keras_object(player)["config"]["learning_rate"]
                if not isinstance(rate, float):
                    raise ValueError(
                        "A rollback lowers the learning rates, so they must be numbers. "
                        f"Received: {player.name!r} with learning_rate={rate!r}"
                    )

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._epoch_start = epoch, self.model.step

    def on_train_batch_begin(self, batch, logs=None):
        self._first_index = batch

    def on_train_batch_end(self, batch, logs=None):
        self._check(logs, f"in epoch {self._epoch + 1}", self._failed_step)

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs, f"at the end of epoch {epoch + 1}", lambda: self.model.step)

    def roll_back(self, resume: Callable[[], Position | None]) -> Position | None:
        if self.on_nan != "rollback" or self._rollbacks == self.max_rollbacks:
            return None
        position = resume()
        if position is None:
            return None
        self._rollbacks += 1
        step = self.model.step
        latest_step, times = self._latest
        self._latest = step, (times + 1 if step == latest_step else 1)
        # The checkpoint has restored the learning rates of its time.
        factor = self.factor ** self._latest[1]
        for player in self._players():
            player.learning_rate = factor * float(player.learning_rate)
        warnings.warn(
            f"Training failed in epoch {self._epoch + 1} and went back to step {step:,} with "
            f"{factor:g} times its learning rates: rollback {self._rollbacks} of "
            f"{self.max_rollbacks}",
            stacklevel=2,
        )
        return position

    def _players(self):
        """Returns the optimizers of both players, without their loss scales."""
        return [innermost(getattr(self.model.optimizer, player)) for player in PLAYERS]

    def _check(self, logs, when, failed_step):
        broken = [f"{name}={value}" for name, value in (logs or {}).items() if not _finite(value)]
        if broken:
            # The steps are asked for only here: that waits for the device.
            failed, last = failed_step(), self.model.step
            together = "" if failed == last else f" (which ran together with those to {last:,})"
            raise FloatingPointError(
                f"Training failed {when}, after step {failed:,}{together}: all scalars in the logs "
                "must be finite. "
                f"Received: {', '.join(broken)}. The current weights are useless: return to the "
                "last checkpoint. Lower the learning rates, or add spectral normalization or a "
                "gradient penalty. With mixed_float16, try mixed_bfloat16."
            )

    def _failed_step(self):
        """Returns the first step of those that ran together whose logs are not finite."""
        logs = self.model.step_logs
        index = None if logs is None else logs.first_broken()
        if index is None:
            return self.model.step
        return self._epoch_start + self._first_index + index + 1


def _finite(value):
    return math.isfinite(float(value))
