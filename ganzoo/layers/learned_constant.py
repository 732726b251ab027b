"""The learned input of a style-based generator (Karras et al. 2019)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ganzoo.validation import check_positive_integer, describe


@keras.saving.register_keras_serializable(package="ganzoo")
class LearnedConstant(keras.layers.Layer):
    """Returns one learned tensor for each example, whatever the example is.

    Call argument: a tensor of shape `(batch, ...)`, of which only the batch matters. The output has
    the shape `(batch, *shape)`.

    Args:
        shape: List of positive integers. The tensor starts with N(0, 1).
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If `shape` is no list of positive integers.

    Example:

    >>> tuple(LearnedConstant((4, 4, 8))(keras.ops.ones((2, 16))).shape)
    (2, 4, 4, 8)

    Reference:
        [A Style-Based Generator Architecture for Generative Adversarial Networks](
        https://arxiv.org/abs/1812.04948), section 2.
    """

    def __init__(self, shape: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(shape, (list, tuple)) or not shape:
            raise ValueError(
                f"`shape` must be a list of positive integers. Received: shape={describe(shape)}"
            )
        self.shape = tuple(check_positive_integer("shape", side) for side in shape)

    def build(self, input_shape):
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.constant = self.add_weight(name="constant", shape=self.shape, initializer=normal)

    def call(self, inputs):
        constant = ops.expand_dims(self.constant, 0)
        return ops.tile(constant, (ops.shape(inputs)[0], *[1] * len(self.shape)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self):
        return {**super().get_config(), "shape": list(self.shape)}
