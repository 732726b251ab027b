"""Modulated convolution with demodulation (Karras et al. 2020)."""

import math
from typing import Any

import keras
from keras import ops

from ganzoo.layers.blur import blur
from ganzoo.layers.style_mapping import equalized_dense
from ganzoo.validation import check_choice, check_positive_integer, describe

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="ganzoo")
class ModulatedConv2D(keras.layers.Layer):
    """A convolution whose input channels are scaled by a style.

    A dense layer with an equalized learning rate maps a style to one scale `s[i]` for each input
    channel. The layer then convolves with the kernel `s[i] W[i, o]`. With demodulation, each output
    channel is divided by the norm of its kernel, `sqrt(sum((s W)**2) + 1e-8)`: so unit-variance
    inputs give unit-variance outputs.

    The scales are applied to the inputs and the norms to the outputs, with one kernel for all
    examples. So there is no grouped convolution.

    Call arguments: a list of features, of shape `(batch, height, width, channels)`, and styles, of
    shape `(batch, rows, style_dim)`. The output has the shape `(batch, height, width, filters)`, or
    twice the sides with `upsample`. Styles and norms are computed in the dtype of the variables.

    Args:
        filters: Number of output channels.
        kernel_size: Side of the kernel: 1, 3 or 5.
        row: Which row of the styles the layer takes, from 0.
        upsample: Whether both sides are doubled, with the filter [1, 3, 3, 1].
        demodulate: Whether outputs are demodulated. Otherwise the learning rate of the kernel is
            equalized.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If an argument is outside its range, or if the styles have no such row.

    Example:

    >>> features, styles = keras.ops.ones((2, 4, 4, 8)), keras.ops.ones((2, 6, 16))
    >>> tuple(ModulatedConv2D(3, 3, row=5, upsample=True)([features, styles]).shape)
    (2, 8, 8, 3)

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        section 2.2, equations 1 and 3, appendix B. In float16, kernel and scales are normalized
        first, as in the official code of [Training Generative Adversarial Networks with Limited
        Data](https://arxiv.org/abs/2006.06676).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        row: int = 0,
        upsample: bool = False,
        demodulate: bool = True,
        **kwargs: Any,
    ):
        # Styles keep the dtype of the variables.
        super().__init__(autocast=False, **kwargs)
        self.filters = check_positive_integer("filters", filters)
        self.kernel_size = check_choice("kernel_size", kernel_size, (1, 3, 5))
        if isinstance(row, bool) or not isinstance(row, int) or row < 0:
            raise ValueError(f"`row` must be an integer from 0. Received: row={describe(row)}")
        self.row = row
        self.upsample = bool(upsample)
        self.demodulate = bool(demodulate)

    def build(self, input_shape):
        features_shape, styles_shape = input_shape
        if self.row >= styles_shape[1]:
            raise ValueError(
                f"The styles must have more than {self.row} rows. "
                f"Received: styles of shape {tuple(styles_shape)} for row={self.row}"
            )
        channels = features_shape[-1]
        self.affine = equalized_dense(
            channels, name="affine", bias_initializer="ones", dtype=self.variable_dtype
        )
        self.affine.build((None, styles_shape[-1]))
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            autocast=False,
        )
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, inputs):
        features, styles = inputs
        scales = self.affine(styles[:, self.row])
        kernel = ops.convert_to_tensor(self.kernel)
        fan_in = math.prod(kernel.shape[:-1])
        norms = None
        if self.demodulate:
            if self.compute_dtype == "float16":
                # The norms cancel what these two lines change.
                largest = ops.max(ops.abs(kernel), axis=(0, 1, 2), keepdims=True)
                kernel = kernel / (math.sqrt(fan_in) * largest)
                scales = scales / ops.max(ops.abs(scales), axis=1, keepdims=True)
            squares = ops.sum(ops.square(kernel), axis=(0, 1))
            norms = ops.sqrt(ops.matmul(ops.square(scales), squares) + _EPSILON)
        else:
            scales = scales / math.sqrt(fan_in)
        outputs = self._convolve(
            self._cast(features) * self._cast(scales[:, None, None, :]), self._cast(kernel)
        )
        if norms is not None:
            outputs = outputs * self._cast(1.0 / norms[:, None, None, :])
        return outputs + self._cast(self.bias)

    def _convolve(self, x, kernel):
        if not self.upsample:
            return ops.conv(x, kernel, padding="same")
        # Zeros between the pixels, the convolution, and the filter, as one transposed convolution
        # and the filter: the convolution costs a quarter of that of the enlarged features.
        kernel = ops.swapaxes(ops.flip(kernel, axis=(0, 1)), 2, 3)
        sides = x.shape[1:3]
        x = ops.conv_transpose(x, kernel, strides=2, padding="valid")
        before = 2 - self.kernel_size // 2
        pads = [
            (before, 2 * side + 3 - before - enlarged)
            for side, enlarged in zip(sides, x.shape[1:3], strict=True)
        ]
        return 4.0 * blur(x, *pads)

    def _cast(self, tensor):
        return ops.cast(tensor, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape[0]
        factor = 2 if self.upsample else 1
        return (batch, factor * height, factor * width, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "row": self.row,
            "upsample": self.upsample,
            "demodulate": self.demodulate,
        }
