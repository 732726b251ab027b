"""Minibatch standard deviation as a feature (Karras et al. 2018)."""

from typing import Any

import keras
from keras import ops

from ganzoo.validation import check_positive_integer

EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="ganzoo")
class MinibatchStdDev(keras.layers.Layer):
    """Appends the standard deviation over groups of examples as constant feature maps.

    In each group of `group_size` examples, the standard deviation over the examples is computed for
    each feature at each position, `sqrt(variance + 1e-8)`. Its mean over the features and the
    positions is one number, which every example of the group receives at all positions. It is small
    if generated images are too similar.

    A batch of `n` examples has `n / group_size` groups. Example `i` belongs to group
    `i mod (n / group_size)`, as in the official code: neighbors in the batch are in different
    groups. A batch smaller than `group_size` is one group. Call the layer separately with real and
    with generated images, as `GAN` does. Each replica forms groups of its own examples. Under mixed
    precision the statistic is computed in float32.

    Call argument: features of shape `(batch, height, width, channels)`. The output has the same
    dtype and `num_channels` more channels, which come last.

    Args:
        group_size: Examples in a group, or `None` for the whole batch.
        num_channels: Number of statistics. Each is computed from `channels / num_channels`
            consecutive channels.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is not a positive integer, if the inputs are not images, if
            `num_channels` does not divide their channels, or if the size of a group does not divide
            the batch. If the batch has no static size, the backend raises its own error for that.

    Example:

    >>> layer = MinibatchStdDev()
    >>> tuple(layer(keras.ops.ones((8, 4, 4, 512))).shape)
    (8, 4, 4, 513)

    Reference:
        [Progressive Growing of GANs for Improved Quality, Stability, and Variation](
        https://arxiv.org/abs/1710.10196), section 3.

    Deviations:
        The paper takes the standard deviation over the whole batch: `group_size=None`. The default
        and the constant under the root come from the official code.
    """

    batch_coupled = True

    def __init__(self, group_size: int | None = 4, num_channels: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        if group_size is not None:
            group_size = check_positive_integer("group_size", group_size)
        self.group_size = group_size
        self.num_channels = check_positive_integer("num_channels", num_channels)

    def build(self, input_shape):
        if len(input_shape) != 4:
            raise ValueError(
                "`MinibatchStdDev` takes features of shape (batch, height, width, channels). "
                f"Received: input_shape={tuple(input_shape)}"
            )
        if input_shape[-1] % self.num_channels:
            raise ValueError(
                "`num_channels` must divide the channels of the inputs. Received: "
                f"num_channels={self.num_channels} for input_shape={tuple(input_shape)}"
            )

    def call(self, inputs):
        batch, height, width, channels = ops.shape(inputs)
        examples = self._examples_per_group(batch)
        dtype = keras.backend.result_type(inputs.dtype, "float32")
        # If only the graph knows the batch, this fails unless all groups have the same size.
        groups = ops.reshape(
            ops.cast(inputs, dtype),
            (examples, -1, height, width, self.num_channels, channels // self.num_channels),
        )
        deviations = ops.sqrt(ops.var(groups, axis=0) + EPSILON)
        statistics = ops.mean(deviations, axis=(1, 2, 4))
        maps = ops.tile(statistics[:, None, None, :], (examples, height, width, 1))
        return ops.concatenate([inputs, ops.cast(maps, inputs.dtype)], axis=-1)

    def _examples_per_group(self, batch):
        """Returns the size of a group: a number, or a tensor if only the graph knows the batch."""
        if self.group_size is None:
            return batch
        if not isinstance(batch, int):
            return ops.minimum(self.group_size, batch)
        examples = min(self.group_size, batch)
        if batch % examples:
            raise ValueError(
                "The batch must be a multiple of `group_size`, or smaller. Received: a batch of "
                f"{batch} with group_size={self.group_size}"
            )
        return examples

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.num_channels)

    def get_config(self):
        return {
            **super().get_config(),
            "group_size": self.group_size,
            "num_channels": self.num_channels,
        }
