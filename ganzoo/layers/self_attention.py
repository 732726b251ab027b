"""Self-attention over the positions of feature maps (Zhang et al. 2019)."""

import math
from typing import Any

import keras
from keras import ops

from ganzoo.layers.spectral_normalization import SpectralNormalization
from ganzoo.validation import check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class SelfAttention(keras.layers.Layer):
    """Adds to each position what it attends to at all positions: `y = gamma o + x`.

    `f`, `g`, `h` and `v` are 1x1 convolutions without biases. The position `j` attends to the
    position `i` with `beta[j, i] = softmax_i(f(x_i) . g(x_j))`, and `o_j = v(sum_i beta[j, i]
    h(x_i))`. The learned scalar `gamma` starts at 0, so a new layer does not change its inputs.
    Under mixed precision, the softmax is computed in float32. Memory grows with the square of the
    number of positions.

    Call arguments: `inputs` of shape `(batch, height, width, channels)`. The output has the same
    shape.

    Args:
        key_reduction: `f` and `g` have `channels // key_reduction` channels, at least one.
        value_reduction: `h` has `channels // value_reduction` channels, at least one.
        pool_size: Side of the max-pooling of `f(x)` and `h(x)`, the keys and values. 1 is no
            pooling.
        spectral_normalization: Whether the convolutions are wrapped in `SpectralNormalization`.
        kernel_initializer: Initializer of the convolutions.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is not a positive integer.

    Example:

    >>> tuple(SelfAttention()(keras.ops.ones((2, 4, 4, 16))).shape)
    (2, 4, 4, 16)

    Reference:
        [Self-Attention Generative Adversarial Networks](https://arxiv.org/abs/1805.08318),
        equations 1 to 3. The official code uses `value_reduction=2, pool_size=2`, with spectral
        normalization in both networks.
    """

    def __init__(
        self,
        key_reduction: int = 8,
        value_reduction: int = 8,
        pool_size: int = 1,
        spectral_normalization: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.key_reduction = check_positive_integer("key_reduction", key_reduction)
        self.value_reduction = check_positive_integer("value_reduction", value_reduction)
        self.pool_size = check_positive_integer("pool_size", pool_size)
        self.spectral_normalization = bool(spectral_normalization)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        channels = input_shape[-1]
        key_channels = max(1, channels // self.key_reduction)
        value_channels = max(1, channels // self.value_reduction)
        self.f = self._convolution(key_channels, "f", input_shape)
        self.g = self._convolution(key_channels, "g", input_shape)
        self.h = self._convolution(value_channels, "h", input_shape)
        self.v = self._convolution(channels, "v", (*input_shape[:-1], value_channels))
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")

    def _convolution(self, channels, name, input_shape):
        layer = keras.layers.Conv2D(
            channels,
            1,
            use_bias=False,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        if self.spectral_normalization:
            layer = SpectralNormalization(layer, name=name)
        layer.build(input_shape)
        return layer

    def call(self, inputs, training=None):
        keys = self._flatten(self._pool(self.f(inputs, training=training)))
        queries = self._flatten(self.g(inputs, training=training))
        values = self._flatten(self._pool(self.h(inputs, training=training)))
        scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        # float64 stays float64. In half precision, a softmax over many positions would be wrong.
        beta = ops.softmax(ops.cast(scores, self.variable_dtype), axis=-1)
        attended = ops.matmul(ops.cast(beta, values.dtype), values)
        o = self.v(self._like_images(attended, inputs), training=training)
        return self.gamma * o + inputs

    def _pool(self, x):
        if self.pool_size == 1:
            return x
        return ops.max_pool(x, self.pool_size, strides=self.pool_size, padding="same")

    @staticmethod
    def _flatten(x):
        """Returns `(batch, positions, channels)`."""
        return ops.reshape(x, (-1, math.prod(x.shape[1:3]), x.shape[3]))

    @staticmethod
    def _like_images(x, images):
        return ops.reshape(x, (-1, *images.shape[1:3], x.shape[-1]))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "key_reduction": self.key_reduction,
            "value_reduction": self.value_reduction,
            "pool_size": self.pool_size,
            "spectral_normalization": self.spectral_normalization,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
