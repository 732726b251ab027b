"""Trains a small SN-DCGAN on handwritten digits and samples the saved model in a new process.

It takes about two minutes on two cores, without a network connection and without a GPU. Run it with
`make demo` or `python examples/demo.py [FOLDER]`.
"""

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import ganzoo
import keras
import numpy as np
from ganzoo import drawing
from ganzoo.callbacks import NaNGuard, SampleGrid
from ganzoo.recipes import OptimizerSettings
from PIL import Image

STEPS = 2500
EPOCHS = 10
MOST_SECONDS = 170

# The recipe of DCGAN with classes, a quarter of the channels, spectral normalization in the
# discriminator, and higher learning rates. The discriminator learns twice as fast as the generator.
RECIPE = dataclasses.replace(
    ganzoo.recipes.get("dcgan"),
    normalization="spectral",
    g_optimizer=OptimizerSettings(learning_rate=4e-4, beta_1=0.5),
    d_optimizer=OptimizerSettings(learning_rate=8e-4, beta_1=0.5),
    batch_size=32,
    latent_dim=64,
    width=16,
    ema_decay=0.99,
    conditional=True,
)


class StopAfter(keras.callbacks.Callback):
    """Ends training after some seconds, for slow machines."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self.deadline = time.monotonic() + self.seconds

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() > self.deadline:
            self.model.stop_training = True


def main(folder):
    keras.utils.set_random_seed(0)
    digits = ganzoo.data.load("digits", split="all")
    gan = ganzoo.GAN.from_recipe(RECIPE, digits)
    print(
        f"Training on {digits!r}:\n{STEPS:,} steps with {RECIPE.batch_size} digits each, "
        f"{gan.generator.count_params():,} parameters in the generator and "
        f"{gan.discriminator.count_params():,} in the discriminator.\n"
    )
    begin = time.monotonic()
    gan.fit(
        digits.batches(RECIPE.batch_size, seed=0, steps_per_epoch=STEPS // EPOCHS),
        epochs=EPOCHS,
        callbacks=[NaNGuard(), SampleGrid(folder / "training"), StopAfter(MOST_SECONDS)],
        # A progress bar on a terminal, one line per epoch in a file.
        verbose=1 if sys.stdout.isatty() else 2,
    )
    print(f"\nTrained {gan.step:,} steps in {time.monotonic() - begin:.0f} seconds.")

    # Each row is a class: samples on the left, real digits on the right.
    labels, columns = drawing.class_rows(80, digits.num_classes)
    samples = drawing.image_grid(gan.sample(len(labels), seed=0, labels=labels), columns)
    rows = [np.flatnonzero(digits.labels == label)[i % columns] for i, label in enumerate(labels)]
    real = drawing.image_grid(digits.examples[rows], columns)
    comparison = folder / "samples_and_real.png"
    drawing.save_picture(comparison, drawing.side_by_side({"samples": samples, "real": real}))

    model, fresh = folder / "model.keras", folder / "samples_of_a_new_process.png"
    gan.save(model)
    command = ["-m", "ganzoo", "sample", model, f"--n={len(labels)}", "--seed=0"]
    subprocess.run([sys.executable, *map(str, command), f"--output={fresh}"], check=True)
    with Image.open(fresh) as image:
        if not np.array_equal(np.asarray(image)[..., None], samples):
            sys.exit(f"The loaded model gives other samples than the trained one: see {fresh}.")
    print("A new process loaded the model and drew the same samples, pixel by pixel.\n")
    print(f"samples and real digits  {comparison.resolve()}")
    print(f"samples during training  {(folder / 'training' / 'samples.gif').resolve()}")
    print(f"the model                {model.resolve()}")
    print(f"more samples             python -m ganzoo sample {model}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo"))
