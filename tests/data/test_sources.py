"""Names of sources, and the sources of data in memory."""

import pathlib

import numpy as np
import pytest

from ganzoo import data

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)


def test_all_sources_are_listed_with_their_summary_and_options():
    assert data.names() == [
        "arrays",
        "digits",
        "folder:PATH",
        "generated:PATH",
        "hf:USER/NAME",
        "packed:PATH.npz",
        "stacked_mnist",
        "tfds:NAME",
        "toy:ring|grid",
    ]
    for name in data.SOURCES.names():
        assert data.SOURCES[name].summary.endswith(".")
    options = (
        *("on_bad", "max_pixels", "keep_sizes", "labels", "label_columns", "labels_as"),
        *("alpha", "crop", "dtype", "value_range", "cache", "progress"),
    )
    assert data.SOURCES["folder"].options == options


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("mnist", "one of arrays, digits, folder:PATH"),
        ("", "one of arrays"),
        (None, "Received: source=None"),
        (7, "Received: source=7"),
        ("tfds", "'tfds:NAME'"),
        ("folder:", "'folder:PATH'"),
        ("digits:3", "'digits'"),
        ("toy:cube", "'toy:ring', 'toy:grid'"),
    ],
)
def test_an_unknown_source_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        data.load(source)


def test_a_bare_folder_gets_a_hint(tmp_path):
    for source in (str(tmp_path), pathlib.Path(tmp_path)):
        with pytest.raises(ValueError, match="Did you mean 'folder:"):
            data.load(source)


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"on_bad": "skip"}, {"images": IMAGES}, {"batch_size": 3}]
)
def test_an_option_of_another_source_is_refused(options):
    with pytest.raises(
        ValueError, match=f"takes the options: none. Received: {next(iter(options))}"
    ):
        data.load("digits", **options)


@pytest.mark.parametrize("split", [None, "", 3])
def test_a_split_must_be_a_name(split):
    with pytest.raises(ValueError, match="Received: split="):
        data.load("digits", split)


def test_digits_have_their_shape_range_and_classes():
    dataset = data.load("digits")
    assert dataset.image_shape == (32, 32, 1)
    assert dataset.examples.dtype == np.uint8
    assert dataset.examples.min() == 0 and dataset.examples.max() == 255
    assert dataset.num_classes == 10 and dataset.class_names == tuple("0123456789")
    assert np.bincount(dataset.labels).min() > 100


def test_the_split_of_the_digits_never_changes():
    parts = {split: data.load("digits", split, size=8) for split in ("train", "test", "all")}
    assert [len(part) for part in parts.values()] == [1438, 359, 1797]
    together = np.concatenate([parts["train"].examples, parts["test"].examples])

    def in_order(images):
        rows = images.reshape(len(images), -1)
        return rows[np.lexsort(rows.T)]

    np.testing.assert_array_equal(in_order(together), in_order(parts["all"].examples))
    assert np.bincount(parts["test"].labels, minlength=10).min() > 15
    # A classifier that knows the training part gets the test part right.
    train = parts["train"].examples.reshape(-1, 64).astype(float)
    test = parts["test"].examples.reshape(-1, 64).astype(float)
    nearest = ((test[:, None] - train) ** 2).sum(-1).argmin(1)
    assert (parts["train"].labels[nearest] == parts["test"].labels).mean() > 0.95


def test_digits_in_another_size_and_color():
    assert data.load("digits", size=28, channels=3).image_shape == (28, 28, 3)
    assert data.load("digits", size=(24, 16)).image_shape == (24, 16, 1)
    with pytest.raises(ValueError, match="'train', 'test', 'all'"):
        data.load("digits", "validation")


def test_arrays_are_taken_as_they_are_or_converted():
    dataset = data.load(
        "arrays", images=IMAGES, labels=range(6), class_names=list("abcdef"), name="mine"
    )
    assert dataset.examples is IMAGES
    assert dataset.class_names == tuple("abcdef") and dataset.name == "mine"
    assert data.load("arrays", images=IMAGES, size=8, channels=1).image_shape == (8, 8, 1)


def test_float_arrays_are_not_resized():
    floats = np.linspace(-1, 1, 6 * 16, dtype=np.float32).reshape(6, 4, 4, 1)
    np.testing.assert_array_equal(data.load("arrays", images=floats).examples, floats)
    with pytest.raises(ValueError, match="convert uint8 images"):
        data.load("arrays", images=floats, size=8)
    with pytest.raises(ValueError, match="Give the arrays"):
        data.load("arrays")


def test_unfit_arrays_are_refused():
    with pytest.raises(ValueError, match=r"labels.shape"):
        data.load("arrays", images=IMAGES, labels=[1])
