import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo import backend
from ganzoo.layers import GroupedConv2D
from support.processes import run_python

RANDOM = np.random.default_rng(0)


def whole_kernel(kernel, groups):
    """The kernel of the plain convolution that computes all groups, with zeros between them."""
    *sides, channels, filters = kernel.shape
    each = filters // groups
    whole = np.zeros((*sides, groups * channels, filters))
    for group in range(groups):
        rows = slice(group * channels, (group + 1) * channels)
        columns = slice(group * each, (group + 1) * each)
        whole[:, :, rows, columns] = kernel[..., columns]
    return whole


@pytest.mark.parametrize(
    ("channels", "filters", "settings"),
    [
        (80, 40, {"groups": 5, "padding": "same"}),  # One group at a time.
        (96, 48, {"groups": 12, "padding": "same", "strides": 2}),  # Two groups at a time.
        (96, 48, {"groups": 24, "padding": "same"}),  # Four groups at a time.
        (6, 9, {"groups": 3, "dilation_rate": 2}),  # All groups together.
        (4, 4, {"groups": 1}),
    ],
)
def test_groups_are_a_plain_convolution_with_zeros_between_them(channels, filters, settings):
    layer = GroupedConv2D(filters, 3, dtype="float64", bias_initializer="ones", **settings)
    images = RANDOM.standard_normal((2, 7, 6, channels))
    layer.build(images.shape)
    stock = keras.layers.Conv2D(filters, 3, dtype="float64", **settings)
    stock.build(images.shape)
    assert layer.kernel.shape == stock.kernel.shape
    plain = {name: value for name, value in settings.items() if name != "groups"}
    whole = whole_kernel(layer.kernel.numpy(), settings["groups"])
    expected = 1 + keras.ops.conv(
        images,
        whole,
        plain.get("strides", 1),
        plain.get("padding", "valid"),
        dilation_rate=plain.get("dilation_rate", 1),
    )
    np.testing.assert_allclose(layer(images), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.graph
@pytest.mark.parametrize("jit_compile", [False, True])
def test_gradients_of_first_and_second_order(jit_compile):
    images = tf.constant(RANDOM.standard_normal((1, 3, 4, 64)), tf.float64)
    layer = GroupedConv2D(32, 3, groups=8, padding="same", use_bias=False, dtype="float64")
    layer.build(images.shape)
    kernel = layer.kernel.value

    def derivatives(convolve):
        with tf.GradientTape() as outer:
            outer.watch([images, kernel])
            with tf.GradientTape() as inner:
                inner.watch(images)
                value = tf.reduce_sum(tf.sin(convolve(images)))
            gradient = inner.gradient(value, images)
            penalty = tf.reduce_sum(gradient**2)
        return gradient, *outer.gradient(penalty, [images, kernel])

    found = tf.function(lambda: derivatives(layer), jit_compile=jit_compile, autograph=False)()
    expected = derivatives(lambda x: tf.nn.conv2d(x, spread(kernel), 1, "SAME"))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def spread(kernel):
    """Like `whole_kernel`, as a differentiable function of the weights of 8 groups."""
    parts = tf.split(kernel, 8, axis=-1)
    rows = [
        tf.pad(part, [(0, 0), (0, 0), (8 * g, 56 - 8 * g), (0, 0)]) for g, part in enumerate(parts)
    ]
    return tf.concat(rows, axis=-1)


def test_with_an_accelerator_it_is_the_stock_layer(monkeypatch):
    layer = GroupedConv2D(66, 3, groups=3)
    images = RANDOM.standard_normal((1, 4, 4, 66)).astype("float32")
    merged = layer(images).numpy()
    monkeypatch.setattr(backend, "has_accelerator", lambda: True)
    np.testing.assert_allclose(layer(images), merged, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_gradients_on_jax_are_the_stock_layers():
    run_python(
        """
import jax, numpy as np
from ganzoo import backend
from ganzoo.layers import GroupedConv2D

layer = GroupedConv2D(8, 3, groups=2, padding="same")
images = np.random.default_rng(0).standard_normal((1, 3, 3, 8)).astype("float32")
layer.build(images.shape)

def second(kernel):
    def value(x):
        return jax.numpy.sin(layer.stateless_call([kernel, layer.bias.value], [], x)[0]).sum()
    return (jax.grad(value)(images) ** 2).sum()

merged = jax.jit(jax.grad(second))(layer.kernel.value)
backend.has_accelerator = lambda: True
stock = jax.jit(jax.grad(lambda kernel: second(kernel)))(layer.kernel.value)
np.testing.assert_allclose(merged, stock, rtol=1e-4, atol=1e-4)
""",
        backend="jax",
        without_tensorflow=True,
    )
