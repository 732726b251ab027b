"""The norm of a layer as a map, against the singular values of the whole matrix in float64."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from ganzoo.layers import SpectralNormalization, WeightNormalization, operator_norm
from support.processes import run_python

CASES = {
    "dense": (lambda: layers.Dense(4), (5,)),
    "dense_on_sequences": (lambda: layers.Dense(4), (3, 5)),
    "conv_1d_causal": (lambda: layers.Conv1D(3, 3, padding="causal", dilation_rate=2), (7, 2)),
    "conv_2d_same": (lambda: layers.Conv2D(3, 3, padding="same"), (5, 4, 2)),
    "conv_2d_strided": (lambda: layers.Conv2D(3, 4, strides=2, padding="same"), (6, 6, 2)),
    "conv_2d_valid": (lambda: layers.Conv2D(2, (3, 2), strides=2), (6, 5, 2)),
    "conv_2d_transpose": (
        lambda: layers.Conv2DTranspose(3, 4, strides=2, padding="same"),
        (3, 3, 2),
    ),
}


def matrix_of(layer, shape):
    """The matrix of the map without bias, one column for each basis vector of the inputs."""
    size = int(np.prod(shape))
    basis = np.eye(size, dtype="float32").reshape(size, *shape)
    zero = ops.convert_to_numpy(layer(np.zeros((1, *shape), "float32")))
    columns = ops.convert_to_numpy(layer(basis)) - zero
    return columns.reshape(size, -1).T.astype("float64")


@pytest.mark.parametrize("make, shape", CASES.values(), ids=CASES.keys())
def test_the_norm_is_the_largest_singular_value_of_the_map(make, shape):
    layer = make()
    layer.build((None, *shape))
    layer.bias.assign(np.arange(layer.bias.shape[0]))
    exact = np.linalg.norm(matrix_of(layer, shape), ord=2)
    assert operator_norm(layer, iterations=30) == pytest.approx(exact, rel=1e-2)

    normalized = SpectralNormalization(make(), norm="operator", factor=2.0)
    normalized.build((None, *shape))
    normalized.layer.set_weights(layer.get_weights())
    normalized.warm_start()
    sigma = float(normalized.sigma())
    assert 0.9 * exact < sigma < 1.0001 * exact
    np.testing.assert_allclose(
        matrix_of(normalized, shape), matrix_of(layer, shape) * 2 / sigma, atol=1e-5
    )


def test_the_norm_of_the_matrix_bounds_a_convolution_only_up_to_the_size_of_its_kernel():
    layer = SpectralNormalization(
        layers.Conv2D(1, 3, padding="same", kernel_initializer="ones", use_bias=False)
    )
    layer.build((None, 16, 16, 1))
    assert 2.9 < operator_norm(layer) < 3


def test_one_iteration_follows_the_equations():
    layer = SpectralNormalization(layers.Conv2D(2, 3, padding="same"), norm="operator")
    layer.build((None, 4, 4, 2))
    plain = layers.Conv2D(2, 3, padding="same")
    plain.build((None, 4, 4, 2))
    plain.set_weights(layer.layer.get_weights())
    matrix = matrix_of(plain, (4, 4, 2))
    u = np.random.default_rng(0).standard_normal(matrix.shape[0])
    u /= np.linalg.norm(u)
    layer.u.assign(u.reshape(layer.u.shape))

    layer(np.zeros((1, 4, 4, 2), "float32"), training=True)

    v = matrix.T @ u
    v /= np.linalg.norm(v)
    expected = matrix @ v
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.u).ravel(), expected / np.linalg.norm(expected), atol=1e-5
    )


def test_the_gradient_loses_its_part_along_the_kernel():
    # W / sigma(W) does not depend on the length of W: so the gradient is orthogonal to W.
    import tensorflow as tf

    layer = SpectralNormalization(layers.Conv2D(2, 3), norm="operator", power_iterations=30)
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 2)).astype("float32")
    layer(x)
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.square(layer(x, training=True)))
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    kernel = layer.kernel.numpy()
    cosine = np.sum(gradient * kernel) / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert np.linalg.norm(gradient) > 1e-3 and abs(cosine) < 1e-2


def test_a_network_of_such_layers_stretches_no_difference(tmp_path):
    network = ganzoo.spectral_normalize(
        keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                layers.Conv2D(4, 3, padding="same", activation="relu"),
                layers.Conv2D(4, 4, strides=2, padding="same", activation="relu"),
                layers.Flatten(),
                layers.Dense(1),
            ]
        ),
        norm="operator",
        power_iterations=5,
    )
    x = np.random.default_rng(0).standard_normal((2, 6, 6, 1)).astype("float32")
    network(x, training=True)
    a, b = ops.convert_to_numpy(network(x))
    assert abs(a - b) <= np.linalg.norm(x[0] - x[1]) * 1.001
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(x), network(x))


def test_the_learned_scale_starts_at_the_norm():
    layer = SpectralNormalization(layers.Conv2D(2, 3), norm="operator", learnable_scale=True)
    layer.build((None, 5, 5, 2))
    np.testing.assert_allclose(layer.effective_kernel(), layer.kernel.value, rtol=1e-5)


def test_other_wrappers_count_with_the_kernel_that_they_compute_with():
    layer = WeightNormalization(layers.Conv2D(2, 3))
    layer.build((None, 5, 5, 2))
    layer.g.assign([3.0, 3.0])
    exact = np.linalg.norm(matrix_of(layer, (5, 5, 2)), ord=2)
    assert operator_norm(layer, iterations=30) == pytest.approx(exact, rel=1e-2)


def test_bad_input():
    conv = layers.Conv2D(2, 3)
    with pytest.raises(ValueError, match=r"sizes?.* must be known.*Received: inputs of shape"):
        SpectralNormalization(conv, norm="operator").build((None, None, None, 3))
    fixed = SpectralNormalization(layers.Conv2D(2, 3), norm="operator", input_shape=(8, 8, 3))
    fixed.build((None, None, None, 3))
    assert fixed.u.shape == (1, 6, 6, 2)
    with pytest.raises(ValueError, match=r"estimates one singular value.*Received"):
        SpectralNormalization(conv, norm="operator", num_singular_values=2)
    with pytest.raises(ValueError, match=r"`Embedding` has only.*Received"):
        SpectralNormalization(layers.Embedding(3, 2), norm="operator")
    with pytest.raises(ValueError, match=r"depends on the `input_shape`.*Received"):
        SpectralNormalization(conv, input_shape=(8, 8, 3))
    with pytest.raises(ValueError, match=r"`norm` must be one of.*Received"):
        SpectralNormalization(conv, norm="frobenius")
    with pytest.raises(ValueError, match=r"grouped convolution is not supported. Received"):
        grouped = layers.Conv2D(4, 3, groups=2)
        SpectralNormalization(grouped, norm="operator").build((None, 8, 8, 2))
    with pytest.raises(ValueError, match=r"must be built. Received"):
        operator_norm(layers.Conv2D(2, 3))
    with pytest.raises(ValueError, match=r"`layer` must be one of"):
        embedding = layers.Embedding(3, 2)
        embedding.build()
        operator_norm(embedding, (None, 2))


def test_both_backends_have_the_same_norm():
    layer = SpectralNormalization(layers.Conv2D(3, 4, strides=2, padding="same"), norm="operator")
    layer.build((None, 6, 6, 2))
    kernel = np.random.default_rng(1).standard_normal(layer.kernel.shape).astype("float32")
    layer.kernel.assign(kernel)
    layer.warm_start()
    for _ in range(20):
        layer(np.zeros((1, 6, 6, 2), "float32"), training=True)
    run_python(
        f"""
import jax, keras, numpy as np, ganzoo
layer = ganzoo.layers.SpectralNormalization(
    keras.layers.Conv2D(3, 4, strides=2, padding="same"), norm="operator")
layer.build((None, 6, 6, 2))
kernel = np.random.default_rng(1).standard_normal(layer.kernel.shape).astype("float32")
layer.kernel.assign(kernel)
layer.warm_start()
for _ in range(20):
    layer(np.zeros((1, 6, 6, 2), "float32"), training=True)
assert abs(float(layer.sigma()) / {float(layer.sigma())!r} - 1) < 2e-2
""",
        backend="jax",
    )
