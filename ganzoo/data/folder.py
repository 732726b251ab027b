"""A folder of image files of any format and mode that Pillow reads."""

import concurrent.futures
import os
import pathlib
import re
import warnings

import numpy as np
from PIL import Image, ImageOps

from ganzoo.data.dataset import Dataset
from ganzoo.data.images import convert, is_gray
from ganzoo.data.sources import UnknownSplit, check_split, register
from ganzoo.validation import check_choice

_SPLITS = {"train", "test", "val", "valid", "validation"}
_MOST_BAD = 0.05


@register("folder", argument="PATH")
def load_folder(argument, split="train", size=None, channels=None, *, on_bad="error"):
    """A folder of image files, with its sub-folders, whose names become the classes.

    Files are read in natural order (`2.png` before `10.png`). Hidden files, and files without the
    suffix of an image format, are ignored. The first frame of an animation is used, the rotation in
    the camera's metadata is applied, the background of transparent pixels becomes white, and pixels
    of 16 bits are scaled to 8.

    The images are labeled if each of them is in a direct sub-folder of the folder.

    Args:
        argument: Path of the folder.
        split: A sub-folder, if the folder contains only sub-folders with names of splits (train,
            test, val, valid, validation). Otherwise only `"train"`, all of the folder.
        size: (height, width) that images are cropped and resized to. Needed if their sizes differ.
        channels: 1 or 3; None stands for 1 if all images are gray, and 3 otherwise.
        on_bad: `"error"` to raise for the first file that cannot be used. `"skip"` to leave such
            files out, with a warning that lists them, if they are at most 5% of all files.

    Raises:
        ValueError: If a file cannot be used (the message names it), or if there are no images.
        FileNotFoundError: If there is no such folder.
    """
    check_choice("on_bad", on_bad, ("error", "skip"))
    root = _folder_of_split(pathlib.Path(argument).expanduser(), split)
    files = image_files(root)
    images, bad = _decode(files, size, channels, on_bad)
    if bad:
        _report(bad, len(files), root)
        files = [file for file in files if file not in bad]
    labels, class_names = _labels(files, root)
    return Dataset(images, labels, class_names=class_names, name=f"folder:{argument}", split=split)


def _folder_of_split(root, split):
    if not root.is_dir():
        raise FileNotFoundError(f"There is no such folder. Received: source='folder:{root}'")
    entries = [entry for entry in root.iterdir() if not entry.name.startswith(".")]
    if entries and all(entry.is_dir() and entry.name in _SPLITS for entry in entries):
        check_split(split, sorted(entry.name for entry in entries))
        return root / split
    if split != "train":
        raise UnknownSplit(
            f"The folder {str(root)!r} has no splits: pass split='train' for all of it, or make it "
            f"hold the sub-folders 'train' and 'test' alone. Received: split={split!r}"
        )
    return root


def image_files(root):
    """Returns the paths of all image files below `root`, in natural order."""
    suffixes = {
        suffix
        for suffix, image_format in Image.registered_extensions().items()
        if image_format in Image.OPEN
    }
    files, seen = [], set()
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_raise):
        # A link may lead back to a folder above it.
        identity = os.path.realpath(folder)
        if identity in seen:
            subfolders.clear()
            continue
        seen.add(identity)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        files += (
            pathlib.Path(folder, name)
            for name in names
            if not name.startswith(".") and pathlib.Path(name).suffix.lower() in suffixes
        )
    if not files:
        raise ValueError(
            "A folder must hold image files (.png, .jpg, .webp and others). "
            f"Received: {str(root)!r}, with none"
        )
    return sorted(files, key=lambda file: _natural(file.relative_to(root)))


def _raise(error):
    raise error


def _natural(path):
    """Returns a sorting key that takes the numbers in a path as numbers."""
    numbered = [re.split("([0-9]+)", part.casefold()) for part in path.parts]
    key = [[int(s) if i % 2 else s for i, s in enumerate(pieces)] for pieces in numbered]
    return key, path.parts


def _decode(files, size, channels, on_bad):
    """Returns the images, and a dictionary from unusable files to reasons."""
    images, bad, gray, kept = None, {}, True, 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        outcomes = pool.map(lambda file: _outcome(file, size, channels or 3), files)
        for file, (image, image_is_gray, reason) in zip(files, outcomes, strict=True):
            if reason is None and images is None:
                images = np.empty((len(files), *image.shape), np.uint8)
            if reason is None and image.shape != images.shape[1:]:
                reason = (
                    f"it is {_size(image)} pixels and the first image {_size(images[0])}; pass "
                    "`size` to make them equal"
                )
            if reason is None:
                images[kept] = image
                kept += 1
                gray &= image_is_gray
                continue
            if on_bad == "error":
                pool.shutdown(wait=False, cancel_futures=True)
                raise ValueError(
                    f"The image file {str(file)!r} cannot be used: {reason}. Repair or remove it, "
                    "or pass on_bad='skip' to leave out up to 5% of the files"
                )
            bad[file] = reason
    if images is not None:
        images = images[:kept]
        if channels is None and gray:
            images = images[..., :1]
    return images, bad


def _outcome(file, size, channels):
    """Returns the image, whether it is gray, and why it cannot be used."""
    # A decoder may raise any error for a damaged file.
    try:
        with Image.open(file) as image:
            return convert(ImageOps.exif_transpose(image), size, channels), is_gray(image), None
    except Exception as error:
        return None, None, f"{type(error).__name__}: {error}".replace(f" {str(file)!r}", " it")


def _report(bad, count, root):
    """Warns about the files that are left out, or raises if they are too many."""
    listed = "\n".join(f"  {file}: {reason}" for file, reason in bad.items())
    found = f"{len(bad):,} of {count:,} image files in {str(root)!r} cannot be used"
    if len(bad) > _MOST_BAD * count:
        raise ValueError(f"{found}, more than {_MOST_BAD:.0%}:\n{listed}")
    warnings.warn(f"{found} and are left out:\n{listed}", stacklevel=4)


def _labels(files, root):
    """Returns classes and their names if each file is in a direct sub-folder of `root`."""
    parents = [file.relative_to(root).parts[:-1] for file in files]
    if any(len(parts) != 1 for parts in parents):
        return None, None
    names = list(dict.fromkeys(parts[0] for parts in parents))  # The files are in natural order.
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[parts[0]] for parts in parents], np.int32), names


def _size(image):
    return f"{image.shape[1]} x {image.shape[0]}"
