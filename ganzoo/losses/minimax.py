"""Minimax loss, of the first GAN."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES, AdversarialLoss
from ganzoo.validation import check_fraction


@LOSSES.register("minimax")
@keras.saving.register_keras_serializable(package="ganzoo")
class Minimax(AdversarialLoss):
    """The zero-sum game over `V(D, G) = E[log D(x)] + E[log(1 - D(G(z)))]`.

    With `D` the sigmoid of the logits and `s` the `label_smoothing`,

        L_D = -E[(1 - s) log D(x) + s log(1 - D(x))] - E[log(1 - D(G(z)))]
        L_G = E[log(1 - D(G(z)))]

    The generator's gradient saturates where the discriminator is sure that its images are fake.
    `NonSaturating` avoids this. The code writes logarithms of probabilities as softplus of logits,
    which is finite everywhere.

    Args:
        label_smoothing: `s` in [0, 1), one-sided: the real target is `1 - s` and the fake target
            stays 0. The best discriminator is `(1 - s) p_data / (p_data + p_g)`.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1).

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.Minimax()
    >>> round(float(loss.discriminator([[2.0]], [[-1.0]])), 4)
    0.4402
    >>> round(float(loss.generator([[-1.0]])), 4)
    -0.3133

    Reference:
        [Generative Adversarial Networks](https://arxiv.org/abs/1406.2661), equation 1. One-sided
        label smoothing: [Improved Techniques for Training GANs](
        https://arxiv.org/abs/1606.03498), section 3.4.
    """

    bounded_logits = False

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = check_fraction("label_smoothing", label_smoothing)

    def d_loss(self, real, fake):
        # -log D = softplus(-real) and -log(1 - D) = softplus(-real) + real.
        real_term = ops.softplus(-real) + self.label_smoothing * real
        return ops.mean(real_term) + ops.mean(ops.softplus(fake))

    def g_loss(self, fake, real):
        return -ops.mean(ops.softplus(fake))
