"""Grouped convolution that is fast on processors too (Xie et al. 2017)."""

from typing import Any

import keras
from keras import ops

from ganzoo import backend

# A layer becomes a few convolutions, each of as few groups as possible, because the zeros between
# the groups cost time. Small convolutions cost time too, and many of them take long to compile.
_CONVOLUTIONS = 8
_LEAST_CHANNELS, _MOST_CHANNELS = 16, 64


@keras.saving.register_keras_serializable(package="ganzoo")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with groups, in another order of computation on processors.

    Each of the `groups` equal parts of the channels has its own convolution. With a GPU or a TPU
    this is the stock layer. On processors, the gradients of the stock layer are very slow: its
    second-order gradient takes 20 times as long for 4 groups, and minutes for 16. There, groups are
    merged into plain convolutions of usually 16 to 64 channels, with zeros between the groups of
    one, and into at most 8 of them where that suffices. The results are the same up to rounding,
    and so are gradients of any order.

    The arguments, the weights and the shapes are the ones of `keras.layers.Conv2D`.

    Args:
        filters: Number of output channels, a multiple of `groups`.
        kernel_size: Integer, or two.
        groups: Number of groups; it must divide the channels of the inputs.
        **kwargs: Further arguments of `keras.layers.Conv2D`.

    Example:

    >>> layer = GroupedConv2D(64, 3, groups=4, padding="same")
    >>> tuple(layer(keras.ops.ones((2, 8, 8, 32))).shape), tuple(layer.kernel.shape)
    ((2, 8, 8, 64), (3, 3, 8, 64))

    Reference:
        [Aggregated Residual Transformations for Deep Neural Networks](
        https://arxiv.org/abs/1611.05431), figure 3 (c).
    """

    def __init__(self, filters: int, kernel_size: Any, groups: int = 1, **kwargs: Any):
        super().__init__(filters, kernel_size, groups=groups, **kwargs)

    def convolution_op(self, inputs, kernel):
        if backend.has_accelerator() or self.data_format != "channels_last" or self.groups == 1:
            return super().convolution_op(inputs, kernel)
        merged = self._groups_together(kernel.shape[-2])
        count = self.groups // merged
        parts = zip(ops.split(inputs, count, -1), ops.split(kernel, count, -1), strict=True)
        outputs = [self._convolve(part, _block_diagonal(own, merged)) for part, own in parts]
        return ops.concatenate(outputs, axis=-1)

    def _groups_together(self, channels):
        """Returns how many groups of so many input channels one convolution computes."""
        most = max(1, _MOST_CHANNELS // channels)
        *smaller, largest = [n for n in range(1, most + 1) if self.groups % n == 0]
        enough = max(_LEAST_CHANNELS / channels, self.groups / _CONVOLUTIONS)
        return next((n for n in smaller if n >= enough), largest)

    def _convolve(self, inputs, kernel):
        return ops.conv(
            inputs,
            kernel,
            strides=list(self.strides),
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )


def _block_diagonal(kernel, groups):
    """Returns the kernel of a plain convolution that keeps the groups apart.

    Args:
        kernel: `(height, width, channels of a group, groups * filters of a group)`.
        groups: Number of groups.
    """
    if groups == 1:
        return kernel
    *sides, channels, filters = kernel.shape
    own = ops.reshape(kernel, (*sides, 1, channels, groups, filters // groups))
    diagonal = ops.reshape(ops.eye(groups, dtype=kernel.dtype), (1, 1, groups, 1, groups, 1))
    return ops.reshape(own * diagonal, (*sides, groups * channels, filters))
