"""Conversions and norms of tensors that many rooms share: pixels, precision, gradients."""

import keras
from keras import ops

# Half of the largest pixel, by type.
_HALVES = {"uint8": 127.5, "uint16": 32767.5}


def to_signed_range(examples):
    """Returns float examples.

    Args:
        examples: uint8 images in [0, 255] or uint16 images in [0, 65535], which are scaled to
            [-1, 1]; or float examples, which keep their values. Tensors or NumPy arrays of any
            shape.

    Returns:
        Tensor of dtype `keras.config.floatx()`.

    Example:

    >>> to_signed_range(np.array([0, 255], "uint8"))
    <... [-1., 1.] ...>
    """
    half = _HALVES.get(keras.backend.standardize_dtype(examples.dtype))
    if half is not None:
        return ops.cast(examples, keras.config.floatx()) / half - 1.0
    return ops.cast(examples, keras.config.floatx())


def to_uint8(images):
    """Returns uint8 images in [0, 255] from float32 images in [-1, 1], clipped and rounded."""
    return ops.cast(ops.round(ops.clip((images + 1.0) * 127.5, 0.0, 255.0)), "uint8")


def to_class_numbers(labels):
    """Returns labels as int32 of shape `(batch,)`, one number for each row.

    Keras gives labels of shape `(batch,)` as `(batch, 1)` to a network with `keras.Input((1,))`.
    As they are, rows looked up with them would be combined with the rows of all examples.

    Args:
        labels: Integer tensor of shape `(batch,)` or `(batch, 1)`.

    Raises:
        ValueError: If the labels have another shape.

    Example:

    >>> to_class_numbers(np.array([[3], [1]]))
    <... [3, 1] ...>
    """
    shape = tuple(labels.shape)
    if len(shape) != 1 and (len(shape) != 2 or shape[1] not in (1, None)):
        raise ValueError(
            "Labels must have the shape (batch,) or (batch, 1), one integer for each example. "
            f"Received: labels of shape {shape}"
        )
    return ops.reshape(ops.cast(labels, "int32"), (-1,))


def at_least_float32(values):
    """Returns half precision as float32, and float32 and float64 as they are."""
    return ops.cast(values, dtype_of_means(values.dtype))


def check_scalar(owner, value):
    """Returns the value of a loss or a penalty, or raises `ValueError` if it is not one number.

    Args:
        owner: What has this value, for the message.
        value: A number or a tensor.
    """
    shape = tuple(getattr(value, "shape", ()))
    if shape:
        raise ValueError(
            f"{owner} must be one number: take the mean over the batch, `keras.ops.mean(...)`. The"
            " gradient of several numbers would be that of their sum. "
            f"Received: a value of shape {shape}"
        )
    return value


def dtype_of_means(dtype):
    """Returns the dtype of a slow mean of values: float32, or float64 of float64.

    A late step of a mean is smaller than the distance between two 16-bit numbers: in 16 bits the
    mean would stand still.
    """
    return keras.backend.result_type(keras.backend.standardize_dtype(dtype), "float32")


def policy_of_means(policy):
    """Returns the dtype policy with the same computations, and weights in float32 at least.

    Args:
        policy: A `keras.DTypePolicy`.
    """
    if policy.variable_dtype not in ("float16", "bfloat16"):
        return policy
    return keras.DTypePolicy(f"mixed_{policy.compute_dtype}")


def root(squares):
    """Returns the square root of sums of squares, with a finite derivative at 0.

    It is `sqrt(squares + 1e-12)`. This changes a root of 1e-3 by less than a millionth of it.

    Args:
        squares: Floating tensor in float32 or wider, at least 0.
    """
    return ops.sqrt(squares + 1e-12)


def unit(tensor):
    """Returns a tensor of any shape divided by its Euclidean norm. A tensor of zeros stays zero."""
    return tensor / (ops.sqrt(ops.sum(ops.square(tensor))) + 1e-12)


def squared_norms(gradients):
    """Returns the squared Euclidean norm of each row, `(batch,)`, in float32 or wider.

    Args:
        gradients: Floating tensor of shape `(batch, ...)`.
    """
    axes = tuple(range(1, len(gradients.shape)))
    return ops.sum(ops.square(at_least_float32(gradients)), axis=axes)
