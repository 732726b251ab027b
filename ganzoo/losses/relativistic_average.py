"""Relativistic average loss, of RaSGAN."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss


@LOSSES.register("relativistic_average")
@keras.saving.register_keras_serializable(package="ganzoo")
class RelativisticAverage(AdversarialLoss):
    """Each image is compared with the average image of the other kind.

    With `C` the logits, `D(x) = sigmoid(C(x) - E[C(G(z))])` for real images and
    `D(G(z)) = sigmoid(C(G(z)) - E[C(x)])` for generated images,

        L_D = -E[log D(x)] - E[log(1 - D(G(z)))]
        L_G = -E[log D(G(z))] - E[log(1 - D(x))]

    The averages are over the batch, and gradients flow through them: the loss of a batch is not
    the mean of the losses of its parts. There is no label smoothing: only the difference of real
    and fake logits counts. So a lower real target would move the best score of the fakes too, and
    smoothing could not be one-sided.

    Raises:
        ValueError: If `generator` is called without `real_logits`.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.RelativisticAverage()
    >>> round(float(loss.discriminator([[2.0], [1.0]], [[-1.0]])), 4)
    0.1666
    >>> round(float(loss.generator([[-1.0]], [[2.0], [1.0]])), 4)
    5.1666

    Reference:
        [The relativistic discriminator](https://arxiv.org/abs/1807.00734), RaSGAN.
    """

    generator_needs_real = True
    bounded_logits = False
    batch_coupled = True

    def d_loss(self, real, fake):
        real_score, fake_score = real - ops.mean(fake), fake - ops.mean(real)
        return ops.mean(ops.softplus(-real_score)) + ops.mean(ops.softplus(fake_score))

    def g_loss(self, fake, real):
        # The paper's generator plays the discriminator's game with the roles exchanged.
        return self.d_loss(real=fake, fake=real)
