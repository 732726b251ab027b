"""Minibatch standard deviation as a feature (Karras et al. 2018)."""

import keras
from keras import ops

from ganzoo.validation import check_positive_integer

EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="ganzoo")
class MinibatchStdDev(keras.layers.Layer):
    """Appends the standard deviation over groups of examples as constant feature maps.

    For each group of `group_size` examples: the standard deviation of each feature at each position
    over the examples, `sqrt(variance + 1e-8)`, averaged over the features and the positions to one
    number, which every example of the group receives at all positions. Generated images that are
    too much alike show in it.

    With a batch of `n` examples there are `n / group_size` groups, and example `i` belongs to group
    `i mod (n / group_size)`, as in the official code: neighbors in the batch are in different
    groups. A batch smaller than `group_size` is one group. Real and generated images must come in
    calls of their own, as the GAN does it, and several replicas form groups of their own examples.
    Under mixed precision the statistic is computed in float32.

    Call argument: features of shape `(batch, height, width, channels)`. The output, in their dtype,
    has `num_channels` channels more, which come last.

    Args:
        group_size: Examples in a group, or `None` for the whole batch.
        num_channels: Number of statistics: each is of `channels / num_channels` consecutive
            channels.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is not a positive integer, the inputs are not images, or
            `num_channels` does not divide their channels, or the size of a group that of the
            batch. Where the batch has no static size, the last one is the backend's own error.

    Example:

    >>> layer = MinibatchStdDev()
    >>> tuple(layer(keras.ops.ones((8, 4, 4, 512))).shape)
    (8, 4, 4, 513)

    Reference:
        [Progressive Growing of GANs for Improved Quality, Stability, and Variation](
        https://arxiv.org/abs/1710.10196), section 3.

    Deviations:
        The paper takes the standard deviation over the whole batch: `group_size=None`. The default
        is the official code's, as is the constant under the root.
    """

    def __init__(self, group_size=4, num_channels=1, **kwargs):
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
        # Where only the graph knows the batch, this fails unless the groups come out even.
        groups = ops.reshape(
            ops.cast(inputs, dtype),
            (examples, -1, height, width, self.num_channels, channels // self.num_channels),
        )
        deviations = ops.sqrt(ops.var(groups, axis=0) + EPSILON)
        statistics = ops.mean(deviations, axis=(1, 2, 4))
        maps = ops.tile(statistics[:, None, None, :], (examples, height, width, 1))
        return ops.concatenate([inputs, ops.cast(maps, inputs.dtype)], axis=-1)

    def _examples_per_group(self, batch):
        """The size of a group: a number, or a tensor where only the graph knows the batch."""
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
