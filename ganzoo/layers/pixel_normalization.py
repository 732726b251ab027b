"""Normalization of the feature vector at each position (Karras et al. 2018)."""

import keras
from keras import ops

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="ganzoo")
class PixelNormalization(keras.layers.Layer):
    """Divides each vector along the last axis by the root of its mean square.

    Computes `x / sqrt(mean(x**2) + 1e-8)`. Under mixed precision, the root is computed in float32.

    Call argument: vectors `(batch, d)` or feature maps `(batch, height, width, channels)`. The
    output has the same shape.

    Args:
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Example:

    >>> [round(float(x), 4) for x in PixelNormalization()(keras.ops.array([[3.0, 4.0]]))[0]]
    [0.8485, 1.1314]

    Reference:
        [Progressive Growing of GANs for Improved Quality, Stability, and Variation](
        https://arxiv.org/abs/1710.10196), section 4.2.
    """

    def call(self, inputs):
        dtype = keras.backend.result_type(inputs.dtype, "float32")
        squares = ops.square(ops.cast(inputs, dtype))
        factor = ops.rsqrt(ops.mean(squares, axis=-1, keepdims=True) + _EPSILON)
        return ops.cast(ops.cast(inputs, dtype) * factor, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
