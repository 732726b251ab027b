"""Projection head of a discriminator whose conditions are a vector."""

from typing import Any

import keras
from keras import ops

from ganzoo.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable(package="ganzoo")
class DenseProjectionHead(keras.layers.Layer):
    """The last layer of a discriminator with conditions: `psi(features) + <V c, features>`.

    `psi` is a dense layer with one output, and V a dense layer without a bias from the conditions c
    to vectors like the features. For one-hot conditions it is `ProjectionHead`.

    Call arguments: a list of `features`, of shape `(batch, d)`, and `conditions`, floating of shape
    `(batch, condition_dim)`. The output, the logits, has the shape `(batch, 1)`.

    Args:
        spectral_normalization: Whether both dense layers are wrapped in `SpectralNormalization`.
        use_bias: Whether `psi` has a bias.
        kernel_initializer: Initializer of both kernels.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Example:

    >>> head = DenseProjectionHead()
    >>> tuple(head([keras.ops.ones((2, 128)), keras.ops.ones((2, 16))]).shape)
    (2, 1)

    Reference:
        [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637), equation 3, whose y
        may be any vector.
    """

    def __init__(
        self,
        spectral_normalization: bool = False,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.spectral_normalization = bool(spectral_normalization)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features_shape, conditions_shape = input_shape
        self.psi = self._dense(1, self.use_bias, "psi")
        self.embedding = self._dense(features_shape[-1], False, "embedding")
        self.psi.build(features_shape)
        self.embedding.build(conditions_shape)

    def _dense(self, units, use_bias, name):
        dense = keras.layers.Dense(
            units,
            use_bias=use_bias,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        return SpectralNormalization(dense, name=name) if self.spectral_normalization else dense

    def call(self, inputs, training=None):
        features, conditions = inputs
        projection = self.embedding(conditions, training=training) * features
        return self.psi(features, training=training) + ops.sum(projection, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)

    def get_config(self):
        return {
            **super().get_config(),
            "spectral_normalization": self.spectral_normalization,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
