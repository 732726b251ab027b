"""Packed data sets of any size: a folder of shards, which are read where batches need them."""

import json
import pathlib
import zlib
from typing import Any

import numpy as np

from ganzoo.data.checks import check_labels
from ganzoo.data.conditions import check_condition_names, check_conditions
from ganzoo.data.dataset import Dataset
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.data.sharded_array import MAPPED_BYTES, ShardedArray
from ganzoo.file_names import check_folder_name
from ganzoo.files import new_folder, user_path
from ganzoo.validation import check_positive_integer, describe

METADATA = "ganzoo-dataset.json"
_FORMAT, _VERSION = "ganzoo-shards", 1
_TARGETS = ("labels", "conditions")


class ShardedDataset(Dataset):
    """Images in shards: a `Dataset` whose examples stay in their files.

    Attributes:
        examples: A `ShardedArray`.
        metadata: What the packer wrote about the data.
    """

    def __init__(self, folder: pathlib.Path, metadata: dict[str, Any], targets: dict):
        files = [folder / shard["file"] for shard in metadata["shards"]]
        counts = [shard["count"] for shard in metadata["shards"]]
        self.metadata = metadata
        self.name, self.split = metadata["name"], metadata["split"]
        self.examples = ShardedArray(files, counts, tuple(metadata["shape"]), metadata["dtype"])
        self.pixels = PixelFormat.get(metadata["pixels"])
        self.labels, self.conditions = targets.get("labels"), targets.get("conditions")
        self.num_classes = metadata["num_classes"]
        for name in ("class_names", "condition_names"):
            names = metadata[name]
            setattr(self, name, None if names is None else tuple(names))

    @property
    def checksum(self) -> int:
        """CRC-32 of all examples, which the packer has computed if they are in their files."""
        # A part of the data, and their images in 8 bits, are in memory.
        is_in_files = isinstance(self.examples, ShardedArray)
        return self.metadata["crc32"] if is_in_files else super().checksum


