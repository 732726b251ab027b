"""Gradients of TensorFlow's operations: right sums in 16 bits, faster convolutions, no zeros.

TensorFlow computes some gradients on a CPU by adding bfloat16 numbers one by one. Such a sum stands
still when it is 256 times as large as what is added: the sum of 1,156 ones is 256. Here these
gradients are added in float32. The gradient of a convolution by its kernel has another form too,
which is faster for some shapes. All of them can be differentiated again.

The second derivative of a piecewise linear activation is zero. TensorFlow computes a tensor of
zeros, which then passes back through all layers before the activation. Here there is nothing to
pass back, for every dtype and device.

Importing this module replaces the gradients for the whole process. TensorFlow asks its registry for
the gradient of an operation, so this holds for the layers of Keras and for your own, eagerly, in
graphs, with XLA and on replicas. Sums and convolutions of other dtypes, and on computers with a
GPU, keep TensorFlow's own.
"""

import functools
import pathlib

import tensorflow as tf
from tensorflow.python.framework import ops as registered

_HALF_DTYPES = (tf.bfloat16, tf.float16)
# For the shapes that were measured, see `_forward_form_pays`.
_MOST_POSITIONS = 64
_FEWEST_CHANNELS = 128


def _replaces(*names, where=lambda dy: True):
    """Makes a function of `(op, gradient, original)` the gradient of operations.

    It is used for the gradients of outputs for which `where` holds. `original` is TensorFlow's own
    gradient, a function of `(op, gradient)`.
    """

    def register(function):
        for name in names:
            original = registered._gradient_registry.lookup(name)
            # TensorFlow refuses a second gradient for an operation, so the first one goes.
            del registered._gradient_registry._registry[name]
            tf.RegisterGradient(name)(_chosen(function, original, where))
        return function

    return register


def _chosen(function, original, where):
    @functools.wraps(original)
    def gradient(op, dy):
        return function(op, dy, original) if where(dy) else original(op, dy)

    return gradient


def _in_half_precision(dy):
    return dy.dtype in _HALF_DTYPES and _on_cpu()


@functools.cache
def _on_cpu():
    return not tf.config.list_physical_devices("GPU")


@functools.cache
def _has_bfloat16():
    """Returns whether oneDNN multiplies bfloat16 numbers on this processor.

    Without the instructions, TensorFlow's own loops compute the gradients of convolutions, ten
    times slower than in float32 and with sums in bfloat16.
    """
    facts = pathlib.Path("/proc/cpuinfo")
    return facts.exists() and " avx512bw " in f"{facts.read_text()} ".replace("\n", " ")


@_replaces("ReluGrad", "Relu6Grad", "LeakyReluGrad")
def _piecewise_linear(op, dy, original):
    """The second derivative: the slope does not depend on the inputs of the activation."""
    return original(op, dy)[0], None


@_replaces("BiasAdd", where=_in_half_precision)
def _bias_add(op, dy, original):
    """The bias: unlike `BiasAddGrad`, `Sum` adds in float32."""
    channels_first = op.get_attr("data_format") in (b"NCHW", "NCHW")
    channels = 1 if channels_first else len(dy.shape) - 1
    return dy, tf.reduce_sum(dy, [axis for axis in range(len(dy.shape)) if axis != channels])


@_replaces("DepthwiseConv2dNative", where=_in_half_precision)
def _in_float32(op, dy, original):
    """Computes TensorFlow's gradient in float32."""
    gradients = original(_InFloat32(op), tf.cast(dy, tf.float32))
    return [
        None if gradient is None else tf.cast(gradient, operand.dtype)
        for gradient, operand in zip(gradients, op.inputs, strict=True)
    ]


class _InFloat32:
    """An operation as its gradient sees it, with inputs in float32."""

    def __init__(self, op):
        self._op = op
        self.inputs = [_widened(operand) for operand in op.inputs]

    def __getattr__(self, name):
        return getattr(self._op, name)


def _widened(operand):
    # A tape drops the operands that TensorFlow's own gradient does not need.
    if operand is None or operand.dtype not in _HALF_DTYPES:
        return operand
    return tf.cast(operand, tf.float32)


@_replaces("Conv3D", "Conv3DBackpropInputV2", where=_in_half_precision)
def _conv3d(op, dy, original):
    return original(op, dy) if _has_bfloat16() else _in_float32(op, dy, original)


