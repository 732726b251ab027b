"""Trains a GAN of 1D convolutions on time series, and a predictor on its samples.

A series is a wave of one to five periods with a random phase, a second harmonic and noise. A linear
predictor of the next value is trained on samples and tested on real series, next to one that was
trained on real series. The Fréchet distance of logarithmic spectra compares samples, other real
series, and the values of real series in another order. It takes about two minutes on one core,
without a network connection. Run it with `python examples/time_series.py [STEPS]`.
"""

import sys

import ganzoo
import keras
import numpy as np
from ganzoo.metrics import frechet_distance
from keras import layers

STEPS = 2000
SERIES = 4000
LENGTH = 64
LATENT_DIM = 64
# The values that the next one is predicted from.
ORDER = 16


def main(steps=STEPS):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    series, tested = waves(SERIES, rng), waves(SERIES, rng)
    gan = ganzoo.GAN(generator(), discriminator())
    gan.compile(
        g_optimizer=keras.optimizers.Adam(4e-4, beta_1=0.0, beta_2=0.9),
        d_optimizer=keras.optimizers.Adam(8e-4, beta_1=0.0, beta_2=0.9),
        loss="hinge",
        steps_per_execution=20,
        ema_decay=0.995,
    )
    gan.fit(series, batch_size=64, steps=steps, verbose=0)

    samples, shuffled = gan.sample(SERIES), rng.permuted(series, axis=1)
    errors = {
        "trained on real series": prediction_error(series, tested),
        "trained on samples": prediction_error(samples, tested),
        "the value before": float(np.sqrt(np.mean(np.diff(tested[:, ORDER - 1 :], axis=1) ** 2))),
    }
    for name, error in errors.items():
        print(f"error of the next value, {name}: {error:.3f}")
    real = log_spectra(series)
    distances = {
        "other real series": float(frechet_distance(real, log_spectra(tested))),
        "samples": float(frechet_distance(real, log_spectra(samples))),
        "values in another order": float(frechet_distance(real, log_spectra(shuffled))),
    }
    for name, distance in distances.items():
        print(f"Fréchet distance of spectra, {name}: {distance:.2f}")
    return errors, distances


def waves(count, rng):
    """Returns float32 series of shape (count, LENGTH, 1)."""
    periods, phases = rng.uniform(1, 5, (count, 1)), rng.uniform(0, 2 * np.pi, (count, 1))
    amplitudes, harmonics = rng.uniform(0.6, 1.2, (count, 1)), rng.uniform(0, 0.5, (count, 1))
    angles = 2 * np.pi * periods * np.linspace(0, 1, LENGTH, endpoint=False) + phases
    values = amplitudes * (np.sin(angles) + harmonics * np.sin(2 * angles))
    noise = 0.1 * rng.standard_normal((count, LENGTH))
    return (values + noise)[..., None].astype("float32")


def prediction_error(series, tested):
    """Returns the root mean squared error of a linear predictor on other series."""
    inputs, targets = _windows(series)
    coefficients = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    inputs, targets = _windows(tested)
    return float(np.sqrt(np.mean((inputs @ coefficients - targets) ** 2)))


def _windows(series):
    """Returns ORDER values in a row, with a constant, and the value after them."""
    windows = np.lib.stride_tricks.sliding_window_view(series[..., 0], ORDER + 1, axis=1)
    windows = windows.reshape(-1, ORDER + 1)
    return np.c_[windows[:, :-1], np.ones(len(windows))], windows[:, -1]


def log_spectra(series):
    """Returns the logarithmic amplitudes of 24 frequencies, of shape (count, 24)."""
    amplitudes = np.abs(np.fft.rfft(series[..., 0] * np.hanning(LENGTH), axis=1))
    return np.log(amplitudes[:, 1:25] + 0.1)


def generator(width=64):
    """Returns a generator of series from latents: 8 steps, doubled three times."""
    blocks = [
        layer
        for _ in range(3)
        for layer in (
            layers.UpSampling1D(2),
            layers.Conv1D(width, 7, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
        )
    ]
    return keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(8 * width),
            layers.Reshape((8, width)),
            *blocks,
            layers.Conv1D(1, 7, padding="same"),  # Without an activation: any range
        ]
    )


def discriminator(width=32):
    """Returns a discriminator with spectral normalization, which sees the whole series at once."""
    normalized = ganzoo.layers.SpectralNormalization
    blocks = [
        normalized(layers.Conv1D(size, 7, strides=2, padding="same", activation="leaky_relu"))
        for size in (width, 2 * width, 2 * width)
    ]
    outputs = [layers.Flatten(), normalized(layers.Dense(1))]
    return keras.Sequential([keras.Input((LENGTH, 1)), *blocks, *outputs])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
