"""One training step can be read in a few files."""

import sys

import keras
import numpy as np

import ganzoo
from support.processes import ROOT

# gan, discriminator, the backend, random, numerics, the loss with its base, the penalty, and the
# fused update, and the gradients of 16-bit operations, which pass others on.
_MOST_FILES = 10


def plain_gan():
    """Networks of Keras's own layers: what runs is the step itself."""
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6)])
    discriminator = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    gan = ganzoo.GAN(generator, discriminator)
    gan.compile(loss="hinge", regularizers=["r1"], ema_decay=0.99, run_eagerly=True)
    return gan


def test_a_step_with_hinge_and_r1_and_the_average_touches_few_files():
    gan, batch = plain_gan(), keras.ops.convert_to_tensor(np.ones((8, 6), "float32"))
    files = set()

    def trace(frame, event, argument):
        if frame.f_code.co_filename.startswith(str(ROOT / "ganzoo")):
            files.add(frame.f_code.co_filename.removeprefix(f"{ROOT}/"))

    sys.setprofile(trace)
    try:
        gan.train_step(batch)
    finally:
        sys.setprofile(None)
    assert gan.step == 1 and len(files) <= _MOST_FILES, sorted(files)
    assert "ganzoo/training/gan.py" in files
