"""Conditional batch normalization: scale and offset depend on the class (Dumoulin et al. 2017)."""

from typing import Any

import keras
from keras import ops

from ganzoo.numerics import policy_of_means, to_class_numbers
from ganzoo.validation import check_fraction, check_positive, check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalization with one learned scale and offset for each class.

    Computes `gamma[label] * (x - mean) / sqrt(variance + epsilon) + beta[label]`. All classes share
    the mean and the variance. As in `keras.layers.BatchNormalization`, these are the statistics of
    the batch in training, and moving averages in inference.

    Call arguments: a list of `inputs`, of shape `(batch, ..., channels)`, and `labels`, integers of
    shape `(batch,)` or `(batch, 1)` in `[0, num_classes)`. The output has the shape of `inputs`.

    Args:
        num_classes: Number of classes.
        momentum: Share of the old value in the update of the moving statistics.
        epsilon: Added to the variance.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> layer = ConditionalBatchNormalization(num_classes=10)
    >>> tuple(layer([keras.ops.ones((2, 4, 4, 3)), keras.ops.array([0, 9])]).shape)
    (2, 4, 4, 3)

    Reference:
        [A Learned Representation for Artistic Style](https://arxiv.org/abs/1610.07629), equation 5;
        [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637), whose generator
        has these defaults.
    """

    def __init__(
        self, num_classes: int, momentum: float = 0.9, epsilon: float = 2e-5, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.num_classes = check_positive_integer("num_classes", num_classes)
        self.momentum = check_fraction("momentum", momentum)
        self.epsilon = check_positive("epsilon", epsilon)
        self.normalization = keras.layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=False,
            scale=False,
            dtype=policy_of_means(self.dtype_policy),
            name="normalization",
        )

    def build(self, input_shape):
        features_shape, _ = input_shape
        self.normalization.build(features_shape)
        shape = (self.num_classes, features_shape[-1])
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(self, inputs, training=None):
        features, labels = inputs
        normalized = self.normalization(features, training=training)
        # One scale and offset for each example, the same at every position.
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        labels = to_class_numbers(labels)
        gamma = ops.reshape(ops.take(self.gamma, labels, axis=0), shape)
        beta = ops.reshape(ops.take(self.beta, labels, axis=0), shape)
        return gamma * normalized + beta

    @property
    def class_tables(self) -> list[keras.Variable]:
        """The weights with a row for each class, of which mixtures of classes are made."""
        return [self.gamma, self.beta]

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }
