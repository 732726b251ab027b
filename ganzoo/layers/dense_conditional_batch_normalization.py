"""Batch normalization whose scale and offset are linear in a vector of conditions."""

from typing import Any

import keras
from keras import ops

from ganzoo.layers.spectral_normalization import SpectralNormalization
from ganzoo.numerics import policy_of_means
from ganzoo.validation import check_fraction, check_positive


@keras.saving.register_keras_serializable(package="ganzoo")
class DenseConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalization with a scale and an offset that a dense layer computes from conditions.

    Computes `(1 + W_g c) * (x - mean) / sqrt(variance + epsilon) + W_b c` for the conditions c of
    each example. For one-hot conditions it is `ConditionalBatchNormalization`. The mean and the
    variance are shared, as in `keras.layers.BatchNormalization`.

    Call arguments: a list of `inputs`, of shape `(batch, ..., channels)`, and `conditions`,
    floating of shape `(batch, condition_dim)`. The output has the shape of `inputs`.

    Args:
        momentum: Share of the old value in the update of the moving statistics.
        epsilon: Added to the variance.
        kernel_initializer: Initializer of W_g and W_b. With zeros, the layer starts as plain batch
            normalization.
        spectral_normalization: Whether W_g and W_b are wrapped in `SpectralNormalization`. They
            then must not start at zero.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> layer = DenseConditionalBatchNormalization()
    >>> tuple(layer([keras.ops.ones((2, 4, 4, 3)), keras.ops.ones((2, 16))]).shape)
    (2, 4, 4, 3)

    Reference:
        [Modulating early visual processing by language](https://arxiv.org/abs/1707.00683), section
        3.2, without the hidden layer; [Large Scale GAN Training for High Fidelity Natural Image
        Synthesis](https://arxiv.org/abs/1809.11096), appendix B.
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 2e-5,
        kernel_initializer: Any = "zeros",
        spectral_normalization: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.momentum = check_fraction("momentum", momentum)
        self.epsilon = check_positive("epsilon", epsilon)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.spectral_normalization = bool(spectral_normalization)
        self.normalization = keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=False,
            scale=False,
            dtype=policy_of_means(self.dtype_policy),
            name="normalization",
        )

    def build(self, input_shape):
        features_shape, conditions_shape = input_shape
        self.normalization.build(features_shape)
        self.scale = self._dense(features_shape[-1], "scale")
        self.offset = self._dense(features_shape[-1], "offset")
        self.scale.build(conditions_shape)
        self.offset.build(conditions_shape)

    def _dense(self, channels, name):
        dense = keras.layers.Dense(
            channels,
            use_bias=False,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        return SpectralNormalization(dense, name=name) if self.spectral_normalization else dense

    def call(self, inputs, training=None):
        features, conditions = inputs
        normalized = self.normalization(features, training=training)
        # One scale and offset for each example, the same at every position.
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        scale = ops.reshape(self.scale(conditions, training=training), shape)
        offset = ops.reshape(self.offset(conditions, training=training), shape)
        return (1.0 + scale) * normalized + offset

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "spectral_normalization": self.spectral_normalization,
        }
