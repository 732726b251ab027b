"""The gradient penalty of WGAN-GP."""

import keras
from keras import ops

from ganzoo import schedules
from ganzoo.numerics import at_least_float32, root, squared_norms
from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.validation import check_non_negative


@REGULARIZERS.register("gradient_penalty")
@keras.saving.register_keras_serializable(package="ganzoo")
class GradientPenalty(Penalty):
    """`weight * E[(||grad D(x_hat)|| - target)^2]` between real and generated images.

    `x_hat = alpha x + (1 - alpha) G(z)` with one `alpha` from U(0, 1) for each example. The norm
    is over all pixels and channels of an image. It bounds the slope of each example's own logit,
    so that the discriminator must not couple examples: no batch normalization.

    As for `R1`, the strength depends on the range of the images, which is [-1, 1].

    Args:
        weight: The paper's lambda, at least 0, or a schedule.
        target: The slope that costs nothing, at least 0.
        every: Discriminator updates from one evaluation to the next.

    Raises:
        ValueError: If `weight` or `target` is negative, `every` is not a positive integer, or the
            real and the fake batch differ in shape.

    Example:

    >>> from ganzoo import regularizers
    >>> regularizers.GradientPenalty().get_config()
    {'weight': 10.0, 'target': 1.0, 'every': 1}

    Reference:
        [Improved Training of Wasserstein GANs](https://arxiv.org/abs/1704.00028), equation 3 and
        algorithm 1.

    Deviations:
        The norm is `sqrt(sum + 1e-12)`, the official code's is `sqrt(sum)`, whose gradient is NaN
        where the discriminator is flat.
    """

    name = "gradient_penalty"

    def __init__(self, weight=10.0, target=1.0, every=1):
        super().__init__(every)
        self.weight = schedules.check(check_non_negative, "weight", weight)
        self.target = check_non_negative("target", target)

    def penalty(self, discriminator, real, fake, draws):
        x, g = real.examples, fake.examples
        _check_same_shape(x, g)
        x_hat = _interpolate(at_least_float32(x), at_least_float32(g), draws)
        slopes = root(squared_norms(discriminator.gradient(x_hat)))
        return self.weight * ops.mean(ops.square(slopes - self.target))


def _interpolate(real, fake, draws):
    ones = (1,) * (len(real.shape) - 1)
    alpha = draws.uniform("gradient_penalty", ops.shape(real)[0], ones)
    alpha = ops.cast(alpha, real.dtype)
    return alpha * real + (1 - alpha) * fake


def _check_same_shape(real, fake):
    pairs = zip(real.shape, fake.shape, strict=False)
    if len(real.shape) != len(fake.shape) or any(a != b for a, b in pairs if None not in (a, b)):
        raise ValueError(
            "`GradientPenalty` interpolates between real and generated images, which must have "
            f"the same shape. Received: real of shape {tuple(real.shape)} and fake of shape "
            f"{tuple(fake.shape)}"
        )
