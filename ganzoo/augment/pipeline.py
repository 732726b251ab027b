"""The random transforms of adaptive augmentation, with the paper's distributions.

Each is applied to each image with a probability. Its parameters follow from two numbers from
U(0, 1) for each image, `u` and `v` of shape `(batch,)`. Transforms of geometry that follow each
other are composed as matrices, and transforms of colors as a `Recoloring`, so that images are
resampled and recolored once.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ganzoo.augment import affine, transforms
from ganzoo.augment.distributions import normal, power_of_two, whole_shift
from ganzoo.augment.frequency_bands import BANDS, scale_bands
from ganzoo.augment.resampling import resample
from ganzoo.numerics import at_least_float32
from ganzoo.validation import check_choice, check_non_negative, describe


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


def _brightness(u, v):
    return Recoloring(offset=0.2 * normal(u, v))


def _contrast(u, v):
    factor = power_of_two(0.5 * normal(u, v))
    return Recoloring(gray=factor, real=factor)


def _luma_flip(u, _):
    return Recoloring(gray=ops.where(u < 0.5, -1.0, 1.0))


def _hue(u, _):
    angle = math.pi * (2 * u - 1)
    return Recoloring(real=ops.cos(angle), imaginary=ops.sin(angle))


def _saturation(u, v):
    return Recoloring(real=power_of_two(normal(u, v)))


# Transforms of geometry that move whole pixels: functions of images, `u` and `v`.


def _rotate90(images, u, _):
    return transforms.rotate90(images, ops.floor(4 * u))


def _translation(images, u, v):
    _, height, width, _ = images.shape
    shifts = whole_shift(u, height), whole_shift(v, width)
    return transforms.translate(images, *shifts, border="reflect")


_COLORS = {
    "brightness": _brightness,
    "contrast": _contrast,
    "luma_flip": _luma_flip,
    "hue": _hue,
    "saturation": _saturation,
}
_OF_WHOLE_PIXELS = {
    "flip": transforms.flip_half,
    "rotate90": _rotate90,
    "translation": _translation,
}
_GEOMETRY = {
    "flip": affine.flip,
    "rotate90": affine.rotate90,
    "translation": affine.translation,
    "scale": affine.scale,
    "rotate": affine.rotate,
    "anisotropic_scale": affine.anisotropic_scale,
    "fractional_translation": affine.fractional_translation,
}
NAMES = (*_GEOMETRY, *_COLORS, "filter", "noise", "cutout")
# A rotation before and after the anisotropic scaling gives it any direction.
_BLIT = ("flip", "rotate90", "translation")
_GEOM = ("scale", "rotate", "anisotropic_scale", "rotate", "fractional_translation")
POLICIES = {
    "bg": (*_BLIT, *_GEOM),
    "bgc": (*_BLIT, *_GEOM, *_COLORS),
    "bgcf": (*_BLIT, *_GEOM, *_COLORS, "filter"),
    "bgcfn": (*_BLIT, *_GEOM, *_COLORS, "filter", "noise"),
    "bgcfnc": (*_BLIT, *_GEOM, *_COLORS, "filter", "noise", "cutout"),
}
_MEANINGS = {name: (name,) for name in NAMES}
_MEANINGS |= {"blit": _BLIT, "geom": _GEOM, "color": tuple(_COLORS), **POLICIES}


class _Step(NamedTuple):
    """A transform of a pipeline: its index, its name, and for each image what it draws."""

    index: int
    name: str
    u: Any
    v: Any
    chosen: Any


class Pipeline:
    """Applies each of several transforms to each image with a probability.

    Args:
        chosen: Names of transforms, groups or policies, separated by commas or in a list; or a
            dictionary from these names to strengths.

    Raises:
        ValueError: If a name is unknown, there is none, or a strength is negative.
    """

    def __init__(self, chosen):
        names = chosen.split(",") if isinstance(chosen, str) else chosen
        if not isinstance(names, (Sequence, Mapping)) or not names:
            raise ValueError(
                "`transforms` must be names separated by commas, a list of at least one name, or a "
                f"dictionary from names to strengths. Received: transforms={describe(chosen)}"
            )
        self._names, strengths = [], []
        for name in names:
            meaning = _MEANINGS[check_choice("transforms", name, _MEANINGS)]
            strength = 1.0
            if isinstance(names, Mapping):
                strength = check_non_negative(f"transforms[{name!r}]", names[name])
            self._names += meaning
            strengths += [strength] * len(meaning)
        self._strengths = np.array(strengths, "float32")

    def check_example_shape(self, shape):
        """Raises `ValueError` if images of this shape have no colors and colors are transformed."""
        if shape[2] not in (1, 3) and (colors := [n for n in self._names if n in _COLORS]):
            raise ValueError(
                "Colors are transformed in images of one or three channels. Leave these transforms "
                f"out: {', '.join(colors)}. Received: images of shape {tuple(shape)}"
            )

    def __call__(self, images, draws, probability):
        """Returns transformed images, in float32 at least.

        Args:
            images: Images in [-1, 1], `(batch, height, width, channels)`.
            draws: A `ganzoo.random.Draws`.
            probability: Scalar in [0, 1].
        """
        images = at_least_float32(images)
        uniforms = draws.uniform("adaptive_augment", ops.shape(images)[0], (len(self._names), 3))
        probabilities = self._probabilities(probability)
        chosen = uniforms[:, :, 2] < probabilities
        steps = [
            _Step(i, name, uniforms[:, i, 0], uniforms[:, i, 1], chosen[:, i])
            for i, name in enumerate(self._names)
        ]
        for kind, run in itertools.groupby(steps, key=lambda step: _kind(step.name)):
            run = list(run)
            if kind == "geometry":
                images = _move(images, run)
            elif kind == "color":
                images = _recolor(images, run)
            else:
                for step in run:
                    images = _OTHERS[kind](images, step, draws, probabilities[step.index])
        return images

    def _probabilities(self, probability):
        """Returns the probability of each transform.

        Several rotations by any angle have together the probability that one alone would have.
        """
        probabilities = ops.minimum(self._strengths * probability, 1.0)
        rotations = self._names.count("rotate")
        if rotations < 2:
            return probabilities
        of_each = 1.0 - (1.0 - probabilities) ** (1.0 / rotations)
        return ops.where(np.array(self._names) == "rotate", of_each, probabilities)


def _kind(name):
    return "geometry" if name in _GEOMETRY else "color" if name in _COLORS else name


def _move(images, run):
    """Moves the pixels of images, and resamples those that a transform does not map to pixels."""
    _, height, width, _ = images.shape
    of_whole_pixels = {*_OF_WHOLE_PIXELS} - ({"rotate90"} if height != width else set())
    moved = images
    for step in run:
        if step.name in of_whole_pixels:
            turned = _OF_WHOLE_PIXELS[step.name](moved, step.u, step.v)
            moved = transforms.where(step.chosen, turned, moved)
    resampling = [step.chosen for step in run if step.name not in of_whole_pixels]
    if not resampling:
        return moved
    inverses = [_GEOMETRY[step.name](step.u, step.v, height, width) for step in run]
    resampled = resample(images, affine.compose(inverses, [step.chosen for step in run]))
    return transforms.where(ops.any(ops.stack(resampling, axis=1), axis=1), resampled, moved)


def _recolor(images, run):
    recoloring = Recoloring()
    for step in run:
        recoloring = _COLORS[step.name](step.u, step.v).where(step.chosen).after(recoloring)
    recolored = transforms.recolor(images, *recoloring)
    applied = ops.any(ops.stack([step.chosen for step in run], axis=1), axis=1)
    return transforms.where(applied, recolored, images)


def _filter(images, step, draws, probability):
    numbers = draws.uniform(f"filter_{step.index}", ops.shape(images)[0], (BANDS, 3))
    chosen = numbers[:, :, 2] < probability
    factors = power_of_two(normal(numbers[:, :, 0], numbers[:, :, 1]))
    filtered = scale_bands(images, band_gains(ops.where(chosen, factors, 1.0)))
    return transforms.where(ops.any(chosen, axis=1), filtered, images)


# The expected power of the bands of natural images, whose spectrum is 1 / frequency.
_POWERS = np.array([10, 1, 1, 1], "float32") / 13


def band_gains(factors):
    """Returns the gains for which each factor scales its band and keeps the expected power.

    Args:
        factors: Factors of the bands, `(batch, 4)`.
    """
    norms = 1.0 / ops.sqrt(1.0 + _POWERS * (factors**2 - 1.0))
    return factors * ops.prod(norms, axis=1, keepdims=True)


def _noise(images, step, draws, _):
    values = draws.normal(f"noise_{step.index}", ops.shape(images)[0], images.shape[1:])
    deviations = ops.reshape(0.1 * ops.abs(normal(step.u, step.v)), (-1, 1, 1, 1))
    noisy = images + ops.cast(deviations * values, images.dtype)
    return transforms.where(step.chosen, noisy, images)


def _cutout(images, step, *_):
    _, height, width, _ = images.shape
    centers = step.u * height, step.v * width
    cut = transforms.cut_out(images, *centers, 0.5 * height, 0.5 * width)
    return transforms.where(step.chosen, cut, images)


_OTHERS = {"filter": _filter, "noise": _noise, "cutout": _cutout}
