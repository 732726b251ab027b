"""Ends training after a given step."""

import keras

from ganzoo.validation import check_positive_integer


class StopAtStep(keras.callbacks.Callback):
    """Ends training after a step of the GAN, which may be in the middle of an epoch.

    A `fit` trains for at least one step. With `steps_per_execution` and batches that are not
    ganzoo's own, such as a `tf.data.Dataset`, it trains for whole executions.

    Args:
        step: The last step, counted from the first step of the first `fit`; a positive integer.

    Example:

    >>> callbacks = [ganzoo.callbacks.StopAtStep(10_000)]
    >>> history = gan.fit(dataset, epochs=1_000, callbacks=callbacks)
    >>> gan.step
    10000
    """

    needs_batch_logs = False

    def __init__(self, step: int):
        super().__init__()
        self.step = check_positive_integer("step", step)
        self._epoch_start = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        if self._epoch_start + batch + 1 >= self.step:
            self.model.stop_training = True
