"""Hinge loss, of SN-GAN, SAGAN and BigGAN."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss


@LOSSES.register("hinge")
@keras.saving.register_keras_serializable(package="ganzoo")
class Hinge(AdversarialLoss):
    """The discriminator separates real from fake by a margin of 1 on each side of 0.

    With `D` the logits,

        L_D = E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]
        L_G = -E[D(G(z))]

    Examples beyond the margin give the discriminator no gradient. There is no target to smooth.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.Hinge()
    >>> float(loss.discriminator([[2.0], [0.5]], [[-3.0], [0.0]]))
    0.75
    >>> float(loss.generator([[-3.0], [0.0]]))
    1.5

    Reference:
        [Geometric GAN](https://arxiv.org/abs/1705.02894);
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), section 4.
    """

    bounded_logits = False

    def d_loss(self, real, fake):
        return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))

    def g_loss(self, fake, real):
        return -ops.mean(fake)
