import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from ganzoo.layers import ProjectionHead

LABELS = np.array([0, 2, 1, 2], "int32")


def features(dtype="float64"):
    return np.random.default_rng(0).standard_normal((4, 6)).astype(dtype)


def test_logits_are_the_papers():
    head = ProjectionHead(3, dtype="float64")
    logits = head([ops.array(features()), ops.array(LABELS)])
    head.psi.bias.assign([0.5])
    logits = head([ops.array(features()), ops.array(LABELS)])
    v = head.embedding.embeddings.numpy()
    expected = features() @ head.psi.kernel.numpy() + 0.5
    expected += np.sum(v[LABELS] * features(), axis=1, keepdims=True)
    assert logits.shape == (4, 1)
    np.testing.assert_allclose(logits, expected, rtol=1e-12)


def test_spectral_normalization_covers_both_kernels():
    head = ProjectionHead(3, spectral_normalization=True, use_bias=False, dtype="float64")
    inputs = [ops.array(features()), ops.array(LABELS)]
    head(inputs)
    train = tf.function(lambda: head(inputs, training=True), autograph=False)
    for _ in range(100):
        logits = train()
    kernel, v = head.psi.kernel.numpy(), head.embedding.kernel.numpy()
    expected = features() @ kernel / np.linalg.norm(kernel)
    expected += np.sum(v[LABELS] * features(), axis=1, keepdims=True) / np.linalg.norm(v, 2)
    np.testing.assert_allclose(logits, expected, rtol=1e-6)
    assert head.embedding.u.shape == (3,)


def test_the_two_kernels_start_differently():
    head = ProjectionHead(1, kernel_initializer="random_normal")
    head.build([(None, 6), (None,)])
    assert np.abs(head.psi.kernel[:, 0] - head.embedding.embeddings[0]).max() > 1e-3


@pytest.mark.parametrize("spectral_normalization", [True, False])
def test_keras_file_restores_everything(tmp_path, spectral_normalization):
    inputs = keras.Input((6,)), keras.Input((), dtype="int32")
    head = ProjectionHead(3, spectral_normalization, kernel_initializer="he_normal")
    model = keras.Model(inputs, head(inputs))
    values = [ops.array(features("float32")), ops.array(LABELS)]
    model(values, training=True)
    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    assert restored.layers[-1].get_config() == head.get_config()
    np.testing.assert_array_equal(restored(values), model(values))


@pytest.mark.parametrize("num_classes", [0, None, 2.5])
def test_number_of_classes_is_checked(num_classes):
    with pytest.raises(ValueError, match="Received: num_classes="):
        ProjectionHead(num_classes)
