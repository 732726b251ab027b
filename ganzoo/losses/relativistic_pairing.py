"""Relativistic pairing loss, of RSGAN and R3GAN."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss


@LOSSES.register("relativistic_pairing")
@keras.saving.register_keras_serializable(package="ganzoo")
class RelativisticPairing(AdversarialLoss):
    """Each real image is compared with one generated image.

    With `D` the logits and `softplus(-t) = -log sigmoid(t)`,

        L_D = E[softplus(-(D(x_i) - D(G(z_i))))]
        L_G = E[softplus(-(D(G(z_i)) - D(x_i)))]

    Both players' gradients depend on the difference alone. There is no label smoothing: a pair has
    only one difference. A lower target of "real above fake" is a higher target of "fake above
    real", so smoothing could not be one-sided.

    Raises:
        ValueError: If the real and the fake batch differ in size, or `generator` is called
            without `real_logits`.

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.RelativisticPairing()
    >>> round(float(loss.discriminator([[2.0]], [[-1.0]])), 4)
    0.0486
    >>> round(float(loss.generator([[-1.0]], [[2.0]])), 4)
    3.0486

    Reference:
        [The relativistic discriminator](https://arxiv.org/abs/1807.00734), RSGAN;
        [The GAN is dead; long live the GAN!](https://arxiv.org/abs/2501.05441), which adds `R1`
        and `R2`.
    """

    generator_needs_real = True
    bounded_logits = False

    def d_loss(self, real, fake):
        _check_pairs(real, fake)
        return ops.mean(ops.softplus(-(real - fake)))

    def g_loss(self, fake, real):
        _check_pairs(real, fake)
        return ops.mean(ops.softplus(-(fake - real)))


def _check_pairs(real, fake):
    sizes = real.shape[0], fake.shape[0]
    if None not in sizes and sizes[0] != sizes[1]:
        raise ValueError(
            "`RelativisticPairing` compares the real and the fake logits pair by pair: the two "
            f"batches must have the same size. Received: real_logits of {sizes[0]} and "
            f"fake_logits of {sizes[1]} examples"
        )
