"""Draws the optimal discriminator under smoothing: python docs/figures/label_smoothing.py

The data and the fakes are Gaussians on a line. Each curve is the discriminator that minimizes the
loss of all examples, found by gradient descent on a table of logits.
"""

import keras
import numpy as np
import style
import tensorflow as tf
from keras import ops
from matplotlib import pyplot as plt

from ganzoo import losses

CELLS = np.linspace(-4, 4, 81)
SMOOTHING, EXAMPLES = 0.2, 20_000


def counts(mean):
    """Returns how many examples of a Gaussian are in each cell of the line."""
    points = np.random.default_rng(0).normal(mean, 0.9, EXAMPLES)
    return np.histogram(points, np.append(CELLS - 0.05, CELLS[-1] + 0.05))[0]


def best(d_loss):
    """Returns the probabilities of the table of logits that minimizes `d_loss(real, fake)`."""
    real_rows, fake_rows = (np.repeat(np.arange(len(CELLS)), counts(mean)) for mean in (1.0, -1.0))
    logits = keras.Variable(np.zeros(len(CELLS)), dtype="float64")
    optimizer = keras.optimizers.Adam(0.1)
    for _ in range(400):
        with tf.GradientTape() as tape:
            table = ops.convert_to_tensor(logits)
            cost = d_loss(ops.take(table, real_rows), ops.take(table, fake_rows))
        optimizer.apply([tape.gradient(cost, logits.value)], [logits])
    return ops.convert_to_numpy(ops.sigmoid(logits))


def two_sided(real, fake):
    """Returns the loss with Keras's smoothing, which moves both targets by half of the argument."""
    entropy = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=2 * SMOOTHING)
    return entropy(ops.ones_like(real), real) + entropy(ops.zeros_like(fake), fake)


def main():
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3))
    for mean, label, color in ((1.0, "real", style.BLUE), (-1.0, "fake", style.ORANGE)):
        left.fill_between(CELLS, counts(mean), step="mid", alpha=0.5, color=color, label=label)
    left.set(title="examples in each cell", xlabel="x")
    left.legend()
    curves = {
        "no smoothing": losses.NonSaturating().discriminator,
        "one-sided": losses.NonSaturating(label_smoothing=SMOOTHING).discriminator,
        "two-sided": two_sided,
    }
    for name, color in zip(curves, (style.GRAY, style.BLUE, style.RED), strict=True):
        right.plot(CELLS, best(curves[name]), label=name, color=color)
    right.set(title="best discriminator", xlabel="x", ylim=(-0.05, 1.05))
    right.legend()
    style.save(figure, "label_smoothing.png")


if __name__ == "__main__":
    main()
