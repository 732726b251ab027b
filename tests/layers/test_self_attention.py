import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from ganzoo.layers import SelfAttention, SpectralNormalization

SHAPE = (2, 3, 4, 16)


def images(shape=SHAPE, dtype="float64"):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def built(shape=SHAPE, dtype="float64", gamma=0.7, **arguments):
    layer = SelfAttention(dtype=dtype, **arguments)
    layer.build((None, *shape[1:]))
    layer.gamma.assign(gamma)
    return layer


def paper(layer, x, pool=1):
    """Equations 1 to 3 for each position, optionally with max-pooled keys and values."""
    w_f, w_g, w_h, w_v = (
        np.asarray(part.kernel)[0, 0] for part in (layer.f, layer.g, layer.h, layer.v)
    )
    outputs = np.empty_like(x)
    for n, image in enumerate(x):
        keys, values = image @ w_f, image @ w_h
        if pool > 1:
            keys, values = max_pooled(keys, pool), max_pooled(values, pool)
        keys, values = keys.reshape(-1, keys.shape[-1]), values.reshape(-1, values.shape[-1])
        for where in np.ndindex(image.shape[:2]):
            s = keys @ (image[where] @ w_g)
            beta = np.exp(s) / np.exp(s).sum()
            o = (beta @ values) @ w_v
            outputs[n][where] = float(layer.gamma) * o + image[where]
    return outputs


def max_pooled(x, pool):
    height, width = (-(-side // pool) for side in x.shape[:2])
    return np.array(
        [
            [
                x[i * pool : (i + 1) * pool, j * pool : (j + 1) * pool].max(axis=(0, 1))
                for j in range(width)
            ]
            for i in range(height)
        ]
    )


def test_output_is_equations_1_to_3():
    layer, x = built(), images()
    np.testing.assert_allclose(layer(ops.array(x)), paper(layer, x), rtol=1e-9)
    channels = [part.kernel.shape[2:] for part in (layer.f, layer.g, layer.h, layer.v)]
    assert channels == [(16, 2), (16, 2), (16, 2), (2, 16)]
    assert len(layer.trainable_variables) == 5


@pytest.mark.parametrize("shape", [(2, 4, 6, 16), (1, 4, 4, 16)])
def test_pooled_form_equals_the_official_code(shape):
    layer, x = built(shape, value_reduction=2, pool_size=2), images(shape)
    np.testing.assert_allclose(layer(ops.array(x)), paper(layer, x, pool=2), rtol=1e-9)
    assert layer.h.kernel.shape[-1] == 8 and layer.f.kernel.shape[-1] == 2


def test_pooling_keeps_odd_sides():
    assert built((1, 5, 3, 8), pool_size=2)(ops.ones((1, 5, 3, 8))).shape == (1, 5, 3, 8)


def test_new_layer_passes_its_inputs_through_and_learns_gamma_first():
    layer, x = SelfAttention(), tf.constant(images(dtype="float32"))
    with tf.GradientTape() as tape:
        outputs = layer(x)
        cost = ops.sum(outputs * ops.sin(x))
    np.testing.assert_array_equal(outputs, x)
    by_gamma, by_f = tape.gradient(cost, [layer.gamma.value, layer.f.kernel.value])
    assert abs(by_gamma) > 0
    np.testing.assert_array_equal(by_f, np.zeros_like(by_f))


def test_gradients_equal_the_gradients_of_the_equations():
    layer, x = built((1, 2, 2, 8), key_reduction=4), images((1, 2, 2, 8))
    variables = [layer.f.kernel, layer.g.kernel, layer.h.kernel, layer.v.kernel, layer.gamma]
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        cost = ops.sum(ops.sin(layer(inputs)))
    *by_variables, by_inputs = tape.gradient(cost, [*(v.value for v in variables), inputs])

    def slope(move):
        """The central difference of the cost of the equations, where `move(step)` changes them."""
        costs = []
        for step in (1e-6, -1e-6):
            move(step)
            costs.append(np.sin(paper(layer, x)).sum())
            move(-step)
        return (costs[0] - costs[1]) / 2e-6

    for variable, gradient in zip(variables, by_variables, strict=True):
        direction = np.random.default_rng(1).standard_normal(variable.shape)
        expected = slope(lambda step, v=variable, d=direction: v.assign_add(step * d))
        np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-5)
    direction = np.random.default_rng(2).standard_normal(x.shape)

    def move_inputs(step):
        nonlocal x
        x = x + step * direction

    np.testing.assert_allclose(np.sum(by_inputs * direction), slope(move_inputs), rtol=1e-5)


def test_examples_do_not_attend_to_each_other():
    layer, x = built(), images()
    np.testing.assert_allclose(layer(ops.array(x[:1]))[0], layer(ops.array(x))[0], rtol=1e-12)


def test_spectral_normalization_wraps_every_convolution():
    layer = built(spectral_normalization=True, dtype="float32")
    parts = (layer.f, layer.g, layer.h, layer.v)
    assert all(isinstance(part, SpectralNormalization) for part in parts)
    before = [part.u.numpy() for part in parts]
    layer(ops.array(images(dtype="float32")), training=False)
    for part, u in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part.u, u)
        part.kernel.assign_add(np.random.default_rng(0).standard_normal(part.kernel.shape))
    layer(ops.array(images(dtype="float32")), training=True)
    assert all(np.abs(part.u.numpy() - u).max() > 0 for part, u in zip(parts, before, strict=True))


def test_softmax_is_float32_under_mixed_precision():
    # A half-precision sum of 4096 equal parts would stop growing at 256.
    shape = (1, 64, 64, 8)
    layer = built(shape, dtype="mixed_bfloat16", gamma=1.0)
    layer.v.kernel.assign(np.ones(layer.v.kernel.shape))
    layer.h.kernel.assign(np.full(layer.h.kernel.shape, 0.125))
    outputs = layer(ops.ones(shape, "bfloat16"))
    assert outputs.dtype == "bfloat16"
    np.testing.assert_allclose(ops.cast(outputs, "float32"), np.full(shape, 2.0), rtol=0.02)


def test_few_channels_are_reduced_to_one():
    assert built((1, 2, 2, 3)).f.kernel.shape == (1, 1, 3, 1)


@pytest.mark.parametrize("name", ["key_reduction", "value_reduction", "pool_size"])
def test_arguments_are_checked(name):
    with pytest.raises(ValueError, match=f"Received: {name}=0"):
        SelfAttention(**{name: 0})
