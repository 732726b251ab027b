"""Random affine maps of images, each as the matrix of its inverse.

A map is a function of the two numbers from U(0, 1) of each image, `(batch,)`, and of the height and
width of the images. It returns `(batch, 3, 3)` matrices from a place in the transformed image to
the place that it comes from, as `resampling.resample` takes them.
"""

import math

from keras import ops

from ganzoo.augment.distributions import normal, normal_pair, power_of_two, whole_shift


def flip(u, _v, _height, _width):
    """Returns the inverse of a mirror image, left to right, for half of the numbers u."""
    return _inverse(xx=ops.where(u < 0.5, -1.0, 1.0))


def rotate90(u, _v, _height, _width):
    """Returns the inverse of a turn by 0, 90, 180 or 270 degrees."""
    return _rotation(math.pi / 2 * ops.floor(4 * u))


def translation(u, v, height, width):
    """Returns the inverse of a shift by whole pixels."""
    return _inverse(x=-whole_shift(v, width), y=-whole_shift(u, height))


def scale(u, v, _height, _width):
    """Returns the inverse of a scaling of both axes by one log-normal factor."""
    factor = power_of_two(0.2 * normal(u, v))
    return _inverse(xx=1 / factor, yy=1 / factor)


def rotate(u, _v, _height, _width):
    """Returns the inverse of a turn by any angle."""
    return _rotation(math.pi * (2 * u - 1))


def anisotropic_scale(u, v, _height, _width):
    """Returns the inverse of a scaling of x by a log-normal factor and of y by its inverse."""
    factor = power_of_two(0.2 * normal(u, v))
    return _inverse(xx=1 / factor, yy=factor)


def fractional_translation(u, v, height, width):
    """Returns the inverse of a shift by normal parts of the sides."""
    down, right = normal_pair(u, v)
    return _inverse(x=-0.125 * width * right, y=-0.125 * height * down)


def compose(inverses, chosen):
    """Returns the inverses of the chosen maps, made one after the other.

    Args:
        inverses: List of matrices `(batch, 3, 3)`, in the order of the maps.
        chosen: For each map whether it is made, a list of booleans `(batch,)`.
    """
    composed = None
    for inverse, is_made in zip(inverses, chosen, strict=True):
        inverse = ops.where(is_made[:, None, None], inverse, ops.eye(3))
        # Not a matrix product, which some devices round to half precision.
        composed = (
            inverse
            if composed is None
            else ops.sum(composed[:, :, :, None] * inverse[:, None, :, :], axis=2)
        )
    return composed


def _rotation(angle):
    """Returns the inverse of a counterclockwise turn; y points down."""
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return _inverse(xx=cosine, xy=-sine, yx=sine, yy=cosine)


def _inverse(xx=1.0, xy=0.0, x=0.0, yx=0.0, yy=1.0, y=0.0):
    """Returns matrices of these entries: numbers, and at least one tensor `(batch,)`."""
    entries = (xx, xy, x, yx, yy, y, 0.0, 0.0, 1.0)
    zeros = ops.zeros_like(next(entry for entry in entries if hasattr(entry, "shape")))
    return ops.reshape(ops.stack([zeros + entry for entry in entries], axis=1), (-1, 3, 3))
