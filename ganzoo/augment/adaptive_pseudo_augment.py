"""Adaptive pseudo augmentation, which shows the discriminator fakes as real (Jiang et al. 2021)."""

import keras
from keras import ops

from ganzoo.augment.base import AUGMENTATIONS
from ganzoo.augment.overfitting import OverfittingControl


@AUGMENTATIONS.register("adaptive_pseudo_augment")
@keras.saving.register_keras_serializable(package="ganzoo")
class AdaptivePseudoAugment(OverfittingControl):
    """Fakes take the place of real examples in the discriminator's update, with a probability p.

    The discriminator minimizes, in the notation of the original GAN,

        -(1 - p) E_x[log D(x)] - p E_z[log D(G(z))] - E_z[log(1 - D(G(z)))]

    so it cannot tell all real examples by heart. p follows the overfitting as in `AdaptiveAugment`,
    whose control it has: after every `interval` batches it rises if the mean sign of the logits of
    what is shown as real is above the `target`, and falls otherwise. The log `pseudo_probability`
    shows it. At p = 0 training is the same as without, bit for bit.

    The choice is independent for each row of the discriminator. The fakes are fresh draws of the
    generator in training, without a gradient. With classes, a fake has the class of the example
    that it replaces. With packing, whole packs are replaced, because the discriminator never sees
    packs of both kinds. The labeled examples of a semi-supervised GAN stay; its unlabeled ones are
    replaced. Examples may be of any rank. Only what the discriminator takes for real changes: its
    fakes and the generator's update do not.

    Together with a transform of images: `compile(augment=["adaptive_pseudo_augment", "bgc"])`.

    Args:
        target: The mean sign of the logits at which p stays, from -1 to 1.
        interval: Batches of real examples between two changes of p.
        images_to_one: Real examples in which p would go from 0 to 1.
        initial: The p to start from, in [0, 1].

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from ganzoo import augment
    >>> gan.compile(augment=augment.AdaptivePseudoAugment(images_to_one=100_000))

    Reference:
        [Deceive D: Adaptive Pseudo Augmentation for GAN Training with Limited Data](
        https://arxiv.org/abs/2111.06849), section 3.2.

    Deviations:
        The official code takes the fakes of the generator's last update, of any class. Here they
        are of the current weights, which costs one more pass of the generator.
    """

    name = "adaptive_pseudo_augment"
    example_rank = None
    probability_name = "pseudo_probability"
    replaces_real = True

    def __init__(
        self,
        target: float = 0.6,
        interval: int = 4,
        images_to_one: float = 500_000,
        initial: float = 0.0,
    ):
        super().__init__(target, interval, images_to_one, initial)

    def augment(self, images, draws, state):
        return images

    def replace_real(self, real, fake, draws, state):
        rows = ops.shape(real)[0]
        numbers = draws.uniform("adaptive_pseudo_augment", rows, (1,) * (len(real.shape) - 1))
        return ops.where(numbers < self.probability(state), ops.cast(fake, real.dtype), real)
