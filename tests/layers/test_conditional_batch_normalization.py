import keras
import numpy as np
import pytest
from keras import layers, ops

from ganzoo.layers import ConditionalBatchNormalization


def draws(shape=(6, 4, 3, 5), dtype="float32"):
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape).astype(dtype) * 2 + 1


LABELS = np.array([0, 2, 2, 1, 0, 2], "int32")


def trained_layer(**arguments):
    """A layer whose scales and offsets differ in every class."""
    layer = ConditionalBatchNormalization(3, **arguments)
    layer.build([(None, 4, 3, 5), (None,)])
    rng = np.random.default_rng(1)
    layer.gamma.assign(rng.standard_normal((3, 5)))
    layer.beta.assign(rng.standard_normal((3, 5)))
    return layer


def test_training_normalizes_over_the_batch_with_the_scale_of_the_class():
    layer, x = trained_layer(dtype="float64"), draws(dtype="float64")
    gamma, beta = layer.gamma.numpy(), layer.beta.numpy()
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    expected = np.stack(
        [
            gamma[label] * (example - mean) / np.sqrt(variance + 2e-5) + beta[label]
            for example, label in zip(x, LABELS, strict=True)
        ]
    )
    output = layer([ops.array(x), ops.array(LABELS)], training=True)
    np.testing.assert_allclose(output, expected, rtol=1e-10)


def test_inference_uses_moving_statistics():
    layer, x = trained_layer(dtype="float64", momentum=0.75), draws(dtype="float64")
    inputs = [ops.array(x), ops.array(LABELS)]
    layer(inputs, training=True)
    mean = 0.25 * x.mean(axis=(0, 1, 2))
    variance = 0.75 + 0.25 * x.var(axis=(0, 1, 2))
    gamma, beta = layer.gamma.numpy()[LABELS], layer.beta.numpy()[LABELS]
    normalized = (x - mean) / np.sqrt(variance + 2e-5)
    expected = gamma[:, None, None] * normalized + beta[:, None, None]
    np.testing.assert_allclose(layer(inputs, training=False), expected, rtol=1e-10)


def test_new_layer_is_plain_batch_normalization():
    plain = layers.BatchNormalization(momentum=0.9, epsilon=2e-5)
    layer, x = ConditionalBatchNormalization(3), ops.array(draws())
    for training in (True, False):
        np.testing.assert_allclose(
            layer([x, ops.array(LABELS)], training=training),
            plain(x, training=training),
            atol=1e-6,
        )


def test_vectors_are_normalized_too():
    layer = ConditionalBatchNormalization(3)
    x = draws((6, 5))
    output = layer([ops.array(x), ops.array(LABELS)], training=True)
    np.testing.assert_allclose(output, (x - x.mean(0)) / np.sqrt(x.var(0) + 2e-5), atol=1e-5)


def test_variables_are_per_class():
    layer = trained_layer()
    assert layer.gamma.shape == layer.beta.shape == (3, 5)
    assert len(layer.trainable_variables) == 2
    assert len(layer.non_trainable_variables) == 2


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_output_has_the_dtype_of_the_policy(policy):
    layer = trained_layer(dtype=policy)
    output = layer([ops.array(draws()), ops.array(LABELS)], training=True)
    assert output.dtype == policy.removeprefix("mixed_")


def test_keras_file_restores_everything(tmp_path):
    images, labels = keras.Input((4, 3, 5)), keras.Input((), dtype="int32")
    layer = ConditionalBatchNormalization(3, momentum=0.5, epsilon=1e-3)
    model = keras.Model([images, labels], layer([images, labels]))
    inputs = [ops.array(draws()), ops.array(LABELS)]
    layer.gamma.assign(np.random.default_rng(1).standard_normal((3, 5)))
    model(inputs, training=True)
    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    assert restored.layers[-1].get_config() == layer.get_config()
    np.testing.assert_array_equal(restored(inputs), model(inputs))


@pytest.mark.parametrize(
    "arguments",
    [{"num_classes": 0}, {"num_classes": "ten"}, {"momentum": 1.0}, {"epsilon": 0.0}],
    ids=str,
)
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"Received: {next(iter(arguments))}="):
        ConditionalBatchNormalization(**{"num_classes": 3, **arguments})
