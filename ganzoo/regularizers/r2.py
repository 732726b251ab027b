"""The zero-centered gradient penalty on generated images."""

import keras

from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.regularizers.r1 import check_gamma, zero_centered_penalty


@REGULARIZERS.register("r2")
@keras.saving.register_keras_serializable(package="ganzoo")
class R2(Penalty):
    """`gamma / 2 * E[||grad D(G(z))||^2]` over generated images, with `D` the logits.

    The gradient is with respect to the generated images, in the pass of the adversarial loss. As
    for `R1`, the strength of a `gamma` depends on the range and the number of pixels: it is meant
    for images in [-1, 1].

    Args:
        gamma: Strength of the penalty, at least 0, or a schedule. The paper's is 10. `"auto"` is
            StyleGAN2-ADA's rule for images, `0.0002 * height * width / batch`, where the batch is
            the number of rows of an update.
        every: Discriminator updates from one evaluation to the next.

    Raises:
        ValueError: If `gamma` is negative or `every` is not a positive integer.

    Example:

    >>> from ganzoo import regularizers
    >>> both = [regularizers.R1(gamma=0.05), regularizers.R2(gamma=0.05)]

    Reference:
        [Which Training Methods for GANs do actually Converge?](
        https://arxiv.org/abs/1801.04406), equation 10;
        [The GAN is dead; long live the GAN!](https://arxiv.org/abs/2501.05441), which uses it
        together with `R1`.
    """

    name = "r2"

    def __init__(self, gamma=10.0, every=1):
        super().__init__(every)
        self.gamma = check_gamma(gamma)

    def penalty(self, discriminator, real, fake, draws):
        return zero_centered_penalty(self.gamma, fake.input_gradient())
