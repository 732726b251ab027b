"""A guard that ends a training whose numbers are no longer finite."""

import math

import keras


class NaNGuard(keras.callbacks.Callback):
    """Raises an error as soon as any scalar in the logs is NaN or infinite.

    It looks at every term (both losses, the logits, each penalty, validation metrics) after each
    batch, and so ends the training within the step that failed, or within the
    `steps_per_execution` steps that ran together. An error, and not `model.stop_training`: on that,
    Keras still ends the epoch in good order, and the callbacks that save would put the broken
    weights over the last good ones. For the same reason, list this callback before those.

    Raises:
        FloatingPointError: In training, naming every term that is not finite, the epoch and the
            batch.

    Example:

    >>> history = gan.fit(dataset, epochs=10, callbacks=[ganzoo.callbacks.NaNGuard()])
    """

    def __init__(self):
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self._check(logs, f"after batch {batch + 1} of epoch {self._epoch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs, f"at the end of epoch {epoch + 1}")

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
