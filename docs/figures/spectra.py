"""Draws the singular values of one kernel under four treatments: python docs/figures/spectra.py"""

import keras
import numpy as np
import style
import tensorflow as tf
from matplotlib import pyplot as plt

from ganzoo import layers, regularizers

UNITS = 64


def effective_kernel(layer):
    """Returns the matrix by which a dense layer without a bias multiplies."""
    return np.asarray(layer(np.eye(UNITS, dtype="float32")))


def dense():
    # A few directions of a trained kernel are much longer than the others.
    random = np.random.default_rng(0)
    u, _, v = np.linalg.svd(random.normal(size=(UNITS, UNITS)))
    kernel = (u * 3 * np.exp(-np.arange(UNITS) / 12)) @ v
    layer = keras.layers.Dense(UNITS, use_bias=False)
    layer.build((None, UNITS))
    layer.kernel.assign(kernel)
    return layer


def orthogonalized():
    """Returns a layer after gradient descent on the penalty only."""
    layer, part = dense(), regularizers.Orthogonal(weight=1.0, off_diagonal=False)
    optimizer = keras.optimizers.Adam(0.02)
    for _ in range(400):
        with tf.GradientTape() as tape:
            cost = part.penalty([layer.kernel])
        optimizer.apply(tape.gradient(cost, [layer.kernel.value]), [layer.kernel])
    return layer


def wrapped(kind, **options):
    inner = dense()
    layer = kind(inner, **options)
    layer.build((None, UNITS))
    if kind is layers.SpectralNormalization:
        layer.warm_start()
    return layer


def main():
    kernels = {
        "unchanged": dense(),
        "spectral normalization": wrapped(layers.SpectralNormalization),
        "weight normalization, g = 1": wrapped(
            layers.WeightNormalization, scale_initializer="ones"
        ),
        "orthogonal regularization, converged": orthogonalized(),
    }
    figure, axes = plt.subplots(figsize=(6, 3.2))
    for name, layer in kernels.items():
        values = np.linalg.svd(effective_kernel(layer), compute_uv=False)
        axes.plot(np.arange(1, UNITS + 1), values, label=f"{name} (largest {values[0]:.2f})")
        print(name, values[0], values[-1])
    axes.set(title="singular values of the effective kernel", xlabel="index")
    axes.legend()
    style.save(figure, "spectra.png")


if __name__ == "__main__":
    main()
