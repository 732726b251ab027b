"""The single transforms: functions of images and of one parameter for each image.

Images are `(batch, height, width, channels)` with a static height, width and number of channels.
Parameters are `(batch,)` in any float dtype. All transforms are linear in the images, apart from an
offset, so that gradients of any order pass through them. None has a dynamic shape. None uses an
operation that resizes images, because TensorFlow does not know the second derivatives of these.
"""

import math

import numpy as np
from keras import ops


def add_brightness(images, amounts):
    """Adds an amount to all values of an image."""
    return images + _per_image(amounts, images)


def scale_contrast(images, factors):
    """Scales the differences of an image's values from their mean."""
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * _per_image(factors, images) + mean


def scale_saturation(images, factors):
    """Scales the differences of a pixel's channels from their mean. With one, nothing changes."""
    luma = ops.mean(images, axis=3, keepdims=True)
    return (images - luma) * _per_image(factors, images) + luma


def recolor(images, gray, real, imaginary, offset):
    """Maps all colors of an image linearly, so that gray stays gray.

    A color has a luma, the mean of its channels, along the gray axis (1, 1, 1), and a chroma in the
    plane that is orthogonal to this axis. The luma becomes `gray * luma + offset`. The chroma is
    multiplied by the complex number `real + i imaginary`: it is scaled, and rotated around the gray
    axis.

    Raises:
        ValueError: If the images have neither three channels nor one, which has no chroma.
    """
    channels = images.shape[3]
    gray, real, imaginary, offset = (
        _per_image(parameter, images) for parameter in (gray, real, imaginary, offset)
    )
    if channels == 1:
        return gray * images + offset
    if channels != 3:
        raise ValueError(
            "Colors are transformed in images of one or three channels. "
            f"Received: images of shape {tuple(images.shape)}"
        )
    luma = ops.mean(images, axis=3, keepdims=True)
    # Rodrigues' formula for the axis (1, 1, 1) / sqrt(3).
    turned = (ops.roll(images, 1, axis=3) - ops.roll(images, -1, axis=3)) / math.sqrt(3)
    return real * images + imaginary * turned + ((gray - real) * luma + offset)


def flip(images):
    """Mirrors left and right."""
    return ops.flip(images, axis=2)


def flip_half(images, u, v=None):
    """Mirrors the images whose number `u` from U(0, 1) is below 1/2. `v` is not used."""
    return where(u < 0.5, flip(images), images)


def rotate90(images, turns):
    """Turns each image counterclockwise by a right angle, `turns` times, from 0 to 3.

    Raises:
        ValueError: If the images are not square.
    """
    if images.shape[1] != images.shape[2]:
        raise ValueError(
            "Only square images can be turned by a right angle. "
            f"Received: images of shape {tuple(images.shape)}"
        )
    turns = _per_image(turns, images)
    half_turned = ops.flip(images, axis=(1, 2))
    images = ops.where(turns >= 2, half_turned, images)
    quarter_turned = ops.flip(ops.transpose(images, (0, 2, 1, 3)), axis=1)
    return ops.where(turns % 2 >= 1, quarter_turned, images)


def translate(images, down, right, border="zero"):
    """Shifts by whole pixels.

    Args:
        images: Images.
        down: Pixels by which each image moves down, whole numbers `(batch,)`.
        right: Pixels by which it moves to the right, whole numbers `(batch,)`.
        border: What enters at the border: `"zero"`, or `"reflect"` for the image mirrored at the
            centers of its outermost pixels. Shifts must then be smaller than the image.
    """
    _, height, width, channels = images.shape
    rows, row_inside = _sources(down, height, border)
    columns, column_inside = _sources(right, width, border)
    # One gather of whole pixels from the flattened batch. A product with shift matrices would be
    # inexact on devices that round in matrix products (TF32, bfloat16).
    firsts = ops.arange(ops.shape(images)[0], dtype="int32") * (height * width)
    sources = firsts[:, None, None] + rows[:, :, None] * width + columns[:, None, :]
    pixels = ops.take(ops.reshape(images, (-1, channels)), ops.reshape(sources, (-1,)), axis=0)
    shifted = ops.reshape(pixels, (-1, height, width, channels))
    if border == "reflect":
        return shifted
    inside = ops.logical_and(row_inside[:, :, None], column_inside[:, None, :])
    return shifted * ops.cast(inside[:, :, :, None], images.dtype)


def cut_out(images, down, right, height, width):
    """Sets a rectangle to 0.

    It covers the pixels whose centers are less than half its size from its center.

    Args:
        images: Images.
        down: Distance of the rectangle's center from the top edge, in pixels, `(batch,)`.
        right: Its distance from the left edge, in pixels, `(batch,)`.
        height: Height of the rectangle in pixels.
        width: Width of the rectangle in pixels.
    """
    rows = _near(down, images.shape[1], height / 2)
    columns = _near(right, images.shape[2], width / 2)
    inside = ops.logical_and(rows[:, :, None], columns[:, None, :])
    return ops.where(inside[:, :, :, None], ops.zeros_like(images), images)


def where(chosen, transformed, images):
    """Returns the transformed ones of the chosen images, and the others as they are."""
    return ops.where(ops.reshape(chosen, (-1, 1, 1, 1)), transformed, images)


def _per_image(parameters, images):
    return ops.cast(ops.reshape(parameters, (-1, 1, 1, 1)), images.dtype)


def _sources(shifts, size, border):
    """Returns the position that each value comes from, and whether it is inside of the image."""
    positions = np.arange(size, dtype="int32") - ops.cast(shifts, "int32")[:, None]
    inside = ops.logical_and(positions >= 0, positions < size)
    if border == "reflect":
        positions = size - 1 - ops.abs(size - 1 - ops.abs(positions))
    return ops.clip(positions, 0, size - 1), inside


def _near(centers, size, distance):
    return ops.abs(np.arange(size, dtype="float32") + 0.5 - centers[:, None]) < distance
