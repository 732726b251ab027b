"""The random transforms of adaptive augmentation, with the paper's distributions.

Each is a function of images and of two numbers from U(0, 1) for each image, `u` and `v` of shape
`(batch,)`, from which it makes its parameters.
"""

import math

from keras import ops

from ganzoo.augment.transforms import (
    add_brightness,
    cut_out,
    flip,
    flip_luma,
    rotate90,
    rotate_hue,
    scale_around_gray,
    scale_saturation,
    translate,
)

_LARGEST_SHIFT = 0.125
_CUTOUT_SIZE = 0.5


def _flip(images, u, _):
    return ops.where(ops.reshape(u, (-1, 1, 1, 1)) < 0.5, flip(images), images)


def _rotate90(images, u, _):
    return rotate90(images, ops.floor(4 * u))


def _translation(images, u, v):
    _, height, width, _ = images.shape
    return translate(images, _shift(u, height), _shift(v, width), border="reflect")


def _shift(u, size):
    return ops.round((2 * u - 1) * _LARGEST_SHIFT * size)


def _brightness(images, u, v):
    return add_brightness(images, 0.2 * _normal(u, v))


def _contrast(images, u, v):
    return scale_around_gray(images, _power_of_two(0.5 * _normal(u, v)))


def _luma_flip(images, u, _):
    return ops.where(ops.reshape(u, (-1, 1, 1, 1)) < 0.5, flip_luma(images), images)


def _hue(images, u, _):
    return rotate_hue(images, math.pi * (2 * u - 1))


def _saturation(images, u, v):
    return scale_saturation(images, _power_of_two(_normal(u, v)))


def _cutout(images, u, v):
    _, height, width, _ = images.shape
    return cut_out(images, u * height, v * width, _CUTOUT_SIZE * height, _CUTOUT_SIZE * width)


def _normal(u, v):
    """The Box-Muller transform."""
    return ops.sqrt(-2 * ops.log(u)) * ops.cos(2 * math.pi * v)


def _power_of_two(exponents):
    return ops.exp(math.log(2) * exponents)


TRANSFORMS = {
    "flip": _flip,
    "rotate90": _rotate90,
    "translation": _translation,
    "brightness": _brightness,
    "contrast": _contrast,
    "luma_flip": _luma_flip,
    "hue": _hue,
    "saturation": _saturation,
    "cutout": _cutout,
}
