"""Scales the frequency bands of images with an orthogonal filter bank."""

import functools

import numpy as np
from keras import ops

from ganzoo.augment.resampling import along_rows, reflected

# Autocorrelation of the low-pass filter of the wavelet sym2, which halves a band (Daubechies 1992).
_HALF_BAND = np.array([-1, 0, 9, 16, 9, 0, -1]) / 32
BANDS = 4


def scale_bands(images, gains):
    """Multiplies each frequency band of an image by a gain.

    The bands are [0, 1/8], [1/8, 1/4], [1/4, 1/2] and [1/2, 1] of the highest frequency, in both
    directions. Gains of 1 change nothing. The image continues beyond its border, mirrored at the
    centers of its outermost pixels.

    Args:
        images: Images `(batch, height, width, channels)`, all but the batch known statically.
        gains: Gains from the lowest band to the highest, `(batch, 4)`.
    """
    for size in images.shape[1:3]:
        filters = np.reshape(_filters(size), (1, BANDS, size, size))
        kernels = ops.sum(ops.cast(gains, images.dtype)[:, :, None, None] * filters, axis=1)
        images = ops.transpose(along_rows(kernels, images), (0, 2, 1, 3))
    return images


@functools.cache
def filter_bank():
    """Returns the filters of the bands, float64 of shape (4, 43). Their sum is the identity."""
    high_pass = _HALF_BAND * (-1.0) ** np.arange(1, len(_HALF_BAND) + 1)
    bank = np.eye(BANDS, 1)
    for band in range(1, BANDS):
        spread = np.zeros((BANDS, 2 * bank.shape[1] - 1))
        spread[:, ::2] = bank
        bank = np.stack([np.convolve(row, _HALF_BAND) for row in spread])
        center = bank.shape[1] // 2
        bank[band, center - 3 : center + 4] += high_pass
    return bank


@functools.cache
def _filters(size):
    """Returns the matrices of the bands' filters on a mirrored line, (4, size, size)."""
    bank = filter_bank()
    matrices = np.zeros((BANDS, size, size))
    for pixel in range(size):
        for tap in range(bank.shape[1]):
            source = reflected(pixel + tap - bank.shape[1] // 2, size)
            matrices[:, pixel, source] += bank[:, tap]
    return matrices
