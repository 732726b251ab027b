"""Data sets of TensorFlow Datasets. Tests with real data need `TFDS_DATA_DIR`."""

import logging
import os
import pathlib

import numpy as np
import pytest

from ganzoo import data

tfds = pytest.importorskip("tensorflow_datasets")


def needs(name):
    folder = pathlib.Path(os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")).expanduser()
    return pytest.mark.skipif(
        not (folder / name).is_dir(), reason=f"{name} is not in TFDS_DATA_DIR ({folder})"
    )


class Flowers(tfds.core.GeneratorBasedBuilder):
    """Pictures of different sizes, and more than one feature of a kind."""

    VERSION = tfds.core.Version("1.0.0")
    PICTURES = tuple(
        np.full((height, 8, 3), 40 * row, np.uint8) for row, height in enumerate((8, 10, 12, 14))
    )

    def _info(self):
        classes = tfds.features.ClassLabel(names=["rose", "tulip"])
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, 3)),
                    "mask": tfds.features.Image(shape=(4, 4, 1)),
                    "species": classes,
                    "color": classes,
                    "id": tfds.features.Text(),
                }
            ),
            supervised_keys=("image", "species"),
        )

    def _split_generators(self, manager):
        del manager
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for row, picture in enumerate(self.PICTURES):
            yield (
                row,
                {
                    "image": picture,
                    "mask": np.full((4, 4, 1), row, np.uint8) * 50,
                    "species": row % 2,
                    "color": (row + 1) % 2,
                    "id": str(row),
                },
            )


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """A folder that holds the prepared data set `flowers`."""
    folder = tmp_path_factory.mktemp("tfds")
    Flowers(data_dir=folder).download_and_prepare(file_format="tfrecord")
    return folder


def by_brightness(dataset):
    """Brightness of each image and its label; preparing shuffles the examples."""
    return sorted(
        zip(dataset.examples.max((1, 2, 3)).tolist(), dataset.labels.tolist(), strict=True)
    )


def test_images_of_different_sizes_are_brought_to_one(flowers):
    dataset = data.load("tfds:flowers", size=6, data_dir=flowers)
    assert dataset.examples.shape == (4, 6, 6, 3) and dataset.examples.dtype == np.uint8
    assert by_brightness(dataset) == [(0, 0), (40, 1), (80, 0), (120, 1)]
    assert dataset.class_names == ("rose", "tulip")
    with pytest.raises(ValueError, match="need `size`"):
        data.load("tfds:flowers", data_dir=flowers)


def test_features_are_chosen_by_name(flowers):
    dataset = data.load(
        "tfds:flowers", data_dir=flowers, image_key="mask", label_key="color", channels=3
    )
    assert dataset.image_shape == (4, 4, 3)
    assert by_brightness(dataset) == [(0, 1), (50, 0), (100, 1), (150, 0)]
    for option in ("image_key", "label_key"):
        with pytest.raises(ValueError, match=f"Received: {option}='id'"):
            data.load("tfds:flowers", data_dir=flowers, size=4, **{option: "id"})


def test_a_slice_of_a_split(flowers):
    assert len(data.load("tfds:flowers", "train[:3]", size=4, data_dir=flowers)) == 3


def test_the_library_does_not_log_its_own_deprecations(flowers, monkeypatch):
    monkeypatch.setattr(tfds.core.features.feature.logging, "log_first_n", _log)
    logger, texts = logging.getLogger("absl"), []
    handler = logging.Handler()
    handler.emit = lambda record: texts.append(record.getMessage())
    logger.addHandler(handler)
    try:
        data.load("tfds:flowers", size=4, data_dir=flowers)
        _log(logging.WARNING, "another message")
    finally:
        logger.removeHandler(handler)
    assert texts == ["another message"]


def _log(level, message, *arguments):
    logging.getLogger("absl").log(level, message)


def test_unknown_names_and_splits_are_refused(flowers):
    with pytest.raises(ValueError, match=r"Received: source='tfds:no_such_data'"):
        data.load("tfds:no_such_data")
    with pytest.raises(ValueError, match=r"one of train of .*Received: split='test'"):
        data.load("tfds:flowers", "test", data_dir=flowers)


def test_missing_data_are_not_downloaded_without_permission(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"TFDS_DATA_DIR.*tfds:mnist.*download=False"):
        data.load("tfds:mnist", data_dir=tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):
    def unreachable(self, **options):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", unreachable)
    with pytest.raises(OSError, match=r"could not be downloaded.*Name or service not known"):
        data.load("tfds:mnist", data_dir=tmp_path)


@pytest.mark.slow
@needs("fashion_mnist")
def test_fashion_mnist_is_complete():
    train = data.load("tfds:fashion_mnist")
    assert train.examples.shape == (60_000, 28, 28, 1) and train.examples.dtype == np.uint8
    assert np.bincount(train.labels).tolist() == [6000] * 10
    # The published mean of the training pixels.
    assert abs(train.examples.mean() / 255 - 0.2860) < 1e-4
    assert len(train.class_names) == 10


@needs("fashion_mnist")
def test_the_order_of_the_examples_is_fixed():
    first, second = (data.load("tfds:fashion_mnist", "test[:500]") for _ in range(2))
    np.testing.assert_array_equal(first.examples, second.examples)
    np.testing.assert_array_equal(first.labels, second.labels)


@needs("cifar10")
def test_cifar10_in_color_and_in_gray():
    color = data.load("tfds:cifar10", "test[:500]")
    assert color.image_shape == (32, 32, 3) and color.num_classes == 10
    assert data.load("tfds:cifar10", "test[:500]", size=16, channels=1).image_shape == (16, 16, 1)


@needs("mnist")
def test_stacked_mnist_from_the_real_digits():
    stacked = data.load("stacked_mnist", "test", count=3000)
    assert stacked.examples.shape == (3000, 28, 28, 3)
    assert stacked.num_classes == 1000
