"""Path length regularization of the generator (Karras et al. 2020)."""

import math

import keras
from keras import ops

from ganzoo import backend, schedules
from ganzoo.numerics import at_least_float32, root
from ganzoo.regularizers.base import REGULARIZERS, GeneratorPenalty
from ganzoo.validation import check_fraction, check_non_negative, check_positive_integer


@REGULARIZERS.register("path_length")
@keras.saving.register_keras_serializable(package="ganzoo")
class PathLength(GeneratorPenalty):
    """`weight * E[(||J_w^T y|| - a)^2]`: a step in the styles changes all images equally much.

    `J_w` is the Jacobian of the image with respect to the styles `w`, and `y ~ N(0, 1)` an image,
    divided by the root of its number of pixels. The norm is the root of the sum of squares over the
    components of a style, averaged over the layers, each of which has a style of its own. `a` is a
    running mean of these norms. It is updated before the penalty is computed, and no gradient
    passes through it.

    Each evaluation draws latents of its own, for the classes of the first rows of the update. For a
    generator without styles, the Jacobian is with respect to its latents. The pass changes no state
    of the generator, such as its average style.

    Args:
        weight: Strength of the penalty, at least 0.
        decay: Share of the old running mean that stays in each evaluation, in [0, 1).
        batch_shrink: Each evaluation has the update's number of examples divided by this number.
        every: Generator updates from one evaluation to the next.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> from ganzoo import regularizers
    >>> regularizers.PathLength(weight=1.0)
    PathLength(weight=1.0, decay=0.99, batch_shrink=2, every=4)

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        section 3.2, equation 4, appendix B. The weight, the decay and the interval have the values
        of the official code of [Training Generative Adversarial Networks with Limited Data](
        https://arxiv.org/abs/2006.06676).

    Deviations:
        On several replicas, each moves the running mean to its own rows for the penalty, as each
        GPU does in the official code. The mean over the replicas is then kept.
    """

    name = "path_length"
    batch_coupled = True

    def __init__(
        self, weight: float = 2.0, decay: float = 0.99, batch_shrink: int = 2, every: int = 4
    ):
        super().__init__(every)
        self.weight = schedules.check(check_non_negative, "weight", weight)
        self.decay = check_fraction("decay", decay)
        self.batch_shrink = check_positive_integer("batch_shrink", batch_shrink)

    def state(self):
        return _MeanLength()

    def penalty(self, generator, draws, state):
        rows = generator.rows // self.batch_shrink
        rows = max(rows, 1) if isinstance(rows, int) else ops.maximum(rows, 1)
        inputs = generator.draw_inputs(rows, draws)
        styles = generator.mapping(inputs)

        def projection(styles):
            examples = at_least_float32(generator.synthesis(styles, inputs))
            shape = examples.shape[1:]
            noise = draws.normal("direction", rows, shape) / math.sqrt(math.prod(shape[:-1]))
            return ops.sum(examples * ops.cast(noise, examples.dtype))

        gradient = at_least_float32(backend.input_gradient(projection, styles))
        squares = ops.mean(ops.sum(ops.square(gradient), axis=-1), axis=-1)
        lengths = root(squares)
        mean = ops.convert_to_tensor(state.mean)
        observed = ops.cast(ops.stop_gradient(ops.mean(lengths)), mean.dtype)
        mean = mean + (1.0 - self.decay) * (observed - mean)
        state.mean.assign(mean)
        return self.weight * ops.mean(ops.square(lengths - ops.cast(mean, lengths.dtype)))


class _MeanLength(keras.layers.Layer):
    """The running mean of the lengths, in float32."""

    def __init__(self):
        super().__init__(name="path_length")
        self.mean = self.add_weight(
            name="mean_length",
            shape=(),
            dtype="float32",
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="mean",
        )
        self.built = True
