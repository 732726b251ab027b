"""The values of a trained cell."""

import types

import numpy as np
import pytest

from ganzoo import metrics
from ganzoo.data import Dataset, PixelFormat
from ganzoo.studies import Study, cell_data, measuring

CONTENT = {
    "title": "Tiny",
    "recipe": "dcgan_digits",
    "settings": {"images_per_class": 3, "conditional": True, "width": 4},
    "axes": {"loss": {"hinge": {"loss": "hinge"}}},
    "evaluation": {
        "keep_samples": 0,
        "classifier": {
            "samples": 30,
            "steps": 7,
            "batch_size": 8,
            "widths": [2, 3, 4],
            "shift": 1,
            "flip": True,
        },
    },
}


def cell(**changes):
    return Study.from_dict("tiny", {**CONTENT, **changes}).cells[0]


def test_a_cell_may_train_on_as_many_images_of_each_class():
    data = cell_data.training_data(cell(), seed=2)
    np.testing.assert_array_equal(np.bincount(data.labels), [3] * 10)
    again, other = (cell_data.training_data(cell(), seed) for seed in (2, 3))
    np.testing.assert_array_equal(data.examples, again.examples)
    assert (data.examples != other.examples).any()
    with pytest.raises(ValueError, match="`images_per_class` examples: lower it"):
        cell_data.training_data(cell(settings={"images_per_class": 10_000}), 0)


def test_classifiers_train_on_images_on_samples_and_on_both(monkeypatch):
    calls = []

    def accuracy(train, test, **settings):
        calls.append((train, settings))
        return len(calls) / 10

    monkeypatch.setattr(metrics, "classification_accuracy", accuracy)
    gan = types.SimpleNamespace(
        num_classes=10,
        class_names=tuple("0123456789"),
        pixels=PixelFormat(),
        sample=lambda n, seed, labels: np.full((n, 28, 28, 1), labels[:, None, None, None] + 1),
    )
    gan.sample = lambda n, seed, labels, sample=gan.sample: sample(n, seed, labels).astype("uint8")
    data = cell_data.training_data(cell(), 5)
    values, samples = measuring.measure(cell(), gan, data, seed=5)
    assert samples is None and values == {
        "accuracy": 0.1,
        "accuracy_augmented": 0.2,
        "accuracy_samples": 0.3,
        "accuracy_with_samples": 0.4,
        "accuracy_augmented_with_samples": 0.5,
    }
    common = {"steps": 7, "batch_size": 8, "widths": (2, 3, 4), "seed": 5}
    standard = {"shift": 1, "flip": True}
    assert [settings for _, settings in calls] == [
        common,
        {**common, **standard},
        common,
        common,
        {**common, **standard},
    ]
    assert calls[0][0] == calls[1][0] == [data]
    (drawn,) = calls[2][0]
    # Each class has as many samples, with the label that they were drawn for.
    np.testing.assert_array_equal(np.bincount(drawn.labels), [3] * 10)
    np.testing.assert_array_equal(drawn.examples[:, 0, 0, 0], drawn.labels + 1)
    assert calls[3][0] == calls[4][0] == [data, drawn]


def test_classifiers_need_a_gan_with_classes():
    gan = types.SimpleNamespace(num_classes=None)
    with pytest.raises(ValueError, match=r"`conditional = true`.*conditional=False"):
        measuring.check(cell(settings={"conditional": False}), gan, None)


def test_a_part_of_the_data_keeps_their_pixels_and_names(monkeypatch):
    images = np.linspace(-80, 0, 6 * 4, dtype="float32").reshape(6, 2, 2, 1)
    names = {"conditions": np.arange(6.0)[:, None], "condition_names": ["age"]}
    whole = Dataset(images, value_range=(-80, 0), **names)
    monkeypatch.setattr(cell_data, "load", lambda cell, split: whole)
    part = cell_data.training_data(cell(settings={"images": 3}), seed=1)
    assert (part.pixels, part.condition_names) == (whole.pixels, ("age",))
    # In the order of the data.
    assert len(part) == 3 and (np.diff(part.conditions[:, 0]) > 0).all()


def test_kept_samples_are_in_eight_bits():
    gan = types.SimpleNamespace(
        sampler_for=lambda data: lambda n, seed: np.full((n, 2, 2, 1), seed, "uint8")
    )
    one = cell(evaluation={"keep_samples": 3})
    values, samples = measuring.measure(one, gan, None, seed=5)
    assert (values, samples.tolist()) == ({}, np.zeros((3, 2, 2, 1)).tolist())
