"""Gradients in bfloat16 on a CPU: their sums, and the kernel gradient as a forward convolution."""

import importlib.util
import json

import numpy as np
import pytest
import tensorflow as tf
from half_precision_sums import POSITIONS, largest_errors

from ganzoo.backend import tensorflow_gradients
from support.processes import run_python

# A bfloat16 number has 8 significant bits: each rounding is at most 1/256 off.
ROUNDINGS = 4 / 256
ON_JAX = """
import json, sys
sys.path.append("tests/backend")
from half_precision_sums import largest_errors

print(json.dumps(largest_errors(["Conv2D", "Embedding"])))
"""


def test_tensorflow_alone_adds_bfloat16_one_by_one():
    """What is replaced. If this fails, TensorFlow has mended it."""
    ones = tf.ones((1, POSITIONS, 1, 8), tf.bfloat16)
    assert set(tf.raw_ops.BiasAddGrad(out_backprop=ones).numpy()) == {256}
    kernel = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=ones,
        filter_sizes=[1, 1, 8, 1],
        out_backprop=ones,
        strides=[1] * 4,
        padding="SAME",
    )
    assert set(np.ravel(kernel)) == {256}


def test_long_sums_are_right_on_tensorflow():
    for name, error in largest_errors():
        assert error < ROUNDINGS, name


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_long_sums_are_right_on_jax():
    printed = run_python(ON_JAX, backend="jax", without_tensorflow=True)
    for name, error in json.loads(printed):
        assert error < ROUNDINGS, name


# Side, inputs, outputs, kernel, strides, padding, whether it is transposed.
CONVOLUTIONS = [
    ((8, 8), 5, 7, (5, 5), (2, 2), "SAME", False),
    ((9, 7), 5, 7, (3, 4), (2, 1), "SAME", False),
    ((9, 7), 5, 7, (3, 2), (2, 3), "VALID", False),
    ((7, 7), 3, 4, (1, 1), (2, 2), "SAME", False),
    ((4, 4), 5, 7, (5, 5), (2, 2), "SAME", True),
    ((5, 3), 5, 7, (4, 4), (2, 2), "VALID", True),
]


def derivatives(case, dtype):
    """Returns the first and the second derivatives of a convolution of small integers.

    They are integers below 256, which bfloat16 holds exactly.
    """
    side, inputs, outputs, size, strides, padding, is_transposed = case
    rng = np.random.default_rng(0)
    x = tf.constant(rng.integers(-1, 2, (2, *side, inputs)), dtype)
    shape = (*size, outputs, inputs) if is_transposed else (*size, inputs, outputs)
    kernel = tf.constant(rng.integers(-1, 2, shape), dtype)

    def convolve():
        if not is_transposed:
            return tf.nn.conv2d(x, kernel, strides, padding)
        sides = [
            n * s if padding == "SAME" else (n - 1) * s + k
            for n, s, k in zip(side, strides, size, strict=True)
        ]
        return tf.nn.conv2d_transpose(x, kernel, (2, *sides, outputs), strides, padding)

    def weighted(tensor):
        # Signs that vary: a mirrored or a transposed gradient has another sum.
        signs = np.where(np.arange(np.prod(tensor.shape)) % 3, 1, -1).reshape(tensor.shape)
        return tf.reduce_sum(tf.cast(tensor, "float32") * signs)

    with tf.GradientTape() as outer:
        outer.watch([x, kernel])
        with tf.GradientTape() as inner:
            inner.watch([x, kernel])
            value = weighted(tf.square(convolve()))
        first = inner.gradient(value, [x, kernel])
        total = weighted(first[0]) + weighted(first[1])
    return [tf.cast(each, "float32") for each in (*first, *outer.gradient(total, [x, kernel]))]


@pytest.mark.parametrize("has_bfloat16", [False, True])
def test_derivatives_are_tensorflows(monkeypatch, has_bfloat16):
    monkeypatch.setattr(tensorflow_gradients, "_has_bfloat16", lambda: has_bfloat16)
    monkeypatch.setattr(tensorflow_gradients, "_forward_form_pays", lambda *_: True)
    for case in CONVOLUTIONS:
        for found, right in zip(
            derivatives(case, tf.bfloat16), derivatives(case, tf.float32), strict=True
        ):
            assert np.abs(right).max() > 8, case
            np.testing.assert_allclose(found, right, atol=2 * np.abs(right).max() / 256)
