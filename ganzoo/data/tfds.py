"""Data sets of TensorFlow Datasets. No other source needs TensorFlow."""

import contextlib
import logging

import keras
import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert_array, convert_stream
from ganzoo.data.sources import UnknownSplit, choose_feature, register

_BATCH = 1024


@contextlib.contextmanager
def _without_deprecations():
    """Keeps tensorflow-datasets from logging that it uses deprecated attributes of its own."""
    logger = logging.getLogger("absl")

    def is_other(record):
        return "FeatureConnector.dtype" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


@register("tfds", argument="NAME")
@_without_deprecations()
def load_tfds(
    argument,
    split="train",
    size=None,
    channels=None,
    *,
    data_dir: str | None = None,
    download: bool = True,
    image_key: str | None = None,
    label_key: str | None = None,
) -> Dataset:
    """A data set of TensorFlow Datasets, such as tfds:fashion_mnist or tfds:cifar10.

    Args:
        argument: Name of the data set, with its configuration and version where it has them.
        split: A split, or a slice of one, e.g. `"train[:10%]"`.
        size: (height, width). Needed if the images differ in size.
        channels: 1, 3 or None.
        data_dir: Folder of the data sets. Defaults to `$TFDS_DATA_DIR`, or else to
            `~/tensorflow_datasets`.
        download: Whether to download and prepare the data set if it is not in `data_dir`.
        image_key: Name of the image feature; needed only if there are several.
        label_key: Name of the class feature; needed only if there are several.

    Raises:
        ImportError: If TensorFlow or TensorFlow Datasets is not installed.
        FileNotFoundError: If the data are missing and `download` is False.
        OSError: If they cannot be downloaded.
        ValueError: If the name, the split or a feature is unknown.
    """
    tfds = _import_tfds(argument)
    builder = _prepared_builder(tfds, argument, data_dir, download)
    image_key, label_key = _keys(tfds, builder.info, image_key, label_key)
    try:
        count = builder.info.splits[split].num_examples
    except (ValueError, KeyError) as error:
        raise UnknownSplit(
            f"`split` must be one of {', '.join(builder.info.splits)} of 'tfds:{argument}', or a "
            f"slice of it. Received: split={split!r}"
        ) from error
    wanted = {image_key: True} if label_key is None else {image_key: True, label_key: True}
    equal = None not in builder.info.features[image_key].shape
    examples = tfds.as_numpy(
        builder.as_dataset(
            split=split,
            shuffle_files=False,
            batch_size=_BATCH if equal else None,
            decoders=tfds.decode.PartialDecoding(wanted),
        )
    )
    labels = None if label_key is None else np.empty(count, np.int64)
    if equal:
        images = _gather(examples, count, image_key, label_key, labels)
        images = convert_array(images, size, channels)
    else:
        rows = _images_of(examples, image_key, label_key, labels)
        images = convert_stream(rows, count, size, channels)
    return Dataset(
        images,
        labels,
        class_names=None if labels is None else builder.info.features[label_key].names,
        name=f"tfds:{argument}",
        split=split,
    )


def _import_tfds(name):
    try:
        import tensorflow as tf
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            f"'tfds:{name}' needs TensorFlow and tensorflow-datasets. On a machine that has them, "
            f"`ganzoo data pack tfds:{name}` writes a .npz file that is read without them: load "
            f"that file here. {error}"
        ) from error
    if keras.backend.backend() != "tensorflow":
        # TensorFlow only reads data here, and would take all of the GPU from the other backend. It
        # raises a RuntimeError if the caller has already started it.
        with contextlib.suppress(RuntimeError):
            tf.config.set_visible_devices([], "GPU")
    return tfds


def _prepared_builder(tfds, name, data_dir, download):
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (ValueError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"`source` must name a data set of TensorFlow Datasets. {reason} "
            f"Received: source='tfds:{name}'"
        ) from error
    if builder.is_prepared():
        return builder
    if not download:
        raise FileNotFoundError(
            f"The data set is not prepared in {builder.data_dir!r}: pass download=True, or set "
            f"`data_dir` or $TFDS_DATA_DIR. Received: source='tfds:{name}', download=False"
        )
    try:
        builder.download_and_prepare()
    except Exception as error:
        raise OSError(
            f"'tfds:{name}' could not be downloaded and prepared in {builder.data_dir!r}. Without "
            "a network, set `data_dir` or $TFDS_DATA_DIR to where it is prepared. "
            f"{type(error).__name__}: {error}"
        ) from error
    return builder


def _keys(tfds, info, image_key, label_key):
    """Returns the names of the image feature and of the class feature, or None for the latter."""
    images = [key for key, kind in info.features.items() if type(kind) is tfds.features.Image]
    classes = [key for key, kind in info.features.items() if type(kind) is tfds.features.ClassLabel]
    supervised = info.supervised_keys or ()

    source = f"tfds:{info.name}"
    image_key = choose_feature(source, "image_key", image_key, images, supervised)
    if image_key is None:
        raise ValueError(f"'{source}' has no images. Received: features {list(info.features)}")
    return image_key, choose_feature(source, "label_key", label_key, classes, supervised)


def _gather(batches, count, image_key, label_key, labels):
    """Returns all images of one shape, and fills `labels` if it is an array."""
    images, done = None, 0
    for batch in batches:
        rows = slice(done, done + len(batch[image_key]))
        if images is None:
            images = np.empty((count, *batch[image_key].shape[1:]), batch[image_key].dtype)
        images[rows] = batch[image_key]
        if labels is not None:
            labels[rows] = batch[label_key]
        done = rows.stop
    if done != count:
        raise ValueError(f"The data set says it holds {count} examples. Received: {done}")
    return images


def _images_of(examples, image_key, label_key, labels):
    """Yields images of any shape one by one, and fills `labels` if it is an array."""
    for row, example in enumerate(examples):
        if labels is not None:
            labels[row] = example[label_key]
        yield example[image_key]
