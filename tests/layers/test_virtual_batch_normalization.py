import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from ganzoo.layers import VirtualBatchNormalization, reference_size_of

REFERENCE = 4
SHAPES = [(5,), (3, 2, 5), (2, 3, 2, 5)]
EPSILON = 1e-5


def rows(shape=(3, 2, 5), count=7, seed=0, dtype="float64"):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, *shape)) * 2 + rng.standard_normal(shape)).astype(dtype)


def built(shape=(3, 2, 5), dtype="float64", **arguments):
    """A layer whose scales and offsets differ in every channel."""
    layer = VirtualBatchNormalization(REFERENCE, dtype=dtype, **arguments)
    layer.build((None, *shape))
    rng = np.random.default_rng(1)
    for variable in layer.trainable_variables:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return layer


def paper(x, gamma, beta):
    """The equations, one example after the other, with the raw moments."""
    reference, channels = x[:REFERENCE], x.shape[-1]
    mu_r = reference.reshape(-1, channels).mean(axis=0)
    q_r = (reference.reshape(-1, channels) ** 2).mean(axis=0)
    outputs = [gamma * (r - mu_r) / np.sqrt(EPSILON + q_r - mu_r**2) + beta for r in reference]
    w = 1 / (REFERENCE + 1)
    for example in x[REFERENCE:]:
        positions = example.reshape(-1, channels)
        mu = w * positions.mean(axis=0) + (1 - w) * mu_r
        q = w * (positions**2).mean(axis=0) + (1 - w) * q_r
        outputs.append(gamma * (example - mu) / np.sqrt(EPSILON + q - mu**2) + beta)
    return np.stack(outputs), mu_r, q_r


@pytest.mark.parametrize("shape", SHAPES)
def test_training_equals_the_equations_of_the_paper(shape):
    layer, x = built(shape), rows(shape)
    expected, mu_r, q_r = paper(x, layer.gamma.numpy(), layer.beta.numpy())
    np.testing.assert_allclose(layer(ops.array(x), training=True), expected, rtol=1e-10)
    np.testing.assert_allclose(layer.reference_mean, mu_r, rtol=1e-10)
    np.testing.assert_allclose(layer.reference_square, q_r, rtol=1e-10)


@pytest.mark.parametrize("shape", [(5,), (2, 2, 3)])
def test_gradients_equal_the_equations_also_through_the_reference(shape):
    layer, x = built(shape), rows(shape, count=6)
    weights = np.random.default_rng(2).standard_normal(x.shape)
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        cost = ops.sum(layer(inputs, training=True) * weights)
    variables = [layer.gamma.value, layer.beta.value]
    by_inputs, by_gamma, by_beta = tape.gradient(cost, [inputs, *variables])

    def numeric(values, cost_of):
        gradient = np.zeros_like(values)
        for index in np.ndindex(values.shape):
            steps = []
            for step in (1e-6, -1e-6):
                moved = values.copy()
                moved[index] += step
                steps.append((paper(*cost_of(moved))[0] * weights).sum())
            gradient[index] = (steps[0] - steps[1]) / 2e-6
        return gradient

    gamma, beta = layer.gamma.numpy(), layer.beta.numpy()
    expected = numeric(x, lambda moved: (moved, gamma, beta))
    assert np.abs(expected[:REFERENCE]).max() > 0.01
    np.testing.assert_allclose(by_inputs, expected, rtol=1e-5, atol=1e-7)
    expected = numeric(gamma, lambda moved: (x, moved, beta))
    np.testing.assert_allclose(by_gamma, expected, rtol=1e-5)
    expected = numeric(beta, lambda moved: (x, gamma, moved))
    np.testing.assert_allclose(by_beta, expected, rtol=1e-5)


def test_output_does_not_depend_on_the_other_live_examples():
    layer, x = built(), rows()
    other = np.concatenate([x[:REFERENCE], 10 * rows(count=3, seed=5)])
    other[-1] = x[-1]
    both = [ops.convert_to_numpy(layer(ops.array(batch), training=True)) for batch in (x, other)]
    np.testing.assert_array_equal(both[0][-1], both[1][-1])
    np.testing.assert_array_equal(both[0][:REFERENCE], both[1][:REFERENCE])
    assert np.abs(both[0][-2] - both[1][-2]).max() > 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_inference_gives_single_examples_what_training_gave_them(shape):
    layer, x = built(shape), rows(shape)
    in_training = ops.convert_to_numpy(layer(ops.array(x), training=True))[REFERENCE:]
    alone = [layer(ops.array(x[i : i + 1]), training=False)[0] for i in range(REFERENCE, len(x))]
    np.testing.assert_allclose(np.stack(alone), in_training, rtol=1e-10)
    np.testing.assert_allclose(layer(ops.array(x[REFERENCE:])), in_training, rtol=1e-10)


def test_inference_does_not_change_the_statistics():
    layer = built()
    layer(ops.array(rows()), training=True)
    before = [v.numpy() for v in layer.non_trainable_variables]
    layer(ops.array(rows(seed=3)))
    for variable, value in zip(layer.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_large_reference_batch_gives_inference_batch_normalization():
    layer = VirtualBatchNormalization(10**9, dtype="float64", gamma_initializer="ones")
    layer.build((None, 3, 2, 5))
    rng = np.random.default_rng(1)
    mean, variance = rng.standard_normal(5), rng.uniform(0.5, 2.0, 5)
    layer.reference_mean.assign(mean)
    layer.reference_square.assign(variance + mean**2)
    plain = layers.BatchNormalization(epsilon=EPSILON, dtype="float64")
    plain.build((None, 3, 2, 5))
    plain.moving_mean.assign(mean)
    plain.moving_variance.assign(variance)
    x = ops.array(rows())
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-6)


