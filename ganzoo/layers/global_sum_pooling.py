"""Global sum pooling, the sum over all positions of an image's features."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ganzoo")
class GlobalSumPooling2D(keras.layers.Layer):
    """Sums the features over height and width.

    `(batch, height, width, channels)` becomes `(batch, channels)`. Unlike the mean, the sum grows
    with the number of positions, and so do the logits of a discriminator.

    Example:

    >>> tuple(GlobalSumPooling2D()(keras.ops.ones((2, 4, 4, 8))).shape)
    (2, 8)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), the ResNet discriminators of tables 4 to 6.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        return ops.sum(inputs, axis=(1, 2))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[3])
