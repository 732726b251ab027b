"""Differentiable augmentation of constant strength."""

import keras
from keras import ops

from ganzoo.augment import transforms
from ganzoo.augment.base import AUGMENTATIONS, Augmentation
from ganzoo.augment.distributions import LARGEST_SHIFT
from ganzoo.numerics import at_least_float32
from ganzoo.random import Draws
from ganzoo.validation import did_you_mean

_CUTOUT_SIZE = 0.5


@AUGMENTATIONS.register("diff_augment")
@keras.saving.register_keras_serializable(package="ganzoo")
class DiffAugment(Augmentation):
    """Every image that the discriminator sees goes through the transforms of a policy.

    These are the parts of a policy. `U` is drawn from U(0, 1) for each image.

    - `color`: brightness, `x + U - 0.5`. Then saturation: the differences of each pixel's channels
      from their mean, times `2 U`. Then contrast: the differences of all values from their mean,
      times `U + 0.5`. With one channel, saturation changes nothing.
    - `translation`: a shift of rows and columns by whole pixels, by up to an eighth of the size in
      each direction. Zeros (gray) enter at the border.
    - `cutout`: a rectangle of half the height and width at a random center, set to zero.
    - `flip`: half of the images are mirrored left to right.

    Args:
        policy: The parts in the order in which they are applied, separated by commas. The paper
            uses `"color,translation,cutout"` for little data, and `"color,cutout"` for the whole
            of CIFAR.

    Raises:
        ValueError: If a part is unknown or occurs twice, or if there is no part.

    Example:

    >>> from keras import ops
    >>> from ganzoo import augment
    >>> from ganzoo.random import Draws
    >>> images = ops.zeros((4, 32, 32, 3))
    >>> tuple(augment.DiffAugment("color,cutout")(images, Draws(seed=0, step=0)).shape)
    (4, 32, 32, 3)

    Reference:
        [Differentiable Augmentation for Data-Efficient GAN Training](
        https://arxiv.org/abs/2006.10738), section 3.2, with the ranges of the official code.

    Deviations:
        `flip` is an addition. Where the paper mirrors images, it mirrors the data.
    """

    name = "diff_augment"

    def __init__(self, policy: str = "color,translation,cutout"):
        parts = policy.split(",") if isinstance(policy, str) else []
        unknown = [part for part in parts if part not in _PARTS]
        if not parts or unknown or len(set(parts)) < len(parts):
            suggestion = did_you_mean(unknown[0], POLICY_PARTS) if unknown else ""
            raise ValueError(
                f"`policy` must be some of the parts {', '.join(POLICY_PARTS)}, each at most once, "
                f"with commas between them.{suggestion} Received: policy={policy!r}"
            )
        self.policy = policy
        self._transforms = [transform for part in parts for transform in _PARTS[part]]

    def check_example_shape(self, shape):
        super().check_example_shape(shape)
        # Some transforms are for square images, or for colors.
        self.augment(ops.zeros((2, *shape)), Draws(seed=0, step=0), None)

    def augment(self, images, draws, state):
        images = at_least_float32(images)
        shape = (len(self._transforms), 2)
        uniforms = draws.uniform("diff_augment", ops.shape(images)[0], shape)
        for i, transform in enumerate(self._transforms):
            images = transform(images, uniforms[:, i, 0], uniforms[:, i, 1])
        return images


# Functions of images and of two numbers from U(0, 1) for each image.


def _brightness(images, u, _):
    return transforms.add_brightness(images, u - 0.5)


def _saturation(images, u, _):
    return transforms.scale_saturation(images, 2 * u)


def _contrast(images, u, _):
    return transforms.scale_contrast(images, u + 0.5)


def _translation(images, u, v):
    return transforms.translate(
        images, _whole_shift(u, images.shape[1]), _whole_shift(v, images.shape[2])
    )


def _whole_shift(u, size):
    largest = int(LARGEST_SHIFT * size + 0.5)
    return ops.floor(u * (2 * largest + 1)) - largest


def _cutout(images, u, v):
    _, height, width, _ = images.shape
    cut_height, cut_width = (int(_CUTOUT_SIZE * size + 0.5) for size in (height, width))
    return transforms.cut_out(
        images, _center(u, height, cut_height), _center(v, width, cut_width), cut_height, cut_width
    )


def _center(u, size, cut):
    """Returns a center from edge to edge for which the rectangle covers whole pixels."""
    odd = cut % 2
    return ops.floor(u * (size + 1 - odd)) + odd / 2


_PARTS = {
    "color": (_brightness, _saturation, _contrast),
    "translation": (_translation,),
    "cutout": (_cutout,),
    "flip": (transforms.flip_half,),
}
POLICY_PARTS = tuple(_PARTS)