class ShardWriter:
    """Writes images to shards, one after another.

    Args:
        folder: An empty folder.
        count: Number of images, at most.
        shards: Number of files.
    """

    def __init__(self, folder: pathlib.Path, count: int, shards: int):
        self._folder, self._shards = folder, []
        self._rows = -(-count // check_positive_integer("shards", shards))
        self._total = -(-count // self._rows)
        self._file = None
        self._crc32 = 0
        self.shape = self.dtype = None

    def add(self, images: np.ndarray) -> None:
        """Writes images `(count, height, width, channels)` of one shape and type."""
        if self.shape is None:
            self.shape, self.dtype = images.shape[1:], images.dtype
        for image in images:
            if self._file is None or self._shards[-1]["count"] == self._rows:
                self._next_file()
            content = np.ascontiguousarray(image).tobytes()
            self._crc32 = zlib.crc32(content, self._crc32)
            self._file.write(content)
            self._shards[-1]["count"] += 1
            self._shards[-1]["bytes"] += len(content)

    def close(self, facts: dict[str, Any], **targets: np.ndarray | None) -> None:
        """Writes labels or conditions, and the metadata with the facts."""
        if self._file is not None:
            self._file.close()
        for name, values in targets.items():
            if values is not None:
                np.save(self._folder / f"{name}.npy", values)
        metadata = {
            "format": _FORMAT,
            "version": _VERSION,
            **facts,
            "shape": list(self.shape),
            "dtype": np.dtype(self.dtype).name,
            "crc32": self._crc32,
            "shards": self._shards,
            "targets": [name for name, values in targets.items() if values is not None],
        }
        (self._folder / METADATA).write_text(json.dumps(metadata, indent=1))

    def _next_file(self):
        if self._file is not None:
            self._file.close()
        name = f"examples-{len(self._shards):05}-of-{self._total:05}.raw"
        self._shards.append({"file": name, "count": 0, "bytes": 0})
        self._file = open(self._folder / name, "wb")  # noqa: SIM115  Closed by `close`.


def facts_of(dataset: Dataset) -> dict[str, Any]:
    """Returns what the metadata of packed files and of shards say about a data set."""
    return {
        "name": dataset.name,
        "split": dataset.split,
        "num_classes": dataset.num_classes,
        "class_names": dataset.class_names,
        "condition_names": dataset.condition_names,
        "pixels": dataset.pixels.to_dict(),
    }


def pack_shards(
    dataset: Dataset, folder: pathlib.Path | str, shards: int = 1, replace: bool = False
) -> pathlib.Path:
    """Writes images and labels to a folder of shards, which `load` reads piece by piece.

    Batches of the shards are the batches of the data set, for each seed and step. The folder
    appears complete or not at all.

    Args:
        dataset: A `ganzoo.data.Dataset` of images.
        folder: The new folder.
        shards: Number of files, at most the number of images.
        replace: Whether it may replace a folder that is not empty.

    Returns:
        The folder, a `pathlib.Path`.

    Raises:
        ValueError: If the data are not images.
        FileExistsError: If the folder is not empty, without `replace`.

    Example:

    >>> folder = ganzoo.data.pack_shards(ganzoo.data.load("digits"), "digits_shards", shards=4)
    >>> ganzoo.data.load(folder)
    ShardedDataset('digits' train, 1,438 uint8 images of shape (32, 32, 1), 10 classes)
    """
    folder = user_path(folder)
    check_folder_name("folder", folder)
    if not dataset.has_images:
        raise ValueError(f"Only images are packed. Received: dataset={describe(dataset)}")
    if check_positive_integer("shards", shards) > len(dataset):
        raise ValueError(
            "`shards` must be at most the number of images. "
            f"Received: shards={shards} for {dataset!r}"
        )
    if not replace:
        check_new_folder(folder)
    rows = max(1, MAPPED_BYTES // dataset.examples[0].nbytes)
    with new_folder(folder, replace) as unfinished:
        writer = ShardWriter(unfinished, len(dataset), shards)
        for start in range(0, len(dataset), rows):
            writer.add(dataset.examples[start : start + rows])
        writer.close(facts_of(dataset), labels=dataset.labels, conditions=dataset.conditions)
    return folder


def check_new_folder(folder: pathlib.Path | str) -> None:
    """Raises `FileExistsError` if there is a folder that is not empty."""
    folder = user_path(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(
            "The folder of shards must be empty or not exist: give another one. "
            f"Received: {str(folder)!r}"
        )


def is_sharded(path: pathlib.Path | str) -> bool:
    """Returns whether a path is a folder of shards."""
    return (user_path(path) / METADATA).is_file()


def load_shards(path: pathlib.Path | str) -> ShardedDataset:
    """Returns the data of a folder that `pack_shards` wrote.

    The sizes of all files are checked, and their contents are not read.

    Raises:
        ValueError: If a file is missing, cut short or of another version.
    """
    folder = user_path(path)
    try:
        metadata = json.loads((folder / METADATA).read_text())
        if metadata["format"] != _FORMAT or metadata["version"] != _VERSION:
            raise ValueError(f"format {metadata['format']!r}, version {metadata['version']!r}")
        row = int(np.prod(metadata["shape"])) * np.dtype(metadata["dtype"]).itemsize
        for shard in metadata["shards"]:
            _check_size(folder, shard["file"], shard["count"] * row)
        targets = {
            name: np.load(folder / f"{name}.npy", allow_pickle=False)
            for name in metadata["targets"]
            if name in _TARGETS
        }
        dataset = ShardedDataset(folder, metadata, targets)
        _check_targets(dataset)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"The packed folder {str(folder)!r} is damaged, or of another version: pack the data "
            f"again. {type(error).__name__}: {error}"
        ) from error
    return dataset


def _check_targets(dataset):
    if dataset.labels is not None:
        check_labels(dataset.labels, dataset.num_classes, dataset.class_names, len(dataset))
    if dataset.conditions is not None:
        check_conditions(dataset.conditions, len(dataset))
    check_condition_names(dataset.condition_names, dataset.condition_dim)


def _check_size(folder, name, expected):
    if pathlib.PurePath(name).name != name or not (folder / name).is_file():
        raise ValueError(f"{name} is missing")
    found = (folder / name).stat().st_size
    if found != expected:
        cut = "cut short" if found < expected else "too long"
        raise ValueError(f"{name} is {cut}: {found:,} bytes, and {expected:,} are expected")
