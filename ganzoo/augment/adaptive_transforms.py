"""The random transforms of adaptive augmentation, with the paper's distributions.

Each computes its parameters from two numbers from U(0, 1) for each image, `u` and `v` of shape
`(batch,)`. The transforms of colors return a `Recoloring`: they are composed as numbers, and the
images are transformed once. All other transforms are functions of images.
"""

import itertools
import math
from typing import Any, NamedTuple

from keras import ops

from ganzoo.augment.transforms import cut_out, flip, recolor, rotate90, translate


class Recoloring(NamedTuple):
    """The parameters of `transforms.recolor`. The defaults change nothing."""

    gray: Any = 1.0
    real: Any = 1.0
    imaginary: Any = 0.0
    offset: Any = 0.0

    def where(self, chosen):
        """Returns this recoloring for the chosen images, and no change for the others."""
        pairs = zip(self, Recoloring(), strict=True)
        return Recoloring(*(ops.where(chosen, value, unchanged) for value, unchanged in pairs))

    def after(self, first):
        """Returns the recoloring that applies `first` and then this one."""
        return Recoloring(
            gray=self.gray * first.gray,
            real=self.real * first.real - self.imaginary * first.imaginary,
            imaginary=self.real * first.imaginary + self.imaginary * first.real,
            offset=self.gray * first.offset + self.offset,
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


def _brightness(u, v):
    return Recoloring(offset=0.2 * _normal(u, v))


def _contrast(u, v):
    factor = _power_of_two(0.5 * _normal(u, v))
    return Recoloring(gray=factor, real=factor)


def _luma_flip(u, _):
    return Recoloring(gray=ops.where(u < 0.5, -1.0, 1.0))


def _hue(u, _):
    angle = math.pi * (2 * u - 1)
    return Recoloring(real=ops.cos(angle), imaginary=ops.sin(angle))


def _saturation(u, v):
    return Recoloring(real=_power_of_two(_normal(u, v)))


def _cutout(images, u, v):
    _, height, width, _ = images.shape
    return cut_out(images, u * height, v * width, _CUTOUT_SIZE * height, _CUTOUT_SIZE * width)


def _normal(u, v):
    """Returns values from N(0, 1) by the Box-Muller transform."""
    return ops.sqrt(-2 * ops.log(u)) * ops.cos(2 * math.pi * v)


def _power_of_two(exponents):
    return ops.exp(math.log(2) * exponents)


COLORS = {
    "brightness": _brightness,
    "contrast": _contrast,
    "luma_flip": _luma_flip,
    "hue": _hue,
    "saturation": _saturation,
}
OTHERS = {
    "flip": _flip,
    "rotate90": _rotate90,
    "translation": _translation,
    "cutout": _cutout,
}
NAMES = (*OTHERS, *COLORS)


def transform(images, names, uniforms, probability):
    """Applies each transform to each image with a probability.

    Args:
        images: Images in [-1, 1], `(batch, height, width, channels)`.
        names: The transforms, in their order.
        uniforms: Numbers from U(0, 1) of shape `(batch, len(names), 3)`. The first two determine
            the parameters of a transform. The third decides whether it is applied.
        probability: Scalar in [0, 1].
    """
    chosen = uniforms[:, :, 2] < probability
    numbered = enumerate(names)
    for is_color, run in itertools.groupby(numbered, key=lambda pair: pair[1] in COLORS):
        run = list(run)
        if is_color:
            recoloring = Recoloring()
            for i, name in run:
                step = COLORS[name](uniforms[:, i, 0], uniforms[:, i, 1])
                recoloring = step.where(chosen[:, i]).after(recoloring)
            transformed = recolor(images, *recoloring)
            indices = [i for i, _ in run]
            applied = ops.any(chosen[:, indices[0] : indices[-1] + 1], axis=1)
            images = _where(applied, transformed, images)
            continue
        for i, name in run:
            transformed = OTHERS[name](images, uniforms[:, i, 0], uniforms[:, i, 1])
            images = _where(chosen[:, i], transformed, images)
    return images


def _where(chosen, transformed, images):
    return ops.where(ops.reshape(chosen, (-1, 1, 1, 1)), transformed, images)
