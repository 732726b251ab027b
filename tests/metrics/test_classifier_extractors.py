"""The classifiers of the package: their accuracy, and checks of their files."""

import json
import shutil

import keras
import numpy as np
import pytest

from ganzoo import data, extractors, metrics
from ganzoo.extractors.classifier import WEIGHTS
from support.processes import run_python

SHIPPED = sorted(path.stem for path in WEIGHTS.glob("*.npz"))


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", split="test")


@pytest.fixture(scope="module")
def classifier():
    return extractors.get("digits", batch_size=64)


def accuracy(classifier, dataset):
    return (classifier.classify(dataset.examples) == dataset.labels).mean()


def test_digits_are_classified_with_the_accuracy_on_the_card(classifier, digits):
    card = json.loads((WEIGHTS / "digits.json").read_text())
    assert accuracy(classifier, digits) == pytest.approx(card["test_accuracy"], abs=0.003)
    assert card["test_accuracy"] >= 0.975


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("mnist", 0.993), ("fashion_mnist", 0.93)])
@pytest.mark.parametrize("size", [None, 32])
def test_test_images_of_28_and_of_32_pixels_are_classified(name, least, size):
    try:
        dataset = data.load(f"tfds:{name}", split="test", size=size, download=False)
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(str(error))
    assert accuracy(extractors.get(name), dataset) >= least - 0.001


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_weights_are_small_and_have_a_card(name):
    assert (WEIGHTS / f"{name}.npz").stat().st_size < 2**20
    card = json.loads((WEIGHTS / f"{name}.json").read_text())
    assert extractors.get(name).sha256 == card["sha256"]


def test_outputs_are_features_probabilities_and_classes(classifier, digits):
    images = digits.examples[:50]
    features, probabilities = classifier(images), classifier.probabilities(images)
    assert features.shape == (50, 128) and features.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), classifier.classify(images))
    of_probabilities = extractors.get("digits", "probabilities")
    np.testing.assert_allclose(of_probabilities(images), probabilities, atol=1e-6)


def test_all_batch_sizes_give_the_same_features_and_compile_once(classifier, digits, monkeypatch):
    sizes = set()
    network = classifier.network((32, 32, 1))
    predict = network.predict_on_batch
    monkeypatch.setattr(
        network, "predict_on_batch", lambda batch: sizes.add(batch.shape) or predict(batch)
    )
    together = classifier(digits.examples[:130])
    apart = [classifier(digits.examples[i : i + 1]) for i in (0, 64, 129)]
    np.testing.assert_allclose(np.concatenate(apart), together[[0, 64, 129]], atol=1e-5)
    assert sizes == {(64, 32, 32, 1)}


def test_images_of_other_sizes_are_resized_like_data(classifier):
    small = data.load("digits", split="test", size=20).examples[:10]
    resized = data.images.convert_array(small, (32, 32))
    np.testing.assert_array_equal(classifier(small), classifier(resized))
    assert classifier.resize == "Lanczos to 32x32"


def test_the_dtype_policy_changes_nothing(classifier, digits):
    images = digits.examples[:64]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        np.testing.assert_array_equal(
            extractors.get("digits", batch_size=64)(images), classifier(images)
        )
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_metrics_accept_them_and_are_saved_with_them(classifier, digits):
    real, fake = digits.examples[:90], digits.examples[90:180]
    metric = metrics.FrechetDistance(extractors.get("digits"))
    metric.update_reference(real)
    metric.update_state(fake)
    (result,) = metric.report(reference="digits test", seed=0)
    assert str(result).startswith("FID@digits-classifier")
    assert result.protocol.extractor_sha256 == classifier.sha256
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(metric)))
    again = keras.saving.deserialize_keras_object(config)
    again.update_reference(real)
    again.update_state(fake)
    assert again.result() == pytest.approx(metric.result(), rel=1e-6)

    score = metrics.InceptionScore(extractors.get("digits", "probabilities"), splits=1)
    score.update_state(digits.examples[:180])
    assert 9 < score.result() <= 10


def test_mode_coverage_counts_stacked_digits(digits):
    rows = np.random.default_rng(0).integers(0, len(digits), (60, 3))
    stacked = np.concatenate([digits.examples[rows[:, c]] for c in range(3)], axis=3)
    coverage = metrics.ModeCoverage(extractors.get("digits", "probabilities"))
    coverage.update_state(stacked)
    modes = digits.labels[rows] @ [100, 10, 1]
    assert coverage.result()["modes"] == pytest.approx(len(set(modes)), abs=2)


def test_damaged_weights_are_refused_before_they_are_parsed(tmp_path):
    for suffix in (".npz", ".json"):
        shutil.copy(WEIGHTS / f"digits{suffix}", tmp_path)
    path = tmp_path / "digits.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"Expected the SHA-256"):
        extractors.get("digits", folder=tmp_path)


def test_missing_weights_say_how_to_train_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train_classifier cifar10 --folder="):
        extractors.get("cifar10", folder=tmp_path)


def test_unusable_arguments_are_refused(classifier, digits):
    with pytest.raises(ValueError, match=r"1 channel"):
        classifier(np.zeros((2, 32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match=r"uint8"):
        classifier(digits.examples / 255)
    with pytest.raises(ValueError, match=r"`output` must be one of 'features', 'probabilities'"):
        extractors.get("digits", "logits")
    with pytest.raises(ValueError, match=r"cifar10, digits, fashion_mnist"):
        extractors.get("imagenet")
    with pytest.raises(ValueError, match=r"`name` and `sha256`"):
        extractors.get(lambda images: images)
    with pytest.raises(ValueError, match=r"given by its name"):
        extractors.get(classifier, output="features")
    assert extractors.get(classifier) is classifier


def test_an_extractor_of_the_user_can_have_a_name(monkeypatch):
    registry = extractors._EXTRACTORS
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))

    @extractors.register("mean color")
    class MeanColor:
        name, sha256 = "mean color", "none"

        def __init__(self, scale=1.0):
            self.scale = scale

        def __call__(self, images):
            return self.scale * images.mean(axis=(1, 2))

    assert "mean color" in extractors.names()
    metric = metrics.FrechetDistance(extractors.get("mean color", scale=2.0))
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    metric.update_reference(images)
    metric.update_state(images)
    assert metric.result() == pytest.approx(0, abs=1e-6)


def test_jax_without_tensorflow_gives_the_same_features(classifier, digits):
    pytest.importorskip("jax")
    script = """
import json
from ganzoo import data
from ganzoo import extractors
images = data.load("digits", split="test").examples[:5]
print(json.dumps(extractors.get("digits", batch_size=5)(images).tolist()))
"""
    found = np.array(json.loads(run_python(script, "jax", without_tensorflow=True)))
    np.testing.assert_allclose(found, classifier(digits.examples[:5]), atol=1e-4)
