"""Data sets that `ganzoo generate` wrote: shards in one folder, with a manifest of their hashes."""

from pathlib import Path

import numpy as np

from ganzoo import json_files
from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert_array
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.data.shard_formats import FORMATS
from ganzoo.data.sources import check_split, register
from ganzoo.files import describe_file, user_path

MANIFEST = "generated.json"
FORMAT, VERSION = "ganzoo-generated", 1


@register("generated", argument="PATH")
def load_generated(argument, split="train", size=None, channels=None) -> Dataset:
    """A folder of samples that `ganzoo generate` wrote (`ganzoo.synthesis.generate`).

    Args:
        argument: Path of the folder.
        split: `"train"`.
        size: (height, width) to resize uint8 images to, or None.
        channels: 1 or 3, or None.

    Raises:
        FileNotFoundError: If it is no such folder.
        ValueError: If it is not complete, or a shard is damaged.
    """
    check_split(split, ("train",))
    folder = user_path(argument)
    manifest = read_manifest(folder)
    plan, shards = manifest["plan"], manifest["shards"]
    if sum(shard["rows"] for shard in shards) != plan["n"]:
        raise ValueError(
            "The data set is not complete: `ganzoo generate` with the same flags continues it. "
            f"Received: {len(shards)} shards in {folder}"
        )
    parts = [_read(folder, shard, plan) for shard in shards]
    labels = None
    if plan["num_classes"] is not None:
        labels = np.concatenate([labels for _, labels in parts])
    dataset = Dataset(
        np.concatenate([examples for examples, _ in parts]),
        labels,
        plan["num_classes"],
        plan["class_names"],
        name=f"generated:{folder.name}",
        split=split,
        pixels=PixelFormat.get(plan["pixels"]),
    )
    if dataset.has_images:
        dataset.examples = convert_array(dataset.examples, size, channels)
    elif size is not None or channels is not None:
        raise ValueError(
            "Only images have a size and channels. Received: "
            f"size={size}, channels={channels} for examples of shape {dataset.example_shape}"
        )
    return dataset


def read_manifest(folder: Path) -> dict:
    """Returns the manifest of a folder of samples: its `plan` and its complete `shards`.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is damaged, or of another version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a folder that `ganzoo generate` wrote, with a {MANIFEST}. Received: {folder}"
        )
    way_out = "it may be of another version; generate the samples again, in another folder"
    with json_files.reading(path, way_out) as manifest:
        found = manifest["format"], manifest["version"]
        for shard in manifest["shards"]:
            shard["file"], shard["rows"], shard["size"], shard["sha256"]
        plan = manifest["plan"]
        if found != (FORMAT, VERSION) or plan["format"] not in FORMATS:
            raise ValueError(f"format and version {found}, files of {plan['format']!r}")
        # Manifests of earlier versions do not have it: floats were no images.
        dtype = "uint16" if plan["dtype"] == "uint16" else "uint8"
        plan.setdefault("pixels", PixelFormat(dtype).to_dict())
    return manifest


def is_intact(folder: Path, shard: dict) -> bool:
    """Whether the file of a shard has the size and the hash of its entry in the manifest."""
    path = folder / shard["file"]
    expected = {"size": shard["size"], "sha256": shard["sha256"]}
    return path.is_file() and describe_file(path) == expected


def _read(folder, shard, plan):
    """Returns the examples and the labels of a shard, whose hash is checked."""
    if not is_intact(folder, shard):
        raise ValueError(
            "A shard is missing or damaged: `ganzoo generate` with the same flags makes it again. "
            f"Received: {folder / shard['file']}"
        )
    read = FORMATS[plan["format"]].read
    pixels = PixelFormat.get(plan["pixels"])
    return read(folder / shard["file"], tuple(plan["example_shape"]), plan["dtype"], pixels)
