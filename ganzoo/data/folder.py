"""A folder of image files of any format and mode that Pillow reads."""

import concurrent.futures
import contextlib
import pathlib
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from ganzoo.data.dataset import Dataset
from ganzoo.data.folder_layout import Layout, layout_of, natural
from ganzoo.data.image_files import (
    MAX_PIXELS,
    image_files,
    kind_of,
    printable,
    read_image,
    unread_note,
)
from ganzoo.data.label_columns import Targets, targets_of
from ganzoo.data.label_tables import read_table, rows_of
from ganzoo.data.mixed_images import MixedImages
from ganzoo.data.sources import register
from ganzoo.validation import check_choice, check_positive_integer

_MOST_BAD = 0.05
# Files that use no more than this share of 16 bits hold 12 bits or fewer, and would be dark.
_DARK = 65535 // 8


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
    progress: Callable[[str, int, int], None] | None = None,
) -> Dataset | MixedImages:
    """A folder of image files, with its sub-folders, whose names become the classes.

    Files are read in natural order (`2.png` before `10.png`). Hidden files, and files without the
    suffix of an image format, are ignored. The first frame of an animation is used, the rotation in
    the camera's metadata is applied, the background of transparent pixels becomes white, and pixels
    of 16 bits are scaled to 8. Large JPEG files are decoded at a fraction of their size.

    If there are at least two sub-folders, the top one is the class of an image, however deep it
    lies. The classes are numbered in natural order of the names in all splits together, so that a
    class has the same number in each split. A warning lists what was left out.

    Args:
        argument: Path of the folder.
        split: A sub-folder, if sub-folders have names of splits in any case and spelling, such as
            `train`, `Test`, `val` or `validation`. Otherwise only `"train"`, all of the folder.
        size: (height, width) that images are cropped and resized to. Needed if their sizes differ.
        channels: 1 or 3; None stands for 1 if all images are gray, and 3 otherwise.
        on_bad: `"error"` to raise for the first file that cannot be used. `"skip"` to leave such
            files out, with a warning that lists them, if they are at most 5% of all files.
        max_pixels: The largest number of pixels of a file that is decoded.
        keep_sizes: Whether images of different sizes are kept as they are, without `size`, for
            metrics. The result is then a `ganzoo.data.MixedImages`.
        labels: Path of a table of labels, in place of sub-folders; it may be relative to the
            folder. `ganzoo.data.label_tables.read_table` says which tables there are. Classes are
            numbered from the whole table, so that they have the same numbers in each split.
        label_columns: Columns of the table; by default all, if there is one, or if all are numbers.
            One column of texts or integers holds classes. A column of floats, or several columns,
            are conditions (`ganzoo.data.label_columns.targets_of`).
        labels_as: `"classes"` or `"conditions"`, to choose where a column can be both.
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
    check_positive_integer("max_pixels", max_pixels)
    layout, targets = _labeled(argument, split, labels, label_columns, labels_as)
    if layout.notes:
        notes = "".join(f"\n  {note}" for note in layout.notes)
        warnings.warn(f"In the folder {printable(argument)!r}:{notes}", stacklevel=3)
    name = f"folder:{printable(argument)}"
    if keep_sizes and size is None:
        kinds = _kinds(layout.files)
        if len({kind[:2] for kind in kinds}) > 1:
            if channels is None:
                channels = 1 if all(gray for *_, gray in kinds) else 3
            files = layout.files
            if on_bad == "skip":
                bad = _Decoder(None, channels, max_pixels).find_bad(files)
                if bad:
                    _report(bad, len(files), argument)
                    files = [file for file in files if file not in bad]
            return MixedImages(files, channels, name, split, max_pixels)
    images, bad = _Decoder(size, channels, max_pixels).all(layout.files, on_bad, progress)
    kept = np.array([file not in bad for file in layout.files])
    if bad:
        _report(bad, len(layout.files), argument)
    return Dataset(
        images,
        None if targets.labels is None else targets.labels[kept],
        class_names=targets.class_names,
        name=name,
        split=split,
        conditions=None if targets.conditions is None else targets.conditions[kept],
        condition_names=targets.condition_names,
    )


def _labeled(folder, split, table, columns, labels_as):
    """Returns the `Layout` of a folder, and the `Targets` of its files."""
    if table is None:
        if columns is not None or labels_as is not None:
            raise ValueError(
                "`label_columns` and `labels_as` are of a table: give it as `labels`. "
                f"Received: label_columns={columns!r}, labels_as={labels_as!r}, labels=None"
            )
        layout = folder_layout(folder, split)
        numbers = None if layout.labels is None else np.array(layout.labels, np.int32)
        return layout, Targets(numbers, layout.class_names)
    root, files, unread = _all_files(folder)
    layout = layout_of(root, files, split, has_classes=False)
    table = read_table(_path_of_table(table, root))
    targets = targets_of(table, columns, labels_as)
    rows = rows_of(table, root, layout.files, files)
    notes = [*layout.notes, *targets.notes, *([unread_note(unread)] if unread else [])]
    return Layout(layout.files, None, None, notes), targets.take(rows)


def _path_of_table(path, root):
    """Returns the path of a table, which may be relative to the folder of the images."""
    path = pathlib.Path(path).expanduser()
    inside = root / path
    if path.is_file() and inside.is_file() and not path.samefile(inside):
        raise ValueError(
            "There are two such tables of labels: give the whole path of one of them. "
            f"Received: {printable(path.resolve())!r} and {printable(inside.resolve())!r}"
        )
    return inside if inside.is_file() else path


def folder_layout(argument, split="train"):
    """Returns the `Layout` of a folder of images: the files of a split, and their classes.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: As for `load_folder`.
    """
    root, files, unread = _all_files(argument)
    layout = layout_of(root, files, split)
    if unread:
        layout.notes.append(unread_note(unread))
    return layout


def _all_files(folder):
    """Returns the path of a folder, its image files in natural order, and files of other formats.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    root = pathlib.Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(
            f"There is no such folder. Received: source='folder:{printable(root)}'"
        )
    files, unread = image_files(root)
    files.sort(key=lambda file: natural(file.relative_to(root).parts))
    return root, files, unread


