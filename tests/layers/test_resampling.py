import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from ganzoo.layers import FilteredDownSampling2D, FilteredUpSampling2D, downsample, upsample
from support.processes import run_python

RANDOM = np.random.default_rng(0)


def matrix(size):
    """The equation of `downsample` along one axis, as a matrix."""
    half = -(-size // 2)
    weights = np.zeros((half, size))
    for i in range(half):
        for offset, weight in zip((-1, 0, 1, 2), (1, 3, 3, 1), strict=True):
            if 0 <= 2 * i + offset < size:
                weights[i, 2 * i + offset] = weight / 8
    return weights


def both_axes(images, rows, columns):
    return np.einsum("ih,jw,nhwc->nijc", rows, columns, images)


def test_filters_of_one_axis():
    line = np.arange(1.0, 5.0).reshape(1, 1, 4, 1)
    # The other axis has one row, which is an edge: it scales by 3/4 and by 3/8.
    doubled = upsample(ops.convert_to_tensor(line)).numpy()[0, :, :, 0] / 0.75
    np.testing.assert_allclose(doubled[0], [0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 3])
    np.testing.assert_array_equal(doubled[1], doubled[0])
    line = np.arange(1.0, 9.0).reshape(1, 8, 1, 1)
    halved = downsample(ops.convert_to_tensor(line)).numpy()[0, :, 0, 0] / 0.375
    np.testing.assert_allclose(halved, [1.5, 3.5, 5.5, 6.375])


@pytest.mark.parametrize("sides", [(8, 6), (7, 8), (5, 3), (1, 2)])
def test_filters_of_both_axes_are_adjoint(sides):
    images = RANDOM.standard_normal((2, *sides, 3))
    rows, columns = map(matrix, sides)
    halved = downsample(ops.convert_to_tensor(images)).numpy()
    np.testing.assert_allclose(halved, both_axes(images, rows, columns), rtol=1e-12, atol=1e-12)
    small = RANDOM.standard_normal(halved.shape)
    doubled = upsample(ops.convert_to_tensor(small)).numpy()[:, : sides[0], : sides[1]]
    expected = 4 * both_axes(small, rows.T, columns.T)
    np.testing.assert_allclose(doubled, expected, rtol=1e-12, atol=1e-12)


def test_constant_images_lose_a_quarter_at_each_edge():
    doubled = upsample(ops.ones((1, 3, 3, 1))).numpy()[0, :, :, 0]
    expected = np.outer([0.75, 1, 1, 1, 1, 0.75], [0.75, 1, 1, 1, 1, 0.75])
    np.testing.assert_allclose(doubled, expected)


def test_gradients_of_second_order_in_a_graph_and_with_xla():
    images = tf.constant(RANDOM.standard_normal((2, 5, 4, 1)), tf.float64)
    layers = FilteredDownSampling2D(dtype="float64"), FilteredUpSampling2D(dtype="float64")

    def gradient_of_penalty(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layers[1](layers[0](x)) ** 3)
            penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
        return outer.gradient(penalty, x)

    # y = sum (U D x)^3, so grad = 3 A^T (A x)^2, and the gradient of its squared norm follows.
    down = np.kron(matrix(5), matrix(4))
    up = 4 * np.kron(matrix(6).T, matrix(4).T)
    a = up @ down
    expected = np.zeros((2, 20))
    for row, x in enumerate(images.numpy().reshape(2, 20)):
        inner = 3 * a.T @ (a @ x) ** 2
        expected[row] = 2 * 6 * a.T @ ((a @ x) * (a @ inner))
    signature = [tf.TensorSpec((None, 5, 4, 1), tf.float64)]
    compiled = tf.function(gradient_of_penalty, input_signature=signature, autograph=False)
    np.testing.assert_allclose(compiled(images).numpy().reshape(2, 20), expected, rtol=1e-9)
    compiled = tf.function(gradient_of_penalty, jit_compile=True, autograph=False)
    np.testing.assert_allclose(compiled(images).numpy().reshape(2, 20), expected, rtol=1e-9)


def test_maps_of_unknown_size_are_refused():
    with pytest.raises(ValueError, match=r"Received: input_shape=\(2, 3, 4\)"):
        FilteredUpSampling2D()(ops.ones((2, 3, 4)))


@pytest.mark.slow
def test_sums_are_equal_on_jax():
    run_python(
        """
import numpy as np
from keras import ops
from ganzoo.layers import downsample, upsample

line = upsample(ops.reshape(ops.arange(1.0, 5.0), (1, 4, 1, 1)))
np.testing.assert_allclose(line[0, :4, 0, 0] / 0.75, [0.75, 1.25, 1.75, 2.25])
line = downsample(ops.reshape(ops.arange(1.0, 9.0), (1, 1, 8, 1)))
np.testing.assert_allclose(line[0, 0, :, 0] / 0.375, [1.5, 3.5, 5.5, 6.375])
""",
        backend="jax",
        without_tensorflow=True,
    )
