"""Adaptive augmentation, whose strength follows the discriminator's overfitting."""

from collections.abc import Mapping, Sequence

import keras

from ganzoo.augment.base import AUGMENTATIONS
from ganzoo.augment.overfitting import OverfittingControl
from ganzoo.augment.pipeline import Pipeline


@AUGMENTATIONS.register("adaptive_augment")
@keras.saving.register_keras_serializable(package="ganzoo")
class AdaptiveAugment(OverfittingControl):
    """Each transform is applied to each image with a probability p that is adapted in training.

    The choice is independent for each image and transform. The mean sign of the logits of real
    images, `r = E[sign(D(x))]`, measures how much the discriminator overfits: it is 1 if the
    discriminator takes all of them for real. After every `interval` batches, p rises if `r` is
    above the `target` and falls if it is below, at a speed that takes `images_to_one` images from 0
    to 1. It stays in [0, 1]. At p = 0 images pass unchanged, bit for bit.

    These are the transforms, with the paper's distributions, for images in [-1, 1]:

    - `blit`: `flip`: mirrored or not. `rotate90`: turned by 0, 1, 2 or 3 right angles.
      `translation`: shifted by whole pixels, by up to an eighth of the size in each direction.
    - `geom`: `scale`: larger by `2^N(0, 0.2^2)`. `rotate`: turned by an angle from U(-pi, pi).
      `anisotropic_scale`: wider by `2^N(0, 0.2^2)` and lower by the same factor.
      `fractional_translation`: shifted by N(0, 0.125^2) of the size in each direction. `geom` has
      `rotate` twice, before and after `anisotropic_scale`, each with the probability
      `1 - sqrt(1 - p)`.
    - `color`: `brightness`: plus a value from N(0, 0.2^2). `contrast`: times `2^N(0, 0.5^2)`.
      `luma_flip`: light and dark exchanged or not. `hue`: the colors rotated by an angle from
      U(-pi, pi). `saturation`: the colors' distance from gray times `2^N(0, 1)`. With one channel,
      `hue` and `saturation` change nothing and `luma_flip` negates the image. Images of other
      numbers of channels than 1 and 3 have no colors, which is an error.
    - `filter`: each of four frequency bands is, with probability p, times `2^N(0, 1)`, and the
      image is normalized to its expected power.
    - `noise`: plus N(0, 1) for each value, times `|N(0, 0.1^2)|` for each image.
    - `cutout`: a rectangle of half the height and width at a random position, set to zero.

    Transforms of geometry that follow each other are one affine map. The image is resampled once,
    with a low-pass filter that avoids aliases, and continues beyond its border as in a mirror.

    Args:
        transforms: The transforms in the order in which they are applied, in one of these forms. A
            policy of the paper: `"bg"`, `"bgc"`, `"bgcf"`, `"bgcfn"` or `"bgcfnc"`, the groups and
            transforms above by their first letters; a final `c` is `cutout`. Names of groups or
            transforms, separated by commas or in a list. Or a dictionary from these names to
            strengths: a transform of strength s is applied with the probability `min(1, s p)`.
        target: The `r` at which p stays, from -1 to 1.
        interval: Batches of real images between two changes of p.
        images_to_one: Real images in which p would go from 0 to 1. The default is the paper's 500
            thousand. Short training runs need fewer.
        initial: The p to start from, in [0, 1]. Without a state it is the p that is used.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from keras import ops
    >>> from ganzoo import augment
    >>> part = augment.AdaptiveAugment("bgc", interval=1, images_to_one=1000)
    >>> state = part.state()
    >>> part.update_state(ops.ones((64, 1)), state)  # All 64 are taken for real: overfitting.
    >>> round(float(state.probability), 3)
    0.064

    Reference:
        [Training Generative Adversarial Networks with Limited Data](
        https://arxiv.org/abs/2006.06676), sections 2 and 3, appendix B.

    Deviations:
        Images that are only flipped, turned by right angles and shifted by whole pixels are moved
        pixel by pixel, and not resampled. The official code takes the center of the low-pass filter
        to be between its taps 5 and 6. Here it is tap 5, where its center of mass is, so that a
        resampled mirror image is not shifted by 0.4 pixels. Mirroring at the border has no end;
        the official code has zeros beyond one size from it.
    """

    name = "adaptive_augment"

    def __init__(
        self,
        transforms: str | Sequence[str] | Mapping[str, float] = "bgc",
        target: float = 0.6,
        interval: int = 4,
        images_to_one: float = 500_000,
        initial: float = 0.0,
    ):
        super().__init__(target, interval, images_to_one, initial)
        self.transforms = transforms
        self._pipeline = Pipeline(transforms)

    def check_example_shape(self, shape):
        super().check_example_shape(shape)
        self._pipeline.check_example_shape(shape)

    def augment(self, images, draws, state):
        return self._pipeline(images, draws, self.probability(state))
