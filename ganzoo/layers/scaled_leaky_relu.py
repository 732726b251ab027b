"""The rectifier of style-based networks (Karras et al. 2020)."""

import math
from typing import Any

import keras
from keras import ops

from ganzoo.validation import check_non_negative

# Keeps activations in the range of float16.
_LARGEST_IN_FLOAT16 = 256.0


@keras.saving.register_keras_serializable(package="ganzoo")
class ScaledLeakyReLU(keras.layers.Layer):
    """Computes `sqrt(2) * leaky_relu(x)`, which nearly keeps the second moment of normal inputs.

    With the default slope, `E[leaky_relu(x)**2]` of `x ~ N(0, 1)` is 0.52. In float16, outputs are
    clipped to [-256, 256].

    Call argument: a tensor of any shape. The output has the same shape.

    Args:
        slope: Slope below zero, at least 0.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If `slope` is negative.

    Example:

    >>> [round(float(x), 3) for x in ScaledLeakyReLU()(keras.ops.array([-1.0, 1.0]))]
    [-0.283, 1.414]

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        appendix B; the clipping: [Training Generative Adversarial Networks with Limited Data](
        https://arxiv.org/abs/2006.06676), appendix D.
    """

    def __init__(self, slope: float = 0.2, **kwargs: Any):
        super().__init__(**kwargs)
        self.slope = check_non_negative("slope", slope)

    def call(self, inputs):
        outputs = math.sqrt(2.0) * ops.leaky_relu(inputs, self.slope)
        if self.compute_dtype == "float16":
            outputs = ops.clip(outputs, -_LARGEST_IN_FLOAT16, _LARGEST_IN_FLOAT16)
        return outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "slope": self.slope}
