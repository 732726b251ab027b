"""Adaptive augmentation, whose strength follows the discriminator's overfitting."""

import numbers
from collections.abc import Sequence

import keras
from keras import ops

from ganzoo.augment.adaptive_transforms import NAMES, transform
from ganzoo.augment.base import AUGMENTATIONS, Augmentation
from ganzoo.numerics import at_least_float32
from ganzoo.random import Draws
from ganzoo.validation import check_choice, check_positive, check_positive_integer


@AUGMENTATIONS.register("adaptive_augment")
@keras.saving.register_keras_serializable(package="ganzoo")
class AdaptiveAugment(Augmentation):
    """Each transform is applied to each image with a probability p that is adapted in training.

    The choice is independent for each image and transform. The mean sign of the logits of real
    images, `r = E[sign(D(x))]`, measures how much the discriminator overfits: it is 1 if the
    discriminator takes all of them for real. After every `interval` batches, p rises if `r` is
    above the `target` and falls if it is below, at a speed that takes `images_to_one` images from 0
    to 1. It stays in [0, 1]. At p = 0 images pass unchanged, bit for bit.

    These are the transforms, with the paper's distributions, for images in [-1, 1]:

    - `flip`: mirrored or not. `rotate90`: turned by 0, 1, 2 or 3 right angles, for square images.
      `translation`: shifted by whole pixels, by up to an eighth of the size in each direction, with
      the image mirrored at its border.
    - `brightness`: plus a value from N(0, 0.2^2). `contrast`: times `2^N(0, 0.5^2)`. `luma_flip`:
      light and dark exchanged or not. `hue`: the colors rotated by an angle from U(-pi, pi).
      `saturation`: the colors' distance from gray times `2^N(0, 1)`. With one channel, `hue` and
      `saturation` change nothing and `luma_flip` negates the image.
    - `cutout`: a rectangle of half the height and width at a random position, set to zero. It is
      not among the defaults.

    Args:
        transforms: List of the names above, in the order in which they are applied.
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
    >>> part = augment.AdaptiveAugment(interval=1, images_to_one=1000)
    >>> state = part.state()
    >>> part.update_state(ops.ones((64, 1)), state)  # All 64 are taken for real: overfitting.
    >>> round(float(state.probability), 3)
    0.064

    Reference:
        [Training Generative Adversarial Networks with Limited Data](
        https://arxiv.org/abs/2006.06676), sections 2 and 3, appendix B.

    Deviations:
        These transforms of the paper are left out: the ones that resample an image (scaling,
        rotation by any angle, shifts by fractions of a pixel), filtering and noise. The color
        transforms are applied one after the other, as the paper defines them.
    """

    name = "adaptive_augment"

    def __init__(
        self,
        transforms: Sequence[str] = (
            *("flip", "rotate90", "translation"),
            *("brightness", "contrast", "luma_flip", "hue", "saturation"),
        ),
        target: float = 0.6,
        interval: int = 4,
        images_to_one: float = 500_000,
        initial: float = 0.0,
    ):
        if not isinstance(transforms, (list, tuple)) or not transforms:
            raise ValueError(
                "`transforms` must be a list of at least one name. "
                f"Received: transforms={transforms!r}"
            )
        self.transforms = [check_choice("transforms", name, NAMES) for name in transforms]
        self.target = _check_between("target", target, -1.0, 1.0)
        self.interval = check_positive_integer("interval", interval)
        self.images_to_one = check_positive("images_to_one", images_to_one)
        self.initial = _check_between("initial", initial, 0.0, 1.0)

    def check_example_shape(self, shape):
        super().check_example_shape(shape)
        # Some transforms are for square images, or for colors.
        self.augment(ops.zeros((2, *shape)), Draws(seed=0, step=0), None)

    def augment(self, images, draws, state):
        probability = self.initial if state is None else state.probability.value
        images = at_least_float32(images)
        shape = (len(self.transforms), 3)
        uniforms = draws.uniform("adaptive_augment", ops.shape(images)[0], shape)
        return transform(images, self.transforms, uniforms, probability)

    def state(self):
        return _Overfitting(self.initial)

    def update_state(self, real_logits, state):
        signs, images, batches = state.include(real_logits)
        r = signs / images
        p = state.probability.value + ops.sign(r - self.target) * images / self.images_to_one
        state.restart(batches >= self.interval, ops.clip(p, 0.0, 1.0))


class _Overfitting(keras.layers.Layer):
    """The probability p, and sums over the logits of real images since its last change."""

    def __init__(self, initial):
        super().__init__(name="overfitting")
        self.probability = self._weight("probability", keras.initializers.Constant(initial))
        self.signs = self._weight("signs")
        self.images = self._weight("images")
        self.batches = self._weight("batches", dtype="int32")
        # A value that is assigned to these is summed over the replicas, to the global batch's.
        self.batch_signs = self._weight("batch_signs", aggregation="sum")
        self.batch_images = self._weight("batch_images", aggregation="sum")
        self.built = True

    def _weight(self, name, initializer="zeros", dtype="float32", aggregation="only_first_replica"):
        return self.add_weight(
            name=name,
            shape=(),
            dtype=dtype,
            initializer=initializer,
            trainable=False,
            autocast=False,
            aggregation=aggregation,
        )

    def include(self, real_logits):
        """Counts a batch; returns the sum of signs, the images and the batches so far.

        The sign of an image is the mean sign of its patches.
        """
        signs = ops.cast(ops.sign(real_logits), "float32")
        patches = tuple(range(1, len(signs.shape)))
        self.batch_signs.assign(ops.sum(ops.mean(signs, axis=patches)))
        self.batch_images.assign(ops.cast(ops.shape(real_logits)[0], "float32"))
        self.signs.assign(self.signs + self.batch_signs)
        self.images.assign(self.images + self.batch_images)
        self.batches.assign(self.batches + 1)
        return self.signs.value, self.images.value, self.batches.value

    def restart(self, due, probability):
        """If a change is due, sets the probability and starts to count from zero."""
        self.probability.assign(ops.where(due, probability, self.probability.value))
        for count in (self.signs, self.images, self.batches):
            count.assign(ops.where(due, ops.zeros_like(count.value), count.value))


def _check_between(name, value, low, high):
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise ValueError(
            f"`{name}` must be a number from {low} to {high}. Received: {name}={value!r}"
        )
    return float(value)
