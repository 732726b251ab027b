"""Trains a small SN-DCGAN on scikit-learn's digits, and samples the saved model in a new process.

Takes about two minutes on two cores, and needs neither a network nor a GPU. Run it by `make demo`,
or by `python examples/demo.py [FOLDER]`.
"""

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import ganzoo
from ganzoo import drawing
from ganzoo.callbacks import NaNGuard, SampleGrid
from ganzoo.recipes import OptimizerSettings

STEPS = 2500
EPOCHS = 10
MOST_SECONDS = 170

# DCGAN's recipe with a quarter of its channels, a spectrally normalized discriminator, and higher
# rates, the discriminator's twice the generator's.
RECIPE = dataclasses.replace(
    ganzoo.recipes.get("dcgan"),
    normalization="spectral",
    g_optimizer=OptimizerSettings(learning_rate=4e-4, beta_1=0.5),
    d_optimizer=OptimizerSettings(learning_rate=8e-4, beta_1=0.5),
    batch_size=32,
    latent_dim=64,
    width=16,
    ema_decay=0.99,
)


class StopAfter(keras.callbacks.Callback):
    """Ends a training that a slow machine would not finish in time."""

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
    gan = ganzoo.gan_from_recipe(RECIPE, digits.example_shape, digits.num_classes)
    print(
        f"Training on {digits!r}:\n{STEPS:,} steps of {RECIPE.batch_size} digits, a generator of "
        f"{gan.generator.count_params():,} parameters against a discriminator of "
        f"{gan.discriminator.count_params():,}.\n"
    )
    begin = time.monotonic()
    gan.fit(
        digits.batches(RECIPE.batch_size, seed=0, steps_per_epoch=STEPS // EPOCHS),
        epochs=EPOCHS,
        callbacks=[NaNGuard(), SampleGrid(folder / "training"), StopAfter(MOST_SECONDS)],
        # A bar where someone watches it, a line for each epoch in a file.
        verbose=1 if sys.stdout.isatty() else 2,
    )
    print(f"\nTrained {gan.step:,} steps in {time.monotonic() - begin:.0f} seconds.")

    # Each row is a class, to the left as the GAN draws it, to the right as people wrote it.
    labels, columns = drawing.class_rows(80, digits.num_classes)
    samples = drawing.image_grid(gan.sample(len(labels), seed=0, labels=labels), columns)
    rows = [np.flatnonzero(digits.labels == label)[i % columns] for i, label in enumerate(labels)]
    real = drawing.image_grid(digits.examples[rows], columns)
    comparison = folder / "samples_and_real.png"
    drawing.save_png(comparison, drawing.side_by_side({"samples": samples, "real": real}))

    model, fresh = folder / "model.keras", folder / "samples_of_a_new_process.png"
    gan.save(model)
    command = ["-m", "ganzoo", "sample", model, f"--n={len(labels)}", "--seed=0"]
    subprocess.run([sys.executable, *map(str, command), f"--output={fresh}"], check=True)
    with Image.open(fresh) as image:
        if not np.array_equal(np.asarray(image)[..., None], samples):
            sys.exit(f"The loaded model's samples differ from those before: see {fresh}.")
    print("A new process loaded the model, and drew the same samples, pixel by pixel.\n")
    print(f"samples and real digits  {comparison.resolve()}")
    print(f"how they came about      {(folder / 'training' / 'samples.gif').resolve()}")
    print(f"the model                {model.resolve()}")
    print(f"more samples             python -m ganzoo sample {model}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo"))