def _kinds(files):
    """Returns (width, height, whether it is gray) of each file that can be opened."""
    kinds = []
    for file in files:
        with contextlib.suppress(Exception):  # What is wrong is found when it is decoded.
            kinds.append(kind_of(file))
    return kinds


class _Decoder:
    """Decodes files to images of one size, and finds out what they have in common."""

    def __init__(self, size, channels, max_pixels):
        self._size, self._channels, self._max_pixels = size, channels, max_pixels
        self._is_gray = True
        self._highest = 0  # Of pixels of more than 8 bits.
        self._damaged = []

    def all(self, files, on_bad, progress):
        """Returns the images, and a dictionary from unusable files to reasons."""
        images, bad, kept = None, {}, 0
        progress = progress or (lambda *state: None)
        with _pillow_limit(self._max_pixels), concurrent.futures.ThreadPoolExecutor() as pool:
            outcomes = pool.map(self._outcome, files)
            for done, (file, (decoded, reason)) in enumerate(zip(files, outcomes, strict=True), 1):
                if reason is None and images is None:
                    images = np.empty((len(files), *decoded.pixels.shape), np.uint8)
                if reason is None and decoded.pixels.shape != images.shape[1:]:
                    reason = (
                        f"it is {_size(decoded.pixels)} pixels and the first image "
                        f"{_size(images[0])}; pass `size` to make them equal"
                    )
                if reason is None:
                    images[kept] = decoded.pixels
                    kept += 1
                    self._note(file, decoded)
                elif on_bad == "error":
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise ValueError(
                        f"The image file {printable(file)!r} cannot be used: {reason}. Repair or "
                        "remove it, or pass on_bad='skip' to leave out up to 5% of the files"
                    )
                else:
                    bad[file] = reason
                progress("images", done, len(files))
        self._check_notes()
        if images is not None:
            images = images[:kept]
            if self._channels is None and self._is_gray:
                images = images[..., :1]
        return images, bad

    def find_bad(self, files):
        """Returns a dictionary from unusable files to reasons."""
        with _pillow_limit(self._max_pixels), concurrent.futures.ThreadPoolExecutor() as pool:
            outcomes = zip(files, pool.map(self._outcome, files), strict=True)
            return {file: reason for file, (_, reason) in outcomes if reason is not None}

    def _outcome(self, file):
        """Returns what `read_image` does, and why the file cannot be used or `None`."""
        # A decoder may raise any error for a damaged file.
        try:
            return read_image(file, self._size, self._channels or 3, self._max_pixels), None
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".replace(f" {str(file)!r}", " it")
            return None, reason

    def _note(self, file, image):
        self._is_gray &= image.is_gray
        self._highest = max(self._highest, image.highest)
        if image.is_damaged:
            self._damaged.append(file)

    def _check_notes(self):
        if self._damaged:
            warnings.warn(
                f"The metadata of {len(self._damaged):,} image files cannot be read, e.g. of "
                f"{printable(self._damaged[0])!r}: they are taken as they are stored, without a "
                "rotation.",
                stacklevel=5,
            )
        if not self._highest or self._highest > _DARK:
            return
        problem = (
            f"The pixels of the files with more than 8 bits are at most {self._highest} of 65535, "
            "so that the images are nearly black"
        )
        if self._highest < 256:
            raise ValueError(
                f"{problem}: save the files with 8 bits, or multiply their pixels by 257. "
                f"Received: files of 16 bits with values up to {self._highest}"
            )
        warnings.warn(f"{problem}: scale their pixels to the range of 16 bits.", stacklevel=5)


@contextlib.contextmanager
def _pillow_limit(max_pixels):
    """Puts a limit in place of Pillow's own, and keeps Pillow's warnings, which name no file."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None:
        Image.MAX_IMAGE_PIXELS = max(limit, max_pixels)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _report(bad, count, folder):
    """Warns about the files that are left out, or raises if they are too many."""
    listed = "\n".join(f"  {printable(file)}: {reason}" for file, reason in bad.items())
    found = f"{len(bad):,} of {count:,} image files in {printable(folder)!r} cannot be used"
    if len(bad) > _MOST_BAD * count:
        raise ValueError(f"{found}, more than {_MOST_BAD:.0%}:\n{listed}")
    warnings.warn(f"{found} and are left out:\n{listed}", stacklevel=4)


def _size(image):
    return f"{image.shape[1]} x {image.shape[0]}"
