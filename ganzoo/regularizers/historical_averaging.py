"""Historical averaging of a player's weights."""

import keras
from keras import ops

from ganzoo import schedules
from ganzoo.numerics import at_least_float32, dtype_of_means
from ganzoo.regularizers.base import REGULARIZERS, WeightPenalty
from ganzoo.validation import check_non_negative


@REGULARIZERS.register("historical_averaging")
@keras.saving.register_keras_serializable(package="ganzoo")
class HistoricalAveraging(WeightPenalty):
    """`weight * ||theta - mean(theta[1], ..., theta[t])||^2` of each player's weights.

    The squares are summed over all trainable variables of a player. The mean of its past values is
    kept online, `mean += (theta[t] - mean) / t`, right before each of its updates, so that it
    includes the present value, as the paper's sum does. No gradient passes through it: the gradient
    is `2 * weight * (theta - mean)`. The first update costs nothing.

    Args:
        weight: Strength of the penalty, at least 0, or a schedule. The paper's is 1.
        player: `"both"`, as in the paper, `"generator"` or `"discriminator"`.
        every: Updates of a player from one evaluation to the next. The mean moves at each.

    Raises:
        ValueError: If `weight` is negative, `player` is another word, or `every` is not a
            positive integer.

    Example:

    >>> import keras
    >>> from ganzoo import regularizers
    >>> part, theta = regularizers.HistoricalAveraging(), keras.Variable([1.0, 4.0])
    >>> state = part.state([theta])
    >>> part.update_state([theta], state)
    >>> _ = theta.assign([3.0, 4.0])
    >>> part.update_state([theta], state)
    >>> float(part.penalty([theta], state))  # The mean is (2, 4).
    1.0

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 3.3. The
        paper states no weight, and has no official code of it.
    """

    name = "historical_averaging"

    def __init__(self, weight=1.0, player="both", every=1):
        super().__init__(player, every)
        self.weight = schedules.check(check_non_negative, "weight", weight)

    def state(self, variables):
        return _History(variables)

    def update_state(self, variables, state):
        state.include(variables)

    def penalty(self, variables, state):
        distances = [
            ops.sum(ops.square(at_least_float32(theta - ops.stop_gradient(mean))))
            for theta, mean in zip(variables, state.means, strict=True)
        ]
        return self.weight * sum(distances)


class _History(keras.layers.Layer):
    """The number of values that each variable has had, and their means."""

    def __init__(self, variables):
        super().__init__(name="history")
        # The values are the same on all replicas, and so are their means.
        settings = {"initializer": "zeros", "trainable": False, "autocast": False}
        settings["aggregation"] = "only_first_replica"
        self.count = self.add_weight(name="count", shape=(), dtype="int32", **settings)
        self.means = [
            self.add_weight(
                name=f"mean_{i}", shape=theta.shape, dtype=dtype_of_means(theta.dtype), **settings
            )
            for i, theta in enumerate(variables)
        ]
        self.built = True

    def include(self, variables):
        t = self.count + 1
        for mean, theta in zip(self.means, variables, strict=True):
            mean.assign(mean + (theta - mean) / ops.cast(t, mean.dtype))
        self.count.assign(t)