def test_new_layer_passes_standardized_inputs_through():
    layer = VirtualBatchNormalization(10**6, gamma_initializer="ones")
    x = rows(dtype="float32")
    np.testing.assert_allclose(layer(ops.array(x)), x, rtol=1e-3, atol=1e-3)


def test_constant_reference_is_safe():
    layer, x = built(dtype="float32"), rows(dtype="float32")
    x[:REFERENCE] = 3.0
    x[-1] = 3.0
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    gradients = tape.gradient(outputs, inputs)
    assert np.isfinite(outputs).all() and np.isfinite(gradients).all()
    np.testing.assert_allclose(outputs[-1] - layer.beta, np.zeros((3, 2, 5)), atol=1e-6)
    assert np.isfinite(layer(inputs)).all()


def test_variance_survives_a_large_mean_in_float32():
    x = rows(dtype="float32") * 0.1
    layer = built(dtype="float32", epsilon=1e-12)
    centered = ops.convert_to_numpy(layer(ops.array(x), training=True))
    shifted = ops.convert_to_numpy(layer(ops.array(x + 100), training=True))
    np.testing.assert_allclose(shifted, centered, atol=2e-3)


def test_reference_batch_alone_stores_the_same_statistics_even_if_frozen():
    first, second, x = built(), built(), rows()
    second.trainable = False
    first(ops.array(x), training=True)
    assert second(ops.array(x[:REFERENCE]), training=True).shape == (REFERENCE, 3, 2, 5)
    for one, other in zip(
        (first.reference_mean, first.reference_square),
        (second.reference_mean, second.reference_square),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
        assert not np.allclose(one, 0) and not np.allclose(one, 1)


def test_batch_of_unknown_size_works():
    layer, x = built(), rows()
    step = tf.function(
        lambda inputs: layer(inputs, training=True),
        input_signature=[tf.TensorSpec((None, 3, 2, 5), "float64")],
        autograph=False,
    )
    expected, *_ = paper(x, layer.gamma.numpy(), layer.beta.numpy())
    np.testing.assert_allclose(step(tf.constant(x)), expected, rtol=1e-10)


def test_statistics_are_float32_under_mixed_precision():
    layer, x = built(dtype="mixed_bfloat16"), rows(dtype="float32") + 3
    outputs = layer(ops.cast(x, "bfloat16"), training=True)
    assert outputs.dtype == "bfloat16"
    assert {v.dtype for v in layer.variables} == {"float32"}
    rounded = ops.convert_to_numpy(ops.cast(ops.cast(x, "bfloat16"), "float64"))
    expected, mu_r, q_r = paper(rounded, layer.gamma.numpy(), layer.beta.numpy())
    np.testing.assert_allclose(layer.reference_mean, mu_r, rtol=1e-5)
    np.testing.assert_allclose(layer.reference_square, q_r, rtol=1e-5)
    np.testing.assert_allclose(ops.cast(outputs, "float64"), expected, rtol=0.01, atol=1e-3)


def test_scale_and_offset_are_optional():
    layer, x = built(center=False, scale=False), rows()
    assert layer.trainable_variables == []
    expected, *_ = paper(x, np.ones(5), np.zeros(5))
    np.testing.assert_allclose(layer(ops.array(x), training=True), expected, rtol=1e-10)


def test_scales_start_around_one():
    layer = VirtualBatchNormalization(2)
    layer.build((None, 4000))
    assert abs(layer.gamma.numpy().mean() - 1) < 0.002
    assert abs(layer.gamma.numpy().std() - 0.02) < 0.002


def test_keras_file_restores_the_statistics(tmp_path):
    inputs = keras.Input((5,))
    network = keras.Model(inputs, VirtualBatchNormalization(REFERENCE, epsilon=1e-3)(inputs))
    x = ops.array(rows((5,), dtype="float32"))
    network(x, training=True)
    network.save(tmp_path / "network.keras")
    restored = keras.saving.load_model(tmp_path / "network.keras")
    assert restored.layers[-1].get_config() == network.layers[-1].get_config()
    np.testing.assert_array_equal(restored(x), network(x))


def test_reference_size_of_nested_layers_is_found():
    def network(*sizes):
        inner = keras.Sequential([VirtualBatchNormalization(size) for size in sizes])
        return keras.Sequential([layers.Dense(2), inner])

    assert reference_size_of(network(3, 3)) == 3
    assert reference_size_of(network()) is None
    assert reference_size_of(VirtualBatchNormalization(5)) == 5
    with pytest.raises(ValueError, match=r"Received: reference_size=\[3, 4\]"):
        reference_size_of(network(4, 3))


def test_batch_without_the_reference_is_refused():
    with pytest.raises(ValueError, match=r"Received: inputs of shape \(3, 3, 2, 5\)"):
        built()(ops.array(rows(count=3)), training=True)


@pytest.mark.parametrize("argument", [{"reference_size": 0}, {"epsilon": 0.0}], ids=str)
def test_arguments_are_checked(argument):
    with pytest.raises(ValueError, match=f"Received: {next(iter(argument))}="):
        VirtualBatchNormalization(**{"reference_size": 2, **argument})
