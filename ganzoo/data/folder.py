"""A folder of image files of any format and mode that Pillow reads."""

import pathlib
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.deep_images import ARRAY_SUFFIX
from ganzoo.data.folder_images import FolderImages
from ganzoo.data.folder_layout import Layout, layout_of, natural
from ganzoo.data.image_files import image_files, printable
from ganzoo.data.image_options import MAX_PIXELS, check_size, image_options
from ganzoo.data.label_columns import Targets, targets_of
from ganzoo.data.label_tables import read_table, rows_of
from ganzoo.data.mixed_images import MixedImages
from ganzoo.data.random_crops import RandomCrops
from ganzoo.data.sources import register
from ganzoo.files import user_path
from ganzoo.validation import check_choice


@register("folder", argument="PATH")
def load_folder(
    argument,
    split="train",
    size=None,
    channels=None,
    *,
    on_bad: str = "error",
    max_pixels: int = MAX_PIXELS,
    keep_sizes: bool = False,
    labels: str | pathlib.Path | None = None,
    label_columns: Sequence[str] | None = None,
    labels_as: str | None = None,
    alpha: str | None = None,
    crop: str = "center",
    dtype: str = "uint8",
    value_range: tuple[float, float] | None = None,
    cache: str | pathlib.Path | bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Dataset | MixedImages:
    """A folder of image files, with its sub-folders, whose names become the classes.

    Files are read in natural order (`2.png` before `10.png`). Hidden files, and files without the
    suffix of an image format, are ignored. The first frame of an animation is used, the rotation in
    the camera's metadata is applied, the background of transparent pixels becomes white, and pixels
    of 16 bits are scaled to 8, unless `alpha` or `dtype` say otherwise. Large JPEG files are
    decoded at a fraction of their size.

    If there are at least two sub-folders, the top one is the class of an image, however deep it
    lies. The classes are numbered in natural order of the names in all splits together, so that a
    class has the same number in each split. A warning lists what was left out.

    Args:
        argument: Path of the folder.
        split: A sub-folder, if sub-folders have names of splits in any case and spelling, such as
            `train`, `Test`, `val` or `validation`. Otherwise only `"train"`, all of the folder.
        size: (height, width) that images are cropped and resized to. Needed if their sizes differ.
        channels: 1, 3, or 4 to keep alpha; None stands for 1 if all images are gray, and otherwise
            for 3.
        on_bad: `"error"` to raise for the first file that cannot be used. `"skip"` to leave such
            files out, with a warning that lists them, if they are at most 5% of all files.
        max_pixels: The largest number of pixels of a file that is decoded.
        keep_sizes: Whether images of different sizes are kept as they are, without `size`, for
            metrics. The result is then a `ganzoo.data.MixedImages`, with the labels.
        labels: Path of a table of labels, in place of sub-folders; it may be relative to the
            folder. `ganzoo.data.label_tables.read_table` says which tables there are. Classes are
            numbered from the whole table, so that they have the same numbers in each split.
        label_columns: Columns of the table; by default all, if there is one, or if all are numbers.
            One column of texts or integers holds classes. A column of floats, or several columns,
            are conditions (`ganzoo.data.label_columns.targets_of`).
        labels_as: `"classes"` or `"conditions"`, to choose where a column can be both.
        alpha, crop: As for `ganzoo.data.image_options.image_options`. With `crop="random"`, images
            have one size of their own, of which each batch gets windows of the size `size`.
        dtype: `"uint16"` keeps 16 bits, and `"float32"` floats, for which `value_range` is needed:
            the values of black and white. Both also read arrays in `.npy` files, of any number of
            channels.
        value_range: (low, high), the range of floats.
        cache: For folders that are larger than the memory: a folder where the decoded images are
            kept in shards, or `True` for `ganzoo.data.folder_cache.default_folder()`. They are
            decoded again if a name, size or date of a file, a label or an option changes. The
            batches are the ones of images in memory.
        progress: Function that is called with `"images"`, the number of images that are loaded,
            and the number of all.

    Raises:
        ValueError: If a file cannot be used (the message names it), if there are no images, or if
            it cannot be told whether sub-folders are splits or classes.
        FileNotFoundError: If there is no such folder.

    Warns:
        UserWarning: If images or folders were left out, or may not be what was meant.
    """
    check_choice("on_bad", on_bad, ("error", "skip"))
    options = image_options(size, channels, alpha, crop, dtype, value_range, max_pixels)
    if cache and crop == "random":
        raise ValueError(
            "Random crops are windows of images in memory. "
            f"Received: crop='random' with cache={cache!r}"
        )
    more = () if options.pixels.is_eight_bits else (ARRAY_SUFFIX,)
    layout, targets = labeled_layout(argument, split, (labels, label_columns, labels_as), more)
    if layout.notes:
        notes = "".join(f"\n  {note}" for note in layout.notes)
        warnings.warn(f"In the folder {printable(argument)!r}:{notes}", stacklevel=3)
    images = FolderImages(argument, split, layout.files, targets, options, on_bad, progress)
    if cache:
        return images.in_cache(cache)
    if keep_sizes and images.have_different_sizes:
        return images.in_own_sizes()
    dataset = images.in_memory()
    return RandomCrops(dataset, check_size(size)) if crop == "random" else dataset


def labeled_layout(folder, split, labels, suffixes):
    """Returns the `Layout` of a folder, and the `Targets` of its files.

    Args:
        folder: Path of the folder.
        split: Name of the split.
        labels: The arguments `labels`, `label_columns` and `labels_as` of `load_folder`.
        suffixes: Suffixes of other files that hold images.

    Raises:
        ValueError: If the table does not fit the files, or as for `load_folder`.
    """
    table, columns, labels_as = labels
    if table is None:
        if columns is not None or labels_as is not None:
            raise ValueError(
                "`label_columns` and `labels_as` are of a table: give it as `labels`. "
                f"Received: label_columns={columns!r}, labels_as={labels_as!r}, labels=None"
            )
        layout = folder_layout(folder, split, suffixes)
        numbers = None if layout.labels is None else np.array(layout.labels, np.int32)
        return layout, Targets(numbers, layout.class_names)
    root, files, found = _all_files(folder, suffixes)
    layout = layout_of(root, files, split, has_classes=False)
    table = read_table(_path_of_table(table, root))
    targets = targets_of(table, columns, labels_as)
    rows = rows_of(table, root, layout.files, files)
    notes = [*layout.notes, *targets.notes, *found]
    return Layout(layout.files, None, None, notes), targets.take(rows)


def _path_of_table(path, root):
    """Returns the path of a table, which may be relative to the folder of the images."""
    path = user_path(path)
    inside = root / path
    if path.is_file() and inside.is_file() and not path.samefile(inside):
        raise ValueError(
            "There are two such tables of labels: give the whole path of one of them. "
            f"Received: {printable(path.resolve())!r} and {printable(inside.resolve())!r}"
        )
    if not inside.is_file() and not path.exists():
        raise FileNotFoundError(
            "There is no such table of labels, neither in the folder of the images nor as a path "
            f"from here. Received: {printable(path)!r} with the folder {printable(root)!r}"
        )
    return inside if inside.is_file() else path


def folder_layout(argument, split="train", suffixes=()):
    """Returns the `Layout` of a folder of images: the files of a split, and their classes.

    Args:
        argument: Path of the folder.
        split: Name of the split.
        suffixes: Suffixes of other files that hold images.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: As for `load_folder`.
    """
    root, files, notes = _all_files(argument, suffixes)
    layout = layout_of(root, files, split)
    layout.notes.extend(notes)
    return layout


def _all_files(folder, suffixes):
    """Returns the path of a folder, its image files in natural order, and texts about others.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    root = _root(folder)
    if not root.is_dir():
        what = "There is no such folder: give the path of a folder of images"
        if root.exists():
            what = "This is a file: give the folder that it is in"
        raise FileNotFoundError(f"{what}. Received: source='folder:{printable(root)}'")
    files, notes = image_files(root, suffixes)
    files.sort(key=lambda file: natural(file.relative_to(root).parts))
    return root, files, notes


def _root(folder):
    return user_path(folder)
