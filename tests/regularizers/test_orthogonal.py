import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.regularizers import Orthogonal

SHAPES = {"tall": (7, 4), "wide": (3, 8), "square": (5, 5), "convolution": (3, 3, 2, 6)}


def kernel_of(shape, name="kernel", dtype="float64"):
    values = np.random.default_rng(0).normal(size=shape)
    return keras.Variable(values, dtype=dtype, name=name)


def written_out(kernel, off_diagonal):
    """The papers' equations, filter by filter."""
    filters = np.moveaxis(kernel, -1, 0).reshape(kernel.shape[-1], -1)
    cost = 0.0
    for i, first in enumerate(filters):
        for j, second in enumerate(filters):
            if i != j:
                cost += (first @ second) ** 2
            elif not off_diagonal:
                cost += (first @ first - 1) ** 2
    return cost


@pytest.mark.parametrize("off_diagonal", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_value_and_gradient_are_those_of_the_equation(shape, off_diagonal):
    kernel, part = kernel_of(shape), Orthogonal(weight=0.3, off_diagonal=off_diagonal)
    values = kernel.numpy()
    with tf.GradientTape() as tape:
        penalty = part.penalty([kernel], None)
    gradient = tape.gradient(penalty, kernel.value)
    assert penalty.dtype == tf.float64
    np.testing.assert_allclose(penalty, 0.3 * written_out(values, off_diagonal), rtol=1e-10)

    w = values.reshape(-1, shape[-1])
    gram = w.T @ w
    excess = gram - np.diag(np.diag(gram)) if off_diagonal else gram - np.eye(len(gram))
    np.testing.assert_allclose(
        gradient, (4 * 0.3 * w @ excess).reshape(shape), rtol=1e-9, atol=1e-10
    )


def test_orthogonal_filters_of_any_length_cost_nothing():
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 4)))
    orthonormal, orthogonal = (
        keras.Variable(q * lengths, dtype="float64", name="kernel")
        for lengths in ([1, 1, 1, 1], [1, 2, 3, 4])
    )
    off_diagonal, whole = Orthogonal(weight=1.0), Orthogonal(weight=1.0, off_diagonal=False)
    np.testing.assert_allclose(off_diagonal.penalty([orthogonal]), 0, atol=1e-20)
    np.testing.assert_allclose(whole.penalty([orthonormal]), 0, atol=1e-20)
    # (2^2 - 1)^2 + (3^2 - 1)^2 + (4^2 - 1)^2
    np.testing.assert_allclose(whole.penalty([orthogonal]), 9 + 64 + 225, rtol=1e-10)


def test_kernels_add_up_and_nothing_else_counts():
    kernels = [kernel_of(shape) for shape in SHAPES.values()]
    others = [kernel_of((4, 6), name) for name in ("embeddings", "gamma", "beta")] + [
        kernel_of((4,), name) for name in ("bias", "kernel")
    ]
    part = Orthogonal(weight=2.0)
    expected = 2.0 * sum(written_out(kernel.numpy(), True) for kernel in kernels)
    np.testing.assert_allclose(part.penalty(kernels + others), expected, rtol=1e-10)


def test_the_kernels_of_a_network_are_found():
    network = keras.Sequential(
        [
            keras.layers.Input((8, 8, 2)),
            keras.layers.Conv2D(5, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Conv2DTranspose(4, 4),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    kernels = [layer.kernel.numpy() for layer in network.layers if hasattr(layer, "kernel")]
    assert len(kernels) == 3
    expected = sum(written_out(np.float64(kernel), True) for kernel in kernels)
    penalty = Orthogonal(weight=1.0).penalty(network.trainable_variables)
    np.testing.assert_allclose(penalty, expected, rtol=1e-5)


def test_a_network_without_kernels_is_refused():
    with pytest.raises(ValueError, match=r"at least one .*Received: variables named \['beta'\]"):
        Orthogonal().penalty([kernel_of((3, 4), "beta")])


def test_the_defaults_are_biggans_and_there_is_no_memory():
    part = Orthogonal()
    config = {"weight": 1e-4, "off_diagonal": True, "player": "generator", "every": 1}
    assert part.get_config() == config
    assert part.state([kernel_of((3, 4))]) is None


@pytest.mark.parametrize("weight", [-1.0, float("inf"), "1", None])
def test_a_bad_weight_is_refused(weight):
    with pytest.raises(ValueError, match="Received: weight="):
        Orthogonal(weight=weight)
