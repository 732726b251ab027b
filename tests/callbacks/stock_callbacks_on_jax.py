"""Runs in its own process with KERAS_BACKEND=jax, and prints its results as JSON."""

import json
import pathlib
import sys

import keras
import numpy as np
from interrupted_run import InterruptAt, Interrupted, train
from keras import callbacks

from ganzoo.callbacks import NaNGuard, SampleGrid
from support.gans import dense

folder = pathlib.Path(sys.argv[1])
facts = {"backend": keras.backend.backend(), "rates": []}


def fit(gan, callbacks, epochs):
    gan.fit(dense.dataset(), batch_size=16, epochs=epochs, callbacks=callbacks, verbose=0)
    return gan


def difference(first, second):
    return dense.largest_difference(dense.state(first), dense.state(second))


# Resuming.
straight = train()
try:
    train(backup=folder / "backup", callbacks=[InterruptAt(epoch=1, batch=1)])
except Interrupted:
    resumed = train(backup=folder / "backup", initialization=1)
    facts["resumed_difference"] = difference(straight, resumed)

# Learning rates and saved models.
gan = dense.build(g_rate=1e-3, d_rate=4e-3)
players = gan.optimizer.generator, gan.optimizer.discriminator
record = callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: facts["rates"].append(
        [float(player.learning_rate) for player in players]
    )
)
schedule = callbacks.LearningRateScheduler(lambda epoch, rate: 1e-3 / 2**epoch)
fit(gan, [schedule, record, callbacks.ModelCheckpoint(str(folder / "gan.keras"))], epochs=3)
facts["checkpoint_difference"] = difference(gan, keras.saving.load_model(folder / "gan.keras"))

# Early stopping, and pictures in the middle of an epoch.
gan = dense.build()
worsening = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(fid=epoch))
stopping = callbacks.EarlyStopping(monitor="fid", mode="min", patience=1)
fit(
    gan, [worsening, stopping, SampleGrid(folder / "samples", n=4, every=3, unit="steps")], epochs=9
)
facts["epochs_until_stopped"] = gan.step // 3
facts["pictures"] = sorted(path.name for path in (folder / "samples").glob("*.png"))

# NaN.
weights = gan.discriminator.get_weights()
gan.discriminator.set_weights([np.full_like(value, np.nan) for value in weights])
try:
    fit(gan, [NaNGuard()], epochs=1)
except FloatingPointError as error:
    facts["nan"] = type(error).__name__

print(json.dumps(facts))
