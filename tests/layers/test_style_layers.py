"""The layers of style-based networks against the equations of the papers in float64 NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from ganzoo.backend import input_gradient
from ganzoo.layers import (
    Blur2D,
    EqualizedLearningRate,
    LearnedConstant,
    ModulatedConv2D,
    NoiseInjection,
    PixelNormalization,
    ScaledLeakyReLU,
)
from ganzoo.random import Draws

TAPS = np.array([0.5, 1.0, -0.25])


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def tensor(array, dtype="float32"):
    return ops.convert_to_tensor(np.asarray(array), dtype)


def modulated(x, s, kernel, **options):
    """The layer's output where the scales of the channels are `s`, float64 `(batch, channels)`."""
    layer = ModulatedConv2D(kernel.shape[-1], kernel.shape[0], dtype="float64", **options)
    layer.build([x.shape, (len(x), 1, s.shape[1])])
    layer.kernel.assign(kernel)
    layer.affine.layer.kernel.assign(np.sqrt(s.shape[1]) * np.eye(s.shape[1]))
    layer.affine.layer.bias.assign(np.zeros(s.shape[1]))
    return np.array(layer([tensor(x, "float64"), tensor(s[:, None], "float64")]))


def correlate(x, kernel):
    """The correlation of the inner positions, `(batch, height, width, filters)`."""
    side = kernel.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))
    return np.einsum("nhwiab,abio->nhwo", windows, kernel)


def padded(x, before, after):
    return np.pad(x, [(0, 0), (before, after), (before, after), (0, 0)])


def each_with_its_own_kernel(x, s, kernel, upsample, demodulate):
    """The equations of the paper: one kernel for each example."""
    side, rows = kernel.shape[0], []
    filters = np.outer([1, 3, 3, 1], [1, 3, 3, 1])[:, :, None, None] / 16
    for one, scales in zip(x, s, strict=True):
        own = kernel * scales[:, None]
        if demodulate:
            own = own / np.sqrt((own**2).sum(axis=(0, 1, 2)) + 1e-8)
        else:
            own = own / np.sqrt(own[..., 0].size)
        one = one[None]
        if upsample:
            zeros = np.zeros((1, 2 * one.shape[1], 2 * one.shape[2], one.shape[3]))
            zeros[:, ::2, ::2] = one
            zeros = padded(zeros, 2 + side // 2, 1 + side // 2)
            one = np.concatenate(
                [correlate(zeros[..., [i]], filters) for i in range(x.shape[-1])], axis=-1
            )
        else:
            one = padded(one, side // 2, side // 2)
        rows.append(correlate(one, own))
    return np.concatenate(rows)


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize(
    ("upsample", "side"), [(False, 3), (False, 1), (True, 1), (True, 3), (True, 5)]
)
def test_modulated_convolution(upsample, side, demodulate):
    x, s, kernel = normal(2, 4, 5, 3), normal(2, 3, seed=1), normal(side, side, 3, 2, seed=2)
    outputs = modulated(x, s, kernel, upsample=upsample, demodulate=demodulate)
    expected = each_with_its_own_kernel(x, s, kernel, upsample, demodulate)
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)


def test_modulated_convolution_by_hand():
    x, s, kernel = (
        np.ones((1, 1, 1, 2)),
        np.array([[1.0, 2.0]]),
        np.reshape([3.0, 4.0], (1, 1, 2, 1)),
    )
    np.testing.assert_allclose(modulated(x, s, kernel), [[[[1.287453]]]], rtol=1e-6)
    outputs = modulated(x, s, kernel, demodulate=False)
    np.testing.assert_allclose(outputs, [[[[7.778175]]]], rtol=1e-6)


def test_the_scale_of_a_style_has_no_effect_and_variances_stay():
    x, s, kernel = normal(64, 8, 8, 6), normal(64, 6, seed=1), normal(3, 3, 6, 4, seed=2)
    outputs = modulated(x, s, kernel)
    np.testing.assert_allclose(modulated(x, 7.0 * s, kernel), outputs, rtol=1e-7)
    assert outputs[:, 1:-1, 1:-1].std() == pytest.approx(1.0, abs=0.02)


def test_half_precision_survives_large_kernels_and_scales():
    x, kernel = normal(2, 4, 4, 3), 1e4 * normal(3, 3, 3, 2, seed=2)
    layer = ModulatedConv2D(2, 3, dtype="mixed_float16")
    inputs = [tensor(x), tensor(1e3 * normal(2, 1, 5))]
    layer.build([value.shape for value in inputs])
    layer.kernel.assign(kernel)
    full = ModulatedConv2D(2, 3)
    full.build([value.shape for value in inputs])
    full.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(inputs), full(inputs), atol=0.02)


def test_upsampling_and_downsampling_convolutions_of_a_ramp():
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, :, 0, 0] = 3 * TAPS  # The layer divides by the root of 9.
    x, s = np.arange(1.0, 5.0).reshape(1, 1, 4, 1), np.ones((1, 1))
    outputs = modulated(x, s, kernel, upsample=True, demodulate=False)[0, 0, :, 0] / 0.75
    expected = [0.5625, 1.1875, 1.8125, 2.4375, 3.0625, 3.6875, 4.625, 4.625]
    np.testing.assert_allclose(outputs, expected)
    x = Blur2D()(tensor(np.tile(np.arange(1.0, 9.0)[None, None, :, None], (1, 8, 1, 1))))
    outputs = ops.conv(x, tensor(kernel / 3), 2, "valid")[0, 1, :, 0]
    np.testing.assert_allclose(outputs, [1.1875, 3.625, 6.125, 8.65625])


