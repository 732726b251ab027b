"""The accuracy of a classifier that was trained on samples, or on images and samples."""

import sys

import keras
import numpy as np
import pytest

from ganzoo.data import Dataset, load
from ganzoo.data.random_crops import RandomCrops
from ganzoo.metrics import classification_accuracy


@pytest.fixture(scope="module")
def digits():
    return {split: load("digits", split=split) for split in ("train", "test")}


@pytest.fixture
def seen(monkeypatch):
    """What the classifier would train on: its batches, without the training."""
    calls = []
    module = sys.modules[classification_accuracy.__module__]
    monkeypatch.setattr(
        module, "fit_classifier", lambda network, batch, *settings: calls.append((network, batch))
    )
    return calls


@pytest.mark.graph
def test_a_classifier_learns_the_classes_without_touching_global_seeds(digits, monkeypatch):
    state = np.random.get_state()[1].copy()
    settings = {"steps": 40, "batch_size": 32, "widths": (4, 8, 16), "seed": 1}
    step, calls = keras.Model.train_step, []
    monkeypatch.setattr(
        keras.Model, "train_step", lambda model, batch: calls.append(1) or step(model, batch)
    )
    assert classification_accuracy(digits["train"], digits["test"], **settings) > 0.4
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    # The step is traced once.
    assert len(calls) == 1


def test_the_share_of_test_images_that_the_network_classifies_correctly(digits, seen):
    test = digits["test"]
    few = Dataset(test.examples[:20], test.labels[:20], class_names=test.class_names)
    accuracy = classification_accuracy(digits["train"], few, widths=(4, 4, 8), seed=3)
    logits = np.asarray(seen[0][0](few.examples)["logits"])
    assert accuracy == np.mean(
        [row.argmax() == label for row, label in zip(logits, few.labels, strict=True)]
    )
    # The first weights are a function of the seed.
    classification_accuracy(digits["train"], few, widths=(4, 4, 8), seed=3)
    classification_accuracy(digits["train"], few, widths=(4, 4, 8), seed=4)
    first, again, other = (np.asarray(network.trainable_variables[0]) for network, _ in seen)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_batches_have_equal_parts_of_all_data_sets_and_classes_are_found_by_name(digits, seen):
    rng = np.random.default_rng(0)
    white = Dataset(
        np.full((40, 28, 28, 1), 255, np.uint8), np.arange(40) % 2, class_names=["b", "a"]
    )
    noise = Dataset(
        rng.uniform(-1, 1, (40, 32, 32, 1)).astype("float32"),
        np.zeros(40, int),
        class_names=["a", "b"],
    )
    test = Dataset(np.full((4, 32, 32, 1), 9, np.uint8), [0, 1, 0, 1], class_names=["a", "b"])
    with pytest.warns(UserWarning, match="numbered by their names"):
        classification_accuracy([white, noise], test, batch_size=16, widths=(4, 4, 8), shift=2)
    images, labels = seen[0][1](0)
    assert images.shape == (16, 32, 32, 1) and images.dtype == np.uint8
    assert (images[:8] == 255).all() and (images[8:] < 255).any(axis=(1, 2, 3)).all()
    assert (labels[8:] == 0).all()
    # The class "b", which is number 0 of the white images, is number 1 of the test images.
    rows = white.batches(8, seed=0).rows(0)[0]
    np.testing.assert_array_equal(labels[:8], 1 - white.labels[rows])
    values = ((noise.examples[noise.batches(8, seed=1).rows(0)[0]] + 1) * 127.5).round()
    shifted = [
        np.isin(image, value).mean() for image, value in zip(images[8:], values, strict=True)
    ]
    assert min(shifted) == 1.0


def test_data_that_do_not_fit_are_errors(digits):
    train, test = digits["train"], digits["test"]
    bare, color = Dataset(train.examples), np.zeros((9, 8, 8, 3), np.uint8) + 9
    for wrong, settings, message in (
        (bare, {}, "`train` must be .* with labels"),
        (train.examples, {}, "`train` must be"),
        (RandomCrops(train, (24, 24)), {}, "no random crops.*Received: train=RandomCrops"),
        (Dataset(color, np.arange(9), 10), {}, "channels and the classes"),
        ([train, train, train], {}, "multiple of the number of data sets"),
        ([], {}, "at least one"),
        (train, {"steps": 0}, "`steps`"),
        (train, {"shift": 32}, "`shift`"),
        (train, {"batch_size": 10_000}, "`batch_size` must be at most"),
    ):
        with pytest.raises(ValueError, match=message):
            classification_accuracy(wrong, test, **settings)
