"""Wasserstein loss, of WGAN and WGAN-GP."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss


@LOSSES.register("wasserstein")
@keras.saving.register_keras_serializable(package="ganzoo")
class Wasserstein(AdversarialLoss):
    """The dual form of the Wasserstein-1 distance between the real and the generated images.

    `D` is a critic. Its logits are not log-odds and have no scale.

        L_D = E[D(G(z))] - E[D(x)]
        L_G = -E[D(G(z))]

    `-L_D` estimates the distance only if the critic is 1-Lipschitz: add
    `ganzoo.regularizers.GradientPenalty` or `WeightClipping`, or use spectral normalization in its
    layers. Without one of these the loss has no lower bound.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.Wasserstein()
    >>> float(loss.discriminator([[2.0], [1.0]], [[-1.0], [0.0]]))
    -2.0
    >>> float(loss.generator([[-1.0], [0.0]]))
    0.5

    Reference:
        [Wasserstein GAN](https://arxiv.org/abs/1701.07875), algorithm 1.
    """

    has_scale = False
    bounded_logits = False

    def d_loss(self, real, fake):
        return ops.mean(fake) - ops.mean(real)

    def g_loss(self, fake, real):
        return -ops.mean(fake)
