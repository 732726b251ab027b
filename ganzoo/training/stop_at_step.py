"""Ends a training run after a given step, also in the middle of an epoch."""

import keras


class StopAtStep(keras.callbacks.Callback):
    """Ends `fit` after a training step.

    Args:
        step: Number of the last step, counted by `gan.step`.
    """

    def __init__(self, step):
        super().__init__()
        self._step = step
        self._steps_before_epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._steps_before_epoch = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        if self._steps_before_epoch + batch + 1 >= self._step:
            self.model.stop_training = True
