"""Packed data sets: one `.npz` file that any machine with NumPy can read, without TensorFlow."""

import json
import pathlib

import numpy as np

from ganzoo.array_files import DAMAGE, open_arrays
from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert_array
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.data.random_crops import RandomCrops
from ganzoo.data.shards import facts_of, is_sharded, load_shards
from ganzoo.data.sources import UnknownSplit, register
from ganzoo.file_names import check_file_name
from ganzoo.files import new_file, user_path
from ganzoo.validation import check_choice, describe

_FORMAT = "ganzoo-dataset"
_VERSION = 1


def pack(dataset: Dataset, path: pathlib.Path | str, compress: bool = False) -> pathlib.Path:
    """Writes images and labels to one `.npz` file that `load` reads on any backend.

    The file appears complete or not at all. It has plain arrays without pickled objects:
    `examples`, `labels` if there are any, and `metadata`, which is JSON as bytes.

    Args:
        dataset: A `ganzoo.data.Dataset` of images.
        path: Name of the file, ending in `.npz`. Its folder is created.
        compress: Whether to compress the file. It is then smaller and slower to load.

    Returns:
        The path, a `pathlib.Path`.

    Raises:
        ValueError: If the name has another ending, or the data are not images.

    Example:

    >>> path = ganzoo.data.pack(ganzoo.data.load("digits"), "digits.npz")
    >>> ganzoo.data.load(path)
    Dataset('digits' train, 1,438 uint8 images of shape (32, 32, 1), 10 classes)
    """
    path = user_path(path)
    check_file_name("path", path, (".npz",))
    if not dataset.has_images:
        raise ValueError(
            "Only images are packed; toy data are computed wherever they are loaded. "
            f"Received: dataset={describe(dataset)}"
        )
    metadata = {
        "format": _FORMAT,
        "version": _VERSION,
        **facts_of(dataset),
    }
    arrays = {
        "examples": dataset.examples,
        "metadata": np.frombuffer(json.dumps(metadata).encode(), np.uint8),
    }
    for name in ("labels", "conditions"):
        if getattr(dataset, name) is not None:
            arrays[name] = getattr(dataset, name)
    with new_file(path, replace=True) as unfinished, open(unfinished, "wb") as file:
        (np.savez_compressed if compress else np.savez)(file, **arrays)
    return path


@register("packed", argument="PATH.npz")
def load_packed(argument, split="train", size=None, channels=None, *, crop="center") -> Dataset:
    """A file or a folder of shards that `ganzoo data pack` wrote, read without TensorFlow.

    Args:
        argument: Path of the file that `ganzoo.data.pack` wrote, or of the folder of
            `ganzoo.data.pack_shards`.
        split: The split that was packed. A file holds only one.
        size: (height, width) to resize uint8 images to, or None.
        channels: 1 or 3, or None.
        crop: `"center"`, or `"random"` for windows of the size `size`, at other places in each
            batch.

    Raises:
        ValueError: If the file is damaged, is no packed data set, or holds another split.
        FileNotFoundError: If there is no such file.
    """
    check_choice("crop", crop, ("center", "random"))
    if crop == "random" and size is None:
        raise ValueError("Crops need `size`. Received: crop='random', size=None")
    if is_sharded(argument):
        return _from_shards(argument, split, size, channels, crop)
    arrays, metadata = _read(user_path(argument))
    held = metadata.get("split") or "train"
    _check_split(argument, held, split)
    try:
        dataset = Dataset(
            arrays["examples"],
            arrays.get("labels"),
            metadata.get("num_classes"),
            metadata.get("class_names"),
            name=metadata.get("name", str(argument)),
            split=held,
            conditions=arrays.get("conditions"),
            condition_names=metadata.get("condition_names"),
            pixels=PixelFormat.get(metadata.get("pixels")),
        )
        resized = None if crop == "random" else size
        dataset.examples = convert_array(dataset.examples, resized, channels)
    except (TypeError, ValueError) as error:
        raise ValueError(f"The packed file {argument!r} cannot be used. {error}") from error
    return RandomCrops(dataset, size) if crop == "random" else dataset


def _from_shards(folder, split, size, channels, crop):
    """Returns the data of a folder of shards, which have the size that they were packed at."""
    dataset = load_shards(folder)
    _check_split(folder, dataset.split or "train", split)
    wanted = (*(size or dataset.image_shape[:2]), channels or dataset.image_shape[2])
    if wanted != dataset.image_shape or crop != "center":
        raise ValueError(
            "Images in shards are used as they were packed: pack them at another `size`. "
            f"Received: size={size}, channels={channels}, crop={crop!r} for {dataset!r}"
        )
    return dataset


def _check_split(path, held, split):
    # "train[:10%]" is a part of "train".
    if split not in (held, held.partition("[")[0]):
        raise UnknownSplit(
            f"The packed file {str(path)!r} holds split {held!r}. Received: split={split!r}"
        )


def _read(path):
    """Returns the arrays of a packed file, and its metadata."""
    if not path.is_file():
        raise FileNotFoundError(
            "There is no such packed file; `ganzoo data pack SOURCE` writes one. "
            f"Received: path={str(path)!r}"
        )
    try:
        with open_arrays(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except DAMAGE as error:
        raise ValueError(
            f"The packed file {str(path)!r} is damaged, or is no packed data set: write it again "
            f"with `ganzoo data pack SOURCE`. {type(error).__name__}: {error}"
        ) from error
    missing = {"examples", "metadata"} - set(arrays)
    if missing:
        raise ValueError(
            f"The file {str(path)!r} is no packed data set: it lacks {', '.join(sorted(missing))}. "
            'For arrays of your own use load("arrays", images=...), and `pack` to write them. '
            f"Received: {', '.join(sorted(arrays)) or 'nothing'}"
        )
    return arrays, _metadata(path, arrays["metadata"])


def _metadata(path, encoded):
    try:
        metadata = json.loads(encoded.astype(np.uint8, casting="no").tobytes())
        if metadata["format"] != _FORMAT:
            raise ValueError(f"format={metadata['format']!r}")
        version = metadata["version"]
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(
            f"The packed file {str(path)!r} has metadata that cannot be read. "
            f"{type(error).__name__}: {error}"
        ) from error
    if version != _VERSION:
        raise ValueError(
            f"The packed file {str(path)!r} is of another version than this ganzoo reads "
            f"({_VERSION}): update ganzoo, or pack it again. Received: version={version!r}"
        )
    texts = [
        metadata.get("name") or "",
        metadata.get("split") or "",
        *(metadata.get("class_names") or ()),
        *(metadata.get("condition_names") or ()),
    ]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(
            f"The packed file {str(path)!r} has metadata that cannot be read: names must be texts"
        )
    return metadata
