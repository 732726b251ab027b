"""Files that hold a part of a data set: packed arrays, TFRecord files, and tars of WebDataset.

The same examples give the same bytes. Examples are uint8 images of 1, 3 or 4 channels, which are
stored as PNG in TFRecord files and tars; or other arrays.
"""

import dataclasses
import io
import tarfile
from collections.abc import Callable

import numpy as np
from PIL import Image

from ganzoo.data.packed import load_packed, pack

_PNG_CHANNELS = (1, 3, 4)
_INFO = ("dataset_info.json", "features.json")


@dataclasses.dataclass(frozen=True)
class ShardFormat:
    """A format of shards.

    Attributes:
        name: Its name.
        file_name: Function of the index of a shard and of their number: the name of its file.
        write: Function `(path, first_row, dataset, samples)` that writes a shard: of a data set, or
            of its examples as they were sampled, with floats in the range of its pixels.
        read: Function `(path, example_shape, dtype, pixels)` that returns the examples of a shard
            as a `Dataset` holds them, with floats in [-1, 1], and their labels or `None`.
        finish: Function `(folder, dataset, shards)` that writes what readers of all shards need,
            from a data set with the classes of the shards, and the rows and bytes of each.
        extra_files: Names of the files that `finish` writes.
    """

    name: str
    file_name: Callable[[int, int], str]
    write: Callable
    read: Callable
    finish: Callable | None = None
    extra_files: tuple[str, ...] = ()


def is_picture(example_shape, dtype):
    """Whether an example can be stored as PNG."""
    return len(example_shape) == 3 and dtype == "uint8" and example_shape[2] in _PNG_CHANNELS


def _write_packed(path, first_row, dataset, samples):
    pack(dataset, path)


def _read_packed(path, example_shape, dtype, pixels):
    dataset = load_packed(str(path))
    return dataset.examples, dataset.labels


def _write_tar(path, first_row, dataset, samples):
    with tarfile.open(path, "w") as archive:
        for row, example in enumerate(samples):
            key = f"{first_row + row:09d}"
            for suffix, content in _parts(example).items():
                _add(archive, f"{key}.{suffix}", content)
            if dataset.labels is not None:
                _add(archive, f"{key}.cls", str(int(dataset.labels[row])).encode())


def _add(archive, name, content):
    member = tarfile.TarInfo(name)  # Without the time and the user, which differ.
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _read_tar(path, example_shape, dtype, pixels):
    examples, labels = [], []
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            content = archive.extractfile(member).read()
            if member.name.endswith(".cls"):
                labels.append(int(content))
            else:
                examples.append(_decoded(member.name, content, example_shape))
    return pixels.to_signed(np.stack(examples)), np.array(labels) if labels else None


def _parts(example):
    """Returns the content of an example by its suffix."""
    buffer = io.BytesIO()
    if not is_picture(example.shape, example.dtype.name):
        np.save(buffer, example, allow_pickle=False)
        return {"npy": buffer.getvalue()}
    gray = example.shape[2] == 1
    Image.fromarray(example[..., 0] if gray else example).save(buffer, "png")
    return {"png": buffer.getvalue()}


def _decoded(name, content, example_shape):
    if name.endswith(".npy"):
        return np.load(io.BytesIO(content), allow_pickle=False)
    return np.asarray(Image.open(io.BytesIO(content))).reshape(example_shape)


def _write_records(path, first_row, dataset, samples):
    tf = _tensorflow()
    train = tf.train
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row, example in enumerate(samples):
            features = {"example": _array_feature(train, example)}
            if is_picture(example.shape, example.dtype.name):
                content = train.BytesList(value=[_parts(example)["png"]])
                features = {"image": train.Feature(bytes_list=content)}
            if dataset.labels is not None:
                label = train.Int64List(value=[int(dataset.labels[row])])
                features["label"] = train.Feature(int64_list=label)
            record = train.Example(features=train.Features(feature=features))
            # Without this, the order of the features may differ from process to process.
            writer.write(record.SerializeToString(deterministic=True))


def _array_feature(train, example):
    if example.dtype.kind == "f":
        return train.Feature(float_list=train.FloatList(value=example.ravel().tolist()))
    return train.Feature(int64_list=train.Int64List(value=example.ravel().tolist()))


def _read_records(path, example_shape, dtype, pixels):
    tf = _tensorflow()
    examples, labels = [], []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        if "image" in features:
            content = features["image"].bytes_list.value[0]
            examples.append(_decoded(".png", content, example_shape))
        else:
            lists = features["example"]
            values = lists.float_list.value or lists.int64_list.value
            examples.append(np.array(values, dtype).reshape(example_shape))
        if "label" in features:
            labels.append(features["label"].int64_list.value[0])
    return pixels.to_signed(np.stack(examples)), np.array(labels) if labels else None


def _write_tfds_metadata(folder, dataset, shards):
    """Writes what `tfds.builder_from_directory` reads."""
    import tensorflow_datasets as tfds

    tf, shape = _tensorflow(), dataset.example_shape
    if is_picture(shape, dataset.examples.dtype.name):
        features = {"image": tfds.features.Image(shape=shape, encoding_format="png")}
    else:
        dtype = tf.as_dtype(dataset.examples.dtype)
        features = {"example": tfds.features.Tensor(shape=shape, dtype=dtype)}
    if dataset.labels is not None:
        known = {"names": list(dataset.class_names)} if dataset.class_names else {}
        known = known or {"num_classes": dataset.num_classes}
        features["label"] = tfds.features.ClassLabel(**known)
    rows = [rows for rows, _ in shards]
    split = tfds.core.SplitInfo(
        name="train", shard_lengths=rows, num_bytes=sum(size for _, size in shards)
    )
    keys = tuple(features) if "label" in features else None
    tfds.folder_dataset.write_metadata(
        data_dir=folder,
        features=features,
        split_infos=[split],
        check_data=False,
        supervised_keys=keys,
    )


def _tensorflow():
    try:
        import tensorflow
    except ImportError as error:
        raise ImportError(
            "TFRecord files need TensorFlow: install it, or take another format, packed or "
            f"webdataset. {error}"
        ) from error
    return tensorflow


FORMATS = {
    "packed": ShardFormat(
        "packed", lambda index, count: f"shard-{index:05d}.npz", _write_packed, _read_packed
    ),
    "tfrecord": ShardFormat(
        "tfrecord",
        # The names that TensorFlow Datasets expects.
        lambda index, count: f"generated-train.tfrecord-{index:05d}-of-{count:05d}",
        _write_records,
        _read_records,
        _write_tfds_metadata,
        _INFO,
    ),
    "webdataset": ShardFormat(
        "webdataset", lambda index, count: f"shard-{index:05d}.tar", _write_tar, _read_tar
    ),
}