def test_the_gradient_of_the_blur_is_its_adjoint():
    x, y = tensor(normal(2, 5, 4, 3)), tensor(normal(2, 7, 5, 3, seed=1))
    gradient = input_gradient(lambda x: ops.sum(Blur2D()(x) * y), x)
    np.testing.assert_allclose(ops.sum(gradient * x), ops.sum(Blur2D()(x) * y), rtol=1e-5)
    again = input_gradient(
        lambda y: ops.sum(x * input_gradient(lambda x: ops.sum(Blur2D()(x) * y), x)), y
    )
    np.testing.assert_allclose(again, Blur2D()(x), atol=1e-6)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_an_equalized_weight_moves_in_proportion_to_its_size(rate):
    inner = keras.layers.Conv2D(2, 3, kernel_initializer=EqualizedLearningRate.initializer(rate))
    layer = EqualizedLearningRate(inner, rate)
    x = normal(2, 5, 5, 4).astype("float32")
    layer.build(x.shape)
    inner.bias.assign([1.0, -2.0])
    gain = rate / np.sqrt(9 * 4)
    kernel = np.array(inner.kernel)
    expected = correlate(x, gain * kernel) + rate * np.array(inner.bias)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)
    assert np.array(inner.kernel).std() * rate == pytest.approx(1.0, rel=0.3)

    model = keras.Sequential([layer])
    model.compile(keras.optimizers.Adam(0.1, beta_1=0.0, epsilon=1e-12), "mse", run_eagerly=True)
    model.train_on_batch(x, np.ones((2, 3, 3, 2)))
    moved = gain * (np.array(inner.kernel) - kernel)
    np.testing.assert_allclose(np.abs(moved), 0.1 * gain, rtol=1e-3)


def test_an_embedding_is_a_dense_layer_of_one_hot_vectors():
    embedding = keras.layers.Embedding(4, 3)
    rows = EqualizedLearningRate(embedding)(tensor([2, 0], "int32"))
    np.testing.assert_allclose(rows, np.array(embedding.embeddings)[[2, 0]] / 2.0, rtol=1e-6)


def test_pixel_normalization():
    outputs = PixelNormalization()(tensor([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(outputs, [[0.848528, 1.131371], [0.0, 0.0]], rtol=1e-6)


def test_scaled_leaky_relu():
    x = normal(10_000)
    outputs = np.array(ScaledLeakyReLU()(tensor(x)))
    np.testing.assert_allclose(outputs, np.sqrt(2) * np.where(x > 0, x, 0.2 * x), rtol=1e-5)
    assert np.mean(outputs**2) == pytest.approx(1.04, abs=0.05)
    half = ScaledLeakyReLU(dtype="float16")(tensor([1e4, -1e4], "float16"))
    np.testing.assert_array_equal(half, [256.0, -256.0])


def test_learned_constant():
    layer = LearnedConstant((2, 3))
    outputs = np.array(layer(tensor(normal(4, 7))))
    assert outputs.shape == (4, 2, 3)
    np.testing.assert_array_equal(outputs, np.broadcast_to(np.array(layer.constant), (4, 2, 3)))


def test_noise_is_a_function_of_the_state_and_constant_in_inference():
    layer, x = NoiseInjection(), tensor(normal(3, 4, 5, 2))
    np.testing.assert_array_equal(layer(x, training=True), x)  # The strength starts at 0.
    layer.strength.assign(0.5)
    layer.seed_state.assign([7, 8])
    noise = np.array(layer(x, training=True) - x) / 0.5
    expected = Draws(tensor([7, 8], "int32"), step=0).normal("noise", 3, (4, 5, 1))
    np.testing.assert_allclose(noise, np.broadcast_to(expected, noise.shape), atol=1e-5)
    assert np.abs(noise - np.array(layer(x, training=True) - x) / 0.5).max() > 1.0
    assert list(np.array(layer.seed_state)) == [7, 10]
    constant = np.array(layer(x) - x) / 0.5
    own = np.broadcast_to(np.array(layer.map)[None, :, :, None], constant.shape)
    np.testing.assert_allclose(constant, own, atol=1e-6)


def test_the_gradient_of_the_strength_is_the_noise_times_that_of_the_outputs():
    layer, x = NoiseInjection(), tensor(normal(3, 4, 5, 2))
    layer.build(x.shape)
    upstream = normal(3, 4, 5, 2, seed=1).astype("float32")
    with tf.GradientTape() as tape:
        loss = ops.sum(layer(x, training=True) * upstream)
    gradient = tape.gradient(loss, layer.strength.value)
    layer.seed_state.assign(np.array(layer.seed_state) - [0, 1])
    layer.strength.assign(1.0)
    noise = np.array(layer(x, training=True) - x)
    np.testing.assert_allclose(gradient, np.sum(noise * upstream), rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: ModulatedConv2D(0, 3), "filters"),
        (lambda: ModulatedConv2D(2, 4), "kernel_size"),
        (lambda: ModulatedConv2D(2, 3, row=-1), "row"),
        (lambda: EqualizedLearningRate(keras.layers.Dense(1), rate=0.0), "rate"),
        (lambda: LearnedConstant((4, 0)), "shape"),
        (lambda: LearnedConstant(4), "shape"),
        (lambda: ScaledLeakyReLU(slope=-1.0), "slope"),
        (lambda: ModulatedConv2D(2, 3, row=2).build([(1, 4, 4, 2), (1, 2, 3)]), "styles of shape"),
        (lambda: Blur2D().build((None, None, 4, 1)), "input_shape"),
        (lambda: NoiseInjection().build((None, 4)), "input_shape"),
    ],
)
def test_impossible_arguments_are_refused(make, argument):
    with pytest.raises(ValueError, match=rf"Received: {argument}\b"):
        make()
