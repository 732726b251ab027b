"""Resampling by a factor of 2 with the filter [1, 3, 3, 1] (Karras et al. 2020)."""

from typing import Any

import keras
from keras import ops


def upsample(images: Any) -> Any:
    """Doubles both sides of feature maps with the filter [1, 3, 3, 1] / 4 on each axis.

    Along each axis, `y[2i] = (x[i - 1] + 3 x[i]) / 4` and `y[2i + 1] = (3 x[i] + x[i + 1]) / 4`,
    with zeros outside of the maps. So a constant map keeps its value in the interior and has 3/4 of
    it at an edge.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.

    Returns:
        A tensor of shape `(batch, 2 * height, 2 * width, channels)` and the same dtype.

    Example:

    >>> images = keras.ops.reshape(keras.ops.arange(1.0, 5.0), (1, 1, 4, 1))
    >>> [float(x) for x in upsample(images)[0, 0, :3, 0] / 0.75]  # One row: 3/4 at its edges.
    [0.75, 1.25, 1.75]

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        with the filter of the official code.
    """

    @ops.custom_gradient
    def filtered(images):
        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return 4.0 * downsample(upstream)

        return _double(_double(images, axis=1), axis=2), gradient

    return filtered(images)


def downsample(images: Any) -> Any:
    """Halves both sides of feature maps, rounded up, with the filter [1, 3, 3, 1] / 8 on each axis.

    Along each axis, `y[i] = (x[2i - 1] + 3 x[2i] + 3 x[2i + 1] + x[2i + 2]) / 8`, with zeros
    outside of the maps. It is the adjoint of `upsample` (cropped to an odd size), times 1/4.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.

    Returns:
        A tensor of shape `(batch, ceil(height / 2), ceil(width / 2), channels)` and the same dtype.

    Example:

    >>> images = keras.ops.ones((1, 8, 8, 1))
    >>> [float(x) for x in downsample(images)[0, 1, :, 0]]
    [0.875, 1.0, 1.0, 0.875]

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        with the filter of the official code.
    """
    height, width = images.shape[1:3]

    @ops.custom_gradient
    def filtered(images):
        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return 0.25 * upsample(upstream)[:, :height, :width]

        return _halve(_halve(images, axis=1), axis=2), gradient

    return filtered(images)


# Shifted sums and reshapes, which XLA fuses. The gradients of slices would take TensorFlow several
# times as long, so each function has the other one as its gradient.


def _double(x, axis):
    size = x.shape[axis]
    padded = _pad(x, axis, 1, 1)
    before = _slice(padded, axis, 0, size)
    after = _slice(padded, axis, 2, size + 2)
    pairs = ops.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis=axis + 1)
    return ops.reshape(pairs, _with_side(x, axis, 2 * size))


def _halve(x, axis):
    size = x.shape[axis]
    half = -(-size // 2)
    pairs = ops.reshape(_pad(x, axis, 1, 2 * half + 1 - size), _with_side(x, axis, half + 1, 2))
    first, second = ops.unstack(pairs, num=2, axis=axis + 1)
    left = first + 3.0 * second
    right = 3.0 * first + second
    return (_slice(left, axis, 0, half) + _slice(right, axis, 1, half + 1)) * 0.125


def _pad(x, axis, before, after):
    widths = [(0, 0)] * 4
    widths[axis] = (before, after)
    return ops.pad(x, widths)


def _slice(x, axis, start, stop):
    return x[:, start:stop] if axis == 1 else x[:, :, start:stop]


def _with_side(x, axis, *side):
    """Returns the shape of `x` with other sides along one axis, and -1 for the batch."""
    return (-1, *x.shape[1:axis], *side, *x.shape[axis + 1 :])


class _Resampling2D(keras.layers.Layer):
    """A layer without weights that resamples feature maps of a fixed size."""

    def build(self, input_shape):
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(
                f"`{type(self).__name__}` takes feature maps (batch, height, width, channels) of a "
                f"fixed size. Received: input_shape={tuple(input_shape)}"
            )


@keras.saving.register_keras_serializable(package="ganzoo")
class FilteredUpSampling2D(_Resampling2D):
    """Doubles both sides of feature maps with a smooth filter: the layer of `upsample`.

    Call argument: features of shape `(batch, height, width, channels)`. The output has the shape
    `(batch, 2 * height, 2 * width, channels)`.

    Args:
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the inputs are not feature maps of a fixed size.

    Example:

    >>> tuple(FilteredUpSampling2D()(keras.ops.ones((8, 4, 4, 16))).shape)
    (8, 8, 8, 16)

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        with the filter of the official code.
    """

    def call(self, inputs):
        return upsample(inputs)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)


@keras.saving.register_keras_serializable(package="ganzoo")
class FilteredDownSampling2D(_Resampling2D):
    """Halves both sides of feature maps with a smooth filter: the layer of `downsample`.

    Call argument: features of shape `(batch, height, width, channels)`. The output has the shape
    `(batch, ceil(height / 2), ceil(width / 2), channels)`.

    Args:
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the inputs are not feature maps of a fixed size.

    Example:

    >>> tuple(FilteredDownSampling2D()(keras.ops.ones((8, 7, 7, 16))).shape)
    (8, 4, 4, 16)

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        with the filter of the official code.
    """

    def call(self, inputs):
        return downsample(inputs)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, -(-height // 2), -(-width // 2), channels)
