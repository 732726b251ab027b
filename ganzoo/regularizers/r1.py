"""The zero-centered gradient penalty on real images."""

import keras
from keras import ops

from ganzoo import schedules
from ganzoo.numerics import squared_norms
from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.validation import check_non_negative


@REGULARIZERS.register("r1")
@keras.saving.register_keras_serializable(package="ganzoo")
class R1(Penalty):
    """`gamma / 2 * E[||grad_x D(x)||^2]` over real images, with `D` the logits.

    The squares are summed over all pixels and channels of an image and averaged over the batch.
    So the strength of a `gamma` depends on the range and the number of pixels. It is meant for
    images in [-1, 1]: with images in [0, 1], the same discriminator would have gradients twice as
    large and a penalty four times as large.

    The gradient belongs to the pass over the real images that the adversarial loss makes, with its
    augmentation, so that the discriminator runs no second time.

    Args:
        gamma: Strength of the penalty, at least 0, or a schedule. The paper's is 10.
        every: Discriminator updates from one evaluation to the next; StyleGAN2 uses 16.

    Raises:
        ValueError: If `gamma` is negative or `every` is not a positive integer.

    Example:

    >>> from ganzoo import regularizers
    >>> regularizers.R1(gamma=0.1, every=16).get_config()
    {'gamma': 0.1, 'every': 16}

    Reference:
        [Which Training Methods for GANs do actually Converge?](
        https://arxiv.org/abs/1801.04406), equation 9. `every`: [Analyzing and Improving the Image
        Quality of StyleGAN](https://arxiv.org/abs/1912.04958), lazy regularization.
    """

    name = "r1"

    def __init__(self, gamma=10.0, every=1):
        super().__init__(every)
        self.gamma = schedules.check(check_non_negative, "gamma", gamma)

    def penalty(self, discriminator, real, fake, draws):
        return self.gamma / 2 * ops.mean(squared_norms(real.input_gradient()))
