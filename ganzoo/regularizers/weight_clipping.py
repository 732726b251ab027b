"""The Lipschitz constraint of the first Wasserstein GAN."""

import keras
from keras import ops

from ganzoo.regularizers.base import REGULARIZERS, Constraint
from ganzoo.validation import check_positive


@REGULARIZERS.register("weight_clipping")
@keras.saving.register_keras_serializable(package="ganzoo")
class WeightClipping(Constraint):
    """Every weight of the discriminator is clipped to [-limit, limit] after each of its updates.

    Bounded weights, biases and scales included, make the discriminator K-Lipschitz for some K, so
    that `ganzoo.losses.Wasserstein` estimates K times the distance. They also push it toward too
    simple functions: `GradientPenalty` was invented to replace it.

    Args:
        limit: The largest magnitude of a weight, above 0.

    Raises:
        ValueError: If `limit` is not above 0.

    Example:

    >>> import keras
    >>> from ganzoo import regularizers
    >>> weight = keras.Variable([-3.0, 0.005, 0.2])
    >>> regularizers.WeightClipping(limit=0.01).constrain([weight])
    >>> weight.numpy().round(3)
    array([-0.01 ,  0.005,  0.01 ], dtype=float32)

    Reference:
        [Wasserstein GAN](https://arxiv.org/abs/1701.07875), algorithm 1.
    """

    name = "weight_clipping"

    def __init__(self, limit=0.01):
        self.limit = check_positive("limit", limit)

    def constrain(self, variables):
        for variable in variables:
            variable.assign(ops.clip(variable, -self.limit, self.limit))
