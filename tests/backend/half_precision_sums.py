"""Layers whose gradients are long sums, in bfloat16 and in float32."""

import keras
import numpy as np

from ganzoo import backend
from ganzoo.layers import ConditionalBatchNormalization, SelfAttention

if keras.backend.backend() == "jax":
    import jax

POSITIONS = 34 * 34


def layers_and_inputs(dtype):
    """Yields a layer and the arrays that it is called with."""
    convolution = {"filters": 2, "kernel_size": 3, "padding": "same", "dtype": dtype}
    images, ones = (3, 34, 34, 2), np.ones
    yield keras.layers.Dense(2, dtype=dtype), [ones((POSITIONS, 2))]
    yield keras.layers.Conv1D(**convolution), [ones((3, POSITIONS, 2))]
    yield keras.layers.Conv2D(**convolution), [ones(images)]
    yield keras.layers.Conv2D(**convolution, strides=2), [ones((9, 34, 34, 2))]
    yield keras.layers.Conv2DTranspose(**convolution, strides=2), [ones((3, 17, 17, 2))]
    yield keras.layers.Conv3D(**convolution), [ones((3, 10, 12, 11, 2))]
    yield keras.layers.DepthwiseConv2D(3, padding="same", dtype=dtype), [ones(images)]
    yield SelfAttention(dtype=dtype), [ones((3, 12, 12, 8))]
    yield keras.layers.Embedding(2, 2, dtype=dtype), [np.zeros(POSITIONS, "int32")]
    yield (
        ConditionalBatchNormalization(2, dtype=dtype),
        [
            np.tile([[1.0], [3.0]], (POSITIONS, 2)),
            np.tile([0, 1], POSITIONS).astype("int32"),
        ],
    )


def gradients(layer, inputs):
    """Returns the gradients of the sum of a layer's squared outputs, as float32 arrays."""
    inputs = inputs if len(inputs) > 1 else inputs[0]
    layer(inputs)
    for variable in layer.trainable_variables:
        variable.assign(np.full(variable.shape, 0.25))

    def objective():
        outputs = keras.ops.cast(layer(inputs, training=True), "float32")
        return keras.ops.sum(keras.ops.square(outputs)), ()

    def differentiate():
        return backend.value_and_grad(objective, layer.trainable_variables, layer.variables)[2]

    # Each operation alone would take JAX a compilation.
    found = jax.jit(differentiate)() if keras.backend.backend() == "jax" else differentiate()
    return [
        keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.convert_to_tensor(each), "float32"))
        for each in found
    ]


def largest_errors(names=None):
    """Returns the largest relative error of the gradients of each layer in bfloat16.

    Args:
        names: Names of classes of layers, to leave out the others.
    """
    errors = []
    for (half, inputs), (full, _) in zip(
        layers_and_inputs("mixed_bfloat16"), layers_and_inputs("float32"), strict=True
    ):
        if names and type(half).__name__ not in names:
            continue
        inputs = [each.astype("int32" if each.dtype == "int32" else "float32") for each in inputs]
        pairs = zip(gradients(half, inputs), gradients(full, inputs), strict=True)
        error = max(np.abs(found - right).max() / np.abs(right).max() for found, right in pairs)
        errors.append((full.name, float(error)))
    return errors
