"""The filter [1, 3, 3, 1] around strided convolutions (Karras et al. 2020)."""

from typing import Any

import keras
from keras import ops


def blur(images: Any, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """Filters feature maps with [1, 3, 3, 1] / 8 on each axis, with zeros outside of them.

    Args:
        images: Float tensor of shape `(batch, height, width, channels)`.
        rows: Rows of zeros before and after the maps.
        columns: Columns of zeros before and after the maps.

    Returns:
        A tensor of shape `(batch, height + sum(rows) - 3, width + sum(columns) - 3, channels)`.

    Example:

    >>> [float(x) for x in blur(keras.ops.ones((1, 4, 4, 1)), (0, 0), (2, 2))[0, 0, :, 0]]
    [0.5, 0.875, 1.0, 0.875, 0.5]

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        with the filter of the official code.
    """

    @ops.custom_gradient
    def filtered(images):
        x = ops.pad(images, [(0, 0), rows, columns, (0, 0)])
        height, width = x.shape[1] - 3, x.shape[2] - 3
        a, b, c, d = (x[:, i : i + height] for i in range(4))
        x = 0.125 * (a + d) + 0.375 * (b + c)
        a, b, c, d = (x[:, :, i : i + width] for i in range(4))
        x = 0.125 * (a + d) + 0.375 * (b + c)

        def gradient(*args, upstream=None):
            # The filter is symmetric. The gradients of slices would take TensorFlow ten times as
            # long as the slices, and a grouped convolution takes JAX a hundred times as long.
            upstream = args[0] if upstream is None else upstream
            return blur(upstream, *((3 - before, 3 - after) for before, after in (rows, columns)))

        return x, gradient

    return filtered(images)


@keras.saving.register_keras_serializable(package="ganzoo")
class Blur2D(keras.layers.Layer):
    """Filters feature maps before a 3x3 convolution with stride 2 and without padding.

    The filter is [1, 3, 3, 1] / 8 on each axis, with two rows and columns of zeros around the maps.
    A side n becomes n + 1, or n + 2 if n is odd, and the convolution makes `ceil(n / 2)` of it.

    Call argument: features of shape `(batch, height, width, channels)`.

    Args:
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the inputs are not features of a fixed size.

    Example:

    >>> x = Blur2D()(keras.ops.ones((1, 8, 7, 1)))
    >>> tuple(x.shape), tuple(keras.layers.Conv2D(1, 3, strides=2)(x).shape)
    ((1, 9, 9, 1), (1, 4, 4, 1))

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        with the filter of the official code.
    """

    def build(self, input_shape):
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(
                "`Blur2D` takes features (batch, height, width, channels) of a fixed size. "
                f"Received: input_shape={tuple(input_shape)}"
            )

    def call(self, inputs):
        rows, columns = ((2, 2 + side % 2) for side in inputs.shape[1:3])
        return blur(inputs, rows, columns)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height + 1 + height % 2, width + 1 + width % 2, channels)
