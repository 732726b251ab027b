"""The gradient penalty around real images."""

import keras
from keras import ops

from ganzoo import schedules
from ganzoo.numerics import at_least_float32, root, squared_norms
from ganzoo.regularizers.base import REGULARIZERS, Penalty
from ganzoo.validation import check_choice, check_non_negative, check_positive

# In the official code the noise is at most this share of the batch's standard deviation.
_UNIFORM_SCALE = 0.5


@REGULARIZERS.register("dragan")
@keras.saving.register_keras_serializable(package="ganzoo")
class DRAGAN(Penalty):
    """`weight * E[(||grad D(x + delta)|| - target)^2]` at real images `x` with noise `delta`.

    `noise="uniform"` is the official code's: `delta = alpha * 0.5 * std * U`, with one `alpha` from
    U(0, 1) for each example, `U` from U(0, 1) for each of its values, and `std` the standard
    deviation of all values of the batch. `noise="normal"` is the paper's: `delta` from N(0,
    `variance` * I). The norm is over all pixels and channels, and D is the logit.

    The strength depends on the range of the images, which is [-1, 1], and so does the meaning of
    `variance`.

    Args:
        weight: The paper's lambda, at least 0, or a schedule.
        target: The paper's k, the slope that costs nothing, at least 0.
        noise: `"uniform"` or `"normal"`.
        variance: The paper's c, above 0, for `noise="normal"`.
        every: Discriminator updates from one evaluation to the next.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from ganzoo import regularizers
    >>> part = regularizers.DRAGAN(noise="normal", variance=0.01)

    Reference:
        [On Convergence and Stability of GANs](https://arxiv.org/abs/1705.07215).

    Deviations:
        The default is the official code's noise: the paper's N(0, cI) with c about 10 would hide
        any image in [-1, 1]. The gradient is the gradient of the logit; the official D ends in a
        sigmoid. The norm is `sqrt(sum + 1e-12)`: the gradient of `sqrt(sum)` is NaN where the
        discriminator is flat. On several replicas each takes the deviation of its own examples.
    """

    name = "dragan"

    def __init__(self, weight=10.0, target=1.0, noise="uniform", variance=10.0, every=1):
        super().__init__(every)
        self.weight = schedules.check(check_non_negative, "weight", weight)
        self.target = check_non_negative("target", target)
        self.noise = check_choice("noise", noise, ("uniform", "normal"))
        self.variance = check_positive("variance", variance)

    @property
    def batch_coupled(self) -> bool:
        return self.noise == "uniform"

    def penalty(self, discriminator, real, fake, draws):
        x = at_least_float32(real.examples)
        gradients = discriminator.gradient(x + ops.cast(self._noise(x, draws), x.dtype))
        slopes = root(squared_norms(gradients))
        return self.weight * ops.mean(ops.square(slopes - self.target))

    def _noise(self, real, draws):
        rows, shape = ops.shape(real)[0], tuple(real.shape[1:])
        if self.noise == "normal":
            return self.variance**0.5 * draws.normal("dragan", rows, shape)
        alpha = draws.uniform("dragan_alpha", rows, (1,) * len(shape))
        largest = _UNIFORM_SCALE * ops.cast(ops.std(real), alpha.dtype)
        return largest * alpha * draws.uniform("dragan", rows, shape)
