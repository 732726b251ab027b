"""The distributions of random transforms, computed from numbers `u` and `v` from U(0, 1)."""

import math

from keras import ops

LARGEST_SHIFT = 0.125  # Of the size of an image.


def normal(u, v):
    """Returns values from N(0, 1) by the Box-Muller transform."""
    return normal_pair(u, v)[0]


def normal_pair(u, v):
    """Returns two independent values from N(0, 1) for each pair."""
    radius, angle = ops.sqrt(-2 * ops.log(u)), 2 * math.pi * v
    return radius * ops.cos(angle), radius * ops.sin(angle)


def power_of_two(exponents):
    """Returns 2 to the power of the exponents."""
    return ops.exp(math.log(2) * exponents)


def whole_shift(u, size):
    """Returns whole numbers of pixels, up to an eighth of the size in both directions."""
    return ops.round((2 * u - 1) * LARGEST_SHIFT * size)
