"""Consistency of the discriminator under augmentation."""

import keras
from keras import ops

from ganzoo import augment, schedules
from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.validation import check_non_negative


@REGULARIZERS.register("consistency")
@keras.saving.register_keras_serializable(package="ganzoo")
class Consistency(Penalty):
    """`weight * E[(D(x) - D(T(x)))^2]` of real images `x`, with `D` the logits.

    `T` is a random transform that keeps the meaning of an image, and the discriminator learns to
    ignore it. With a `fake_weight` the same holds for generated images (balanced consistency);
    without it the generator may learn to imitate `T`. The penalty trains the discriminator alone,
    through both of its passes.

    Args:
        weight: Strength on real images, at least 0, or a schedule. The paper's lambda is 10.
        fake_weight: Strength on generated images, at least 0: 0 in the first paper, 10 in the
            second.
        transform: A `ganzoo.augment` augmentation without state, its name or its config. The
            default is the papers' mirroring at random and shift by a few pixels: here by up to an
            eighth of the size, 4 of 32 pixels.
        every: Discriminator updates from one evaluation to the next.

    Raises:
        ValueError: If a weight is negative, `transform` is no such augmentation, or `every` is not
            a positive integer.

    Example:

    >>> from ganzoo import regularizers
    >>> balanced = regularizers.Consistency(weight=10.0, fake_weight=10.0)

    Reference:
        [Consistency Regularization for Generative Adversarial Networks](
        https://arxiv.org/abs/1910.12027); [Improved Consistency Regularization for
        GANs](https://arxiv.org/abs/2002.04724), balanced consistency regularization (bCR).
    """

    name = "consistency"
    transforms_images = True

    def __init__(self, weight=10.0, fake_weight=0.0, transform=None, every=1):
        super().__init__(every)
        self.weight = schedules.check(check_non_negative, "weight", weight)
        self.fake_weight = schedules.check(check_non_negative, "fake_weight", fake_weight)
        self._sees_fakes = self.fake_weight != 0
        if transform is None:
            transform = augment.DiffAugment("flip,translation")
        self.transform = augment.get(transform)
        if self.transform.state() is not None:
            raise ValueError(
                "The `transform` of `Consistency` must be an augmentation of constant strength, "
                f"such as `DiffAugment`. Received: transform={transform!r}"
            )

    @property
    def batch_coupled(self) -> bool:
        return self.transform.batch_coupled

    def check_example_shape(self, shape):
        self.transform.check_example_shape(shape)

    def penalty(self, discriminator, real, fake, draws):
        draws = draws.scope("consistency")
        cost = self.weight * self._inconsistency(discriminator, real, draws.scope("real"))
        if self._sees_fakes:
            cost += self.fake_weight * self._inconsistency(discriminator, fake, draws.scope("fake"))
        return cost

    def _inconsistency(self, discriminator, outputs, draws):
        transformed = discriminator(self.transform(outputs.examples, draws))
        return ops.mean(ops.square(outputs.logits - transformed))
