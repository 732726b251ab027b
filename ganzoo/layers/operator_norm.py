"""The norm of a layer as a map of whole examples, by power iteration with its convolution."""

import math

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.layers.reparametrization import (
    SUPPORTED,
    KernelWrapper,
    check_layer,
    kernel_variable,
)
from ganzoo.numerics import unit
from ganzoo.validation import check_positive_integer

_ITERATIONS_PER_CALL = 10
# An `Embedding` maps categories, and no examples.
_MAPS = tuple(kind for kind in SUPPORTED if kind is not keras.layers.Embedding)


class LinearMap:
    """What a layer does to an example, without its bias and its activation.

    Args:
        layer: A built `Dense`, `Conv1D`, `Conv2D`, `Conv3D` or `Conv2DTranspose` layer.
        input_shape: Shape of the layer's inputs, with an axis for the batch.

    Attributes:
        input_shape: Shape of one input, `(1, ...)`.
        output_shape: Shape of its output, `(1, ...)`.

    Raises:
        ValueError: If the layer is of another kind or has groups, or a size of the inputs is
            unknown.
    """

    def __init__(self, layer, input_shape):
        self._layer = check_layer(layer, _MAPS)
        if getattr(layer, "groups", 1) > 1:
            raise ValueError(
                "The operator norm of a grouped convolution is not supported. "
                f"Received: layer={layer!r} with groups={layer.groups}"
            )
        self.input_shape = (1, *input_shape[1:])
        if isinstance(layer, keras.layers.Dense):
            # It treats all positions alike: so one of them has the norm of all.
            self.input_shape = (1, input_shape[-1])
        if None in self.input_shape:
            raise ValueError(
                "The norm of a convolution depends on the size of its inputs, which must be known: "
                "give the network an `Input` of a fixed size, or the layer an `input_shape` such "
                f"as (32, 32, 3). Received: inputs of shape {tuple(input_shape)}"
            )
        self.output_shape = tuple(layer.compute_output_shape(self.input_shape))

    def __call__(self, kernel, inputs):
        """Returns the outputs of a kernel, a tensor of the shape of the layer's own."""
        layer = self._layer
        if isinstance(layer, keras.layers.Dense):
            return ops.matmul(inputs, kernel)
        if isinstance(layer, keras.layers.Conv2DTranspose):
            return ops.conv_transpose(
                inputs,
                kernel,
                strides=list(layer.strides),
                padding=layer.padding,
                output_padding=layer.output_padding,
                data_format=layer.data_format,
                dilation_rate=layer.dilation_rate,
            )
        padding = layer.padding
        if padding == "causal":
            past = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
            inputs, padding = ops.pad(inputs, ((0, 0), (past, 0), (0, 0))), "valid"
        return ops.conv(
            inputs,
            kernel,
            strides=list(layer.strides),
            padding=padding,
            data_format=layer.data_format,
            dilation_rate=layer.dilation_rate,
        )

    def adjoint(self, kernel, outputs):
        """Returns the adjoint map of outputs, `(1, ...)`, of the shape of the inputs."""
        start = ops.zeros(self.input_shape, outputs.dtype)
        return backend.input_gradient(lambda inputs: ops.sum(self(kernel, inputs) * outputs), start)

    def power_iteration(self, kernel, u, iterations):
        """Returns `u` after the iterations, and sigma with its gradient through the kernel only.

        Args:
            kernel: The kernel.
            u: Tensor of the shape of the outputs.
            iterations: Number of iterations, at least one.
        """
        for _ in range(iterations):
            v = ops.stop_gradient(unit(self.adjoint(kernel, u)))
            product = self(kernel, v)
            u = ops.stop_gradient(unit(product))
        return u, ops.sum(u * product)

    def sigma(self, kernel, u):
        """Returns the norm that `u` gives, with its gradient through the kernel only."""
        v = ops.stop_gradient(unit(self.adjoint(kernel, u)))
        return ops.sum(u * self(kernel, v))


def operator_norm(
    layer: keras.layers.Layer,
    input_shape: tuple[int | None, ...] | None = None,
    iterations: int = 50,
) -> float:
    """Returns how much a layer can stretch an example: the Lipschitz constant of its linear part.

    For a dense layer it is the spectral norm of the kernel. A convolution applies its kernel at
    many overlapping positions, so that its norm can be larger than the spectral norm of the kernel
    as a matrix, by a factor of up to the square root of the positions of the kernel: 3 for 3 x 3.

    Args:
        layer: A built `Dense`, `Conv1D`, `Conv2D`, `Conv3D` or `Conv2DTranspose` layer, or a
            wrapper around one, such as `SpectralNormalization`: then the kernel counts that it
            computes with.
        input_shape: Shape of the inputs, with an axis for the batch; by default the shape that the
            layer was built with.
        iterations: Steps of power iteration, rounded up to a multiple of 10.

    Returns:
        A float, which approaches the norm from below.

    Raises:
        ValueError: If the layer is of another kind, has groups or is not built, or a size of its
            inputs is unknown.

    Example:

    >>> layer = keras.layers.Conv2D(1, 3, padding="same", kernel_initializer="ones")
    >>> layer.build((None, 16, 16, 1))
    >>> round(operator_norm(layer), 1)  # The spectral norm of the kernel as a matrix is 3.
    8.8

    Reference:
        [Sedghi et al. 2019](https://arxiv.org/abs/1805.10408), on the singular values of
        convolutions; [Gouk et al. 2021](https://arxiv.org/abs/1804.04368), section 3.3, on the
        power iteration with convolutions.
    """
    check_positive_integer("iterations", iterations)
    inner = layer.layer if isinstance(layer, KernelWrapper) else layer
    if not layer.built:
        raise ValueError(f"`layer` must be built. Received: layer={layer!r}")
    linear = LinearMap(inner, input_shape or layer.get_build_config()["input_shape"])
    kernel = kernel_variable(inner) if layer is inner else layer.effective_kernel()
    kernel = ops.cast(kernel, "float32")
    start = np.random.default_rng(0).standard_normal(linear.output_shape).astype("float32")
    iterate = backend.compiled(
        lambda kernel, u: linear.power_iteration(kernel, u, _ITERATIONS_PER_CALL), layer
    )
    u = ops.convert_to_tensor(start)
    for _ in range(math.ceil(iterations / _ITERATIONS_PER_CALL)):
        u, sigma = iterate(kernel, u)
    return float(sigma)