@_replaces("Conv2D", where=_in_half_precision)
def _conv2d(op, dy, original):
    x, kernel = op.inputs
    dx, dkernel = _conv3d(op, dy, original)
    if _has_forward_form(op, x, dy):
        dkernel = kernel_gradient(x, dy, kernel.shape, op.get_attr("strides"), _padding(op))
    return dx, dkernel


@_replaces("Conv2DBackpropInput", where=_in_half_precision)
def _conv2d_transpose(op, dy, original):
    """A transposed convolution is the convolution from its output to its input, backward."""
    _, kernel, x = op.inputs
    _, dkernel, dx = _conv3d(op, dy, original)
    if _has_forward_form(op, dy, x):
        dkernel = kernel_gradient(dy, x, kernel.shape, op.get_attr("strides"), _padding(op))
    return None, dkernel, dx


def _padding(op):
    padding = op.get_attr("padding")
    return padding.decode() if isinstance(padding, bytes) else padding


def _has_forward_form(op, x, dy):
    """Returns whether `kernel_gradient` computes this gradient, and pays.

    Args:
        op: The operation.
        x: Inputs of the convolution, of shape `(batch, height, width, channels)`.
        dy: Gradient of its outputs.
    """
    supported = (
        x.dtype == tf.bfloat16
        and op.get_attr("data_format") in (b"NHWC", "NHWC")
        and _padding(op) in ("SAME", "VALID")
        and set(op.get_attr("dilations")) == {1}
        and None not in (*x.shape[1:], *dy.shape[1:])
    )
    return supported and _forward_form_pays(x, dy)


def _forward_form_pays(x, dy):
    """Returns whether the forward convolution is faster than TensorFlow's own gradient.

    On a processor with bfloat16, it is for many channels and few positions. On a processor without,
    it always is.
    """
    if not _has_bfloat16():
        return True
    return dy.shape[1] * dy.shape[2] <= _MOST_POSITIONS and x.shape[-1] >= _FEWEST_CHANNELS


def kernel_gradient(x, dy, shape, strides, padding):
    """Returns the gradient by the kernel of a convolution, as a forward convolution.

    `dK[i, j, c, o] = sum over n, p, q of x[n, s p + i, s q + j, c] dy[n, p, q, o]`: this is a
    convolution whose channels are the examples, whose kernel is `dy`, and whose dilation is the
    stride `s`.

    Args:
        x: Inputs of the convolution, of shape `(batch, height, width, channels)`.
        dy: Gradient of the outputs, of shape `(batch, rows, columns, outputs)`.
        shape: Shape of the kernel.
        strides: Strides of the convolution, one for each axis of `x`.
        padding: `"SAME"` or `"VALID"`.
    """
    shape, strides = tuple(shape), tuple(strides)
    padded = _padded(x, dy, shape, strides) if padding == "SAME" else x
    products = tf.raw_ops.Conv2D(
        input=tf.transpose(padded, [3, 1, 2, 0]),
        filter=tf.transpose(dy, [1, 2, 0, 3]),
        strides=[1] * 4,
        padding="VALID",
        dilations=strides,
    )
    # Rows and columns that the stride steps over at the end are left over.
    dkernel = tf.transpose(products[:, : shape[0], : shape[1]], [1, 2, 0, 3])
    # A tape differentiates the operation that this replaces, which needs no dilated convolution.
    attributes = {
        "strides": strides,
        "padding": padding,
        "explicit_paddings": [],
        "dilations": [1] * 4,
        "data_format": b"NHWC",
        "use_cudnn_on_gpu": True,
    }
    tf.__internal__.record_gradient(
        "Conv2DBackpropFilter",
        [x, tf.constant(shape), dy],
        [field for pair in attributes.items() for field in pair],
        [dkernel],
    )
    return dkernel


def _padded(x, dy, shape, strides):
    """Returns the images with the zeros around them that `"SAME"` padding adds."""
    widths = [[0, 0]]
    for axis in (1, 2):
        needed = (dy.shape[axis] - 1) * strides[axis] + shape[axis - 1]
        zeros = max(needed - x.shape[axis], 0)
        widths.append([zeros // 2, zeros - zeros // 2])
    return tf.pad(x, [*widths, [0, 0]])
