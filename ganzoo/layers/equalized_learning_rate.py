"""The equalized learning rate of a layer's weights (Karras et al. 2018)."""

import math
from typing import Any

import keras
from keras import ops

from ganzoo.layers.reparametrization import KernelWrapper, call_with_kernel, output_axis
from ganzoo.validation import check_positive


@keras.saving.register_keras_serializable(package="ganzoo")
class EqualizedLearningRate(KernelWrapper):
    """Multiplies the kernel of the wrapped layer by a constant at each call.

    The layer computes with the kernel `rate / sqrt(fan_in) * W` and the bias `rate * b`. Under Adam
    each stored weight moves by about the learning rate. So the layer moves in proportion to the
    size that its weights should have, and all layers learn at the same speed.

    Give the wrapped layer an initial kernel of N(0, 1 / rate): `initializer(rate)`. Then the kernel
    that it computes with starts as N(0, 1 / fan_in). `fan_in` is the number of inputs that one
    output adds up; of an `Embedding` the number of its categories, of which the inputs are one-hot
    vectors.

    Args:
        layer: The layer to wrap: `Dense`, `Conv1D`, `Conv2D`, `Conv3D`, `Conv2DTranspose` or
            `Embedding`. Its dtype policy is used.
        rate: Multiplier of the layer's learning rate, above 0.
        **kwargs: `name` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the layer is of another kind, if `rate` is not above 0, or if a `dtype` is
            given.

    Example:

    >>> dense = keras.layers.Dense(8, kernel_initializer=EqualizedLearningRate.initializer(0.01))
    >>> tuple(EqualizedLearningRate(dense, rate=0.01)(keras.ops.ones((1, 6))).shape)
    (1, 8)

    Reference:
        [Progressive Growing of GANs for Improved Quality, Stability, and Variation](
        https://arxiv.org/abs/1710.10196), section 4.1; `rate`: [A Style-Based Generator
        Architecture for Generative Adversarial Networks](https://arxiv.org/abs/1812.04948),
        appendix C.
    """

    def __init__(self, layer: keras.layers.Layer, rate: float = 1.0, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.rate = check_positive("rate", rate)

    @staticmethod
    def initializer(rate: float = 1.0) -> keras.initializers.Initializer:
        """Returns the initializer of the wrapped layer's kernel."""
        return keras.initializers.RandomNormal(stddev=1.0 / rate)

    def call(self, inputs):
        bias = getattr(self.layer, "bias", None)
        if bias is not None:
            bias = self.rate * ops.convert_to_tensor(bias)
        return call_with_kernel(self.layer, self.effective_kernel(), inputs, bias)

    def effective_kernel(self) -> Any:
        kernel = ops.convert_to_tensor(self.kernel)
        return self.rate / math.sqrt(_fan_in(self.layer, kernel.shape)) * kernel

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}


def _fan_in(layer, shape):
    """Returns the number of inputs that one output of a kernel of this shape adds up."""
    if isinstance(layer, keras.layers.Embedding):
        return shape[0]
    return math.prod(shape) // shape[output_axis(layer)]
