"""A run that is interrupted within an epoch, and a run that resumes from its backup."""

import keras

from support.gans import dense


class Interrupted(Exception):
    """Stands for any error that ends a process."""


class InterruptAt(keras.callbacks.Callback):
    """Raises after a batch of an epoch, both counted from 0."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.epoch, self.batch = epoch, batch
        self._current_epoch = None

    def on_epoch_begin(self, epoch, logs=None):
        self._current_epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self._current_epoch, batch) == (self.epoch, self.batch):
            raise Interrupted


def train(
    backup=None, callbacks=(), conditional=False, initialization=0, discriminator_steps=1, **compile
):
    """Trains for 3 epochs of several batches each, from a backup if there is one."""
    gan = dense.build(conditional, discriminator_steps=discriminator_steps, **compile)
    if initialization:
        other = dense.build(conditional, seed=initialization)
        gan.set_weights(other.get_weights())
    if backup is not None:
        callbacks = [
            keras.callbacks.BackupAndRestore(str(backup), delete_checkpoint=False),
            *callbacks,
        ]
    gan.fit(
        dense.dataset(32, conditional),
        batch_size=8,
        epochs=3,
        callbacks=list(callbacks),
        verbose=0,
    )
    return gan
