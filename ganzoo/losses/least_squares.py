"""Least squares, the loss of LSGAN."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss
from ganzoo.validation import check_fraction


@LOSSES.register("least_squares")
@keras.saving.register_keras_serializable(package="ganzoo")
class LeastSquares(AdversarialLoss):
    """The discriminator regresses its logits on targets instead of classifying.

    With `D` the logits, without a sigmoid, and `s` the `label_smoothing`,

        L_D = 1/2 E[(D(x) - (b - s))^2] + 1/2 E[(D(G(z)) - a)^2]
        L_G = 1/2 E[(D(G(z)) - c)^2]

    with the paper's 0-1 coding: `a = 0` for fake, `b = 1` for real, and `c = 1`, the value that
    the generator aims for. The factors 1/2 are the paper's. Codes that leave them out need half
    the learning rate under plain gradient descent.

    Args:
        label_smoothing: `s` in [0, 1), one-sided: the real target is `1 - s` and the fake target
            stays 0. The best discriminator is `(1 - s) p_data / (p_data + p_g)`. The generator's
            own target stays 1.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1).

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.LeastSquares()
    >>> float(loss.discriminator([[2.0]], [[-1.0]]))
    1.0
    >>> float(loss.generator([[-1.0]]))
    2.0

    Reference:
        [Least Squares Generative Adversarial Networks](https://arxiv.org/abs/1611.04076),
        equation 2. One-sided label smoothing: [Improved Techniques for Training GANs](
        https://arxiv.org/abs/1606.03498), section 3.4.
    """

    a, b, c = 0.0, 1.0, 1.0

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = check_fraction("label_smoothing", label_smoothing)

    def d_loss(self, real, fake):
        real_term = ops.square(real - (self.b - self.label_smoothing))
        fake_term = ops.square(fake - self.a)
        return ops.mean(real_term) / 2 + ops.mean(fake_term) / 2

    def g_loss(self, fake, real):
        return ops.mean(ops.square(fake - self.c)) / 2
