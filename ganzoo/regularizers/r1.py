"""The zero-centered gradient penalty on real images."""

import keras
from keras import ops

from ganzoo import backend, schedules
from ganzoo.numerics import squared_norms
from ganzoo.random import current_part
from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.validation import check_non_negative

AUTO = "auto"
# StyleGAN2-ADA's rule of thumb: gamma = 0.0002 * pixels / batch.
_AUTO_FACTOR = 2e-4


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
        gamma: Strength of the penalty, at least 0, or a schedule. The paper's is 10. `"auto"` is
            StyleGAN2-ADA's rule for images, `0.0002 * height * width / batch`, where the batch is
            the number of rows of an update.
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
        self.gamma = check_gamma(gamma)

    def penalty(self, discriminator, real, fake, draws):
        return zero_centered_penalty(self.gamma, real.input_gradient())


def check_gamma(gamma):
    """Returns a number of at least 0, a schedule of such numbers, or `"auto"`."""
    if isinstance(gamma, str) and gamma == AUTO:
        return gamma
    return schedules.check(check_non_negative, "gamma", gamma)


def zero_centered_penalty(gamma, gradient):
    """Returns `gamma / 2` times the mean squared norm of the gradients of images.

    Args:
        gamma: A number, or `"auto"`.
        gradient: The gradient of each row's logit, of the shape of the examples.
    """
    if isinstance(gamma, str):
        gamma = _auto_gamma(gradient)
    return gamma / 2 * ops.mean(squared_norms(gradient))


def _auto_gamma(gradient):
    if len(gradient.shape) != 4:
        raise ValueError(
            "`gamma='auto'` is a rule for images of shape (batch, height, width, channels): give a "
            f"number. Received: examples of shape {tuple(gradient.shape)}"
        )
    _, replicas = backend.replica_context()
    part = current_part()
    parts = 1 if part is None else part.count
    batch = ops.cast(ops.shape(gradient)[0] * parts * replicas, gradient.dtype)
    return _AUTO_FACTOR * gradient.shape[1] * gradient.shape[2] / batch
