"""Resamples images through affine maps with an orthogonal low-pass filter.

An image, mirrored at its borders without end, is upsampled by 2 with the wavelet filter sym6,
sampled bilinearly, and downsampled by 2 with the mirrored filter. Both filters are orthogonal, so
the identity changes nothing but the rounding, and turned or shrunk images have no alias.
"""

import functools

import numpy as np
from keras import ops

# Low-pass filter of the wavelet sym6 (Daubechies 1992, "Ten Lectures on Wavelets", section 8.1.1).
_SYM6 = np.array(
    [
        *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057),
        *(-0.048311742585633, 0.4910559419267466, 0.787641141030194),
        *(0.3379294217276218, -0.07263752278646252, -0.021060292512300564),
        *(0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
    ]
)
_LOW_PASS = _SYM6 / _SYM6.sum()
_TAPS = len(_LOW_PASS)
# The center of the filter is its largest tap: pixel i is at place 2 i of the upsampled image.
_CENTER = 5


def resample(images, inverses):
    """Returns images after an affine map of each.

    Places are in pixels, x to the right and y down, with the origin at the center of the image.
    The image continues beyond its border, mirrored at the centers of its outermost pixels.

    The result is linear in the images, so that gradients of any order pass through it. They are the
    exact adjoint.

    Args:
        images: Images `(batch, height, width, channels)`, all but the batch known statically.
        inverses: The matrices `(batch, 3, 3)` that map `(x, y, 1)` of the result to the place in
            the image that it comes from.

    Returns:
        Images of the same shape and dtype.
    """
    _, height, width, channels = images.shape
    # Columns first, then rows: each product is with a constant matrix from the left.
    upsampled = along_rows(_upsampling(height), images)
    upsampled = along_rows(_upsampling(width), ops.transpose(upsampled, (0, 2, 1, 3)))
    sampled = _sample(upsampled, _places(inverses, height, width))
    columns, rows = (2 * size + _TAPS - 2 for size in (width, height))
    sampled = ops.reshape(sampled, (-1, columns, rows, channels))
    downsampled = along_rows(_downsampling(width), sampled)
    return along_rows(_downsampling(height), ops.transpose(downsampled, (0, 2, 1, 3)))


def reflected(positions, size):
    """Returns the pixels that integer positions show in a line that is mirrored at its ends."""
    positions = positions % _period(size)
    return np.minimum(positions, _period(size) - positions) % size


def along_rows(matrices, images):
    """Returns the products of matrices with the columns of images.

    Args:
        matrices: `(new_height, height)`, or one for each image, `(batch, new_height, height)`.
        images: `(batch, height, width, channels)`.

    Returns:
        Images `(batch, new_height, width, channels)`.
    """
    _, height, width, channels = images.shape
    flat = ops.reshape(images, (-1, height, width * channels))
    product = ops.matmul(ops.cast(matrices, images.dtype), flat)
    return ops.reshape(product, (-1, matrices.shape[-2], width, channels))


def _period(size):
    return max(1, 2 * (size - 1))


@functools.cache
def _upsampling(size):
    """Returns the matrix from a line of pixels to one period of the upsampled, mirrored line."""
    matrix = np.zeros((2 * _period(size), size))
    for pixel in range(_period(size)):
        for tap in range(_TAPS):
            place = (2 * pixel + tap - _CENTER) % len(matrix)
            matrix[place, reflected(pixel, size)] += 2 * _LOW_PASS[tap]
    return matrix


@functools.cache
def _downsampling(size):
    """Returns the matrix from the places that `_places` takes to a line of pixels."""
    matrix = np.zeros((size, 2 * size + _TAPS - 2))
    for pixel in range(size):
        matrix[pixel, 2 * pixel : 2 * pixel + _TAPS] = _LOW_PASS
    return matrix


def _places(inverses, height, width):
    """Returns where each place of the upsampled result comes from, in the upsampled image.

    Two tensors that broadcast to `(batch, columns, rows)`: the column and the row.
    """

    def coordinates(size):
        places = np.arange(2 * size + _TAPS - 2) - _CENTER
        return ((places - (size - 1)) / 2).astype("float32")

    x, y = coordinates(width)[:, None], coordinates(height)[None, :]
    entries = ops.cast(inverses, "float32")[:, :2, :, None, None]
    return [
        2 * (entries[:, i, 0] * x + entries[:, i, 1] * y + entries[:, i, 2]) + (size - 1)
        for i, size in enumerate((width, height))
    ]


def _sample(images, places):
    """Returns bilinear samples of images that repeat in both directions.

    Args:
        images: `(batch, columns, rows, channels)`.
        places: The column and the row of each sample, `(batch, ...)`.

    Returns:
        The samples in one row for each, `(samples, channels)`.
    """
    _, columns, rows, channels = images.shape
    lowest = [ops.floor(place) for place in places]
    right, down = (ops.cast(p - low, images.dtype) for p, low in zip(places, lowest, strict=True))
    column, row = (ops.cast(low, "int32") for low in lowest)
    firsts = ops.arange(ops.shape(images)[0], dtype="int32")[:, None, None] * (columns * rows)
    pixels = ops.reshape(images, (-1, channels))
    samples = 0.0
    for i, column_weight in enumerate((1 - right, right)):
        for j, row_weight in enumerate((1 - down, down)):
            sources = firsts + (column + i) % columns * rows + (row + j) % rows
            corner = ops.take(pixels, ops.reshape(sources, (-1,)), axis=0)
            samples = samples + corner * ops.reshape(column_weight * row_weight, (-1, 1))
    return samples
