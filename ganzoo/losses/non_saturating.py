"""Non-saturating loss, which most GANs use."""

import keras
from keras import ops

from ganzoo.losses.base import LOSSES
from ganzoo.losses.minimax import Minimax


@LOSSES.register("non_saturating")
@keras.saving.register_keras_serializable(package="ganzoo")
class NonSaturating(Minimax):
    """`Minimax` for the discriminator; the generator maximizes `log D(G(z))` instead.

    With `D` the sigmoid of the logits and `s` the `label_smoothing`,

        L_D = -E[(1 - s) log D(x) + s log(1 - D(x))] - E[log(1 - D(G(z)))]
        L_G = -E[log D(G(z))]

    The game has the same fixed point, and the generator's gradient is largest where the
    discriminator is sure that its images are fake.

    Args:
        label_smoothing: `s` in [0, 1), one-sided: the discriminator's real target is `1 - s`, and
            its fake target stays 0. The generator's own target stays 1.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1).

    Example:

    >>> from ganzoo import losses
    >>> loss = losses.NonSaturating(label_smoothing=0.1)
    >>> round(float(loss.discriminator([[2.0]], [[-1.0]])), 4)
    0.6402
    >>> round(float(loss.generator([[-1.0]])), 4)
    1.3133

    Reference:
        [Generative Adversarial Networks](https://arxiv.org/abs/1406.2661), section 3. One-sided
        label smoothing: [Improved Techniques for Training GANs](
        https://arxiv.org/abs/1606.03498), section 3.4.
    """

    def g_loss(self, fake, real):
        return ops.mean(ops.softplus(-fake))
