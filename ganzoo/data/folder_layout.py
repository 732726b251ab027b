"""Which image files of a folder belong to a split, and which of its folders are classes."""

import dataclasses
import os
import pathlib
import re
import unicodedata

from ganzoo.data.classes import listed
from ganzoo.data.image_files import printable
from ganzoo.data.sources import UnknownSplit

# Words for splits in any case, most of them as in Hugging Face's `datasets`.
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}
# What may follow such a word without a space: `trainset`, `testdata`.
_ENDINGS = re.compile(rf"({'|'.join(_SPLITS)})(set|data|split|images?|imgs?|samples?)+")
# Images outside of all class folders are left out if they are at most this many, or this share.
_FEW, _FEW_SHARE = 10, 0.05
_TABLES = {".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xls", ".xlsx", ".mat", ".xml"}


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a folder of images holds.

    Attributes:
        files: Paths of the images of one split, in natural order.
        labels: The class of each of them, a list of integers, or `None`.
        class_names: Names of the classes of all splits in natural order, or `None`.
        notes: Texts about what was left out or may not be what was meant.
    """

    files: list[pathlib.Path]
    labels: list[int] | None
    class_names: list[str] | None
    notes: list[str]


def layout_of(
    root: pathlib.Path, files: list[pathlib.Path], split: str, has_classes: bool = True
) -> Layout:
    """Returns the images of a split, and their classes.

    Folders are splits if two different ones are there, such as `train` and `Test`. Names that only
    contain the word (`val2017`, `testA`, `train_images`) count if most folders have such names. A
    single folder with the name of a split is one if there are no images outside of it.

    The folders in the folder of a split, or in `root` if it has no splits, are the classes; images
    in deeper folders belong to them too. Numbers of classes follow from the names in all splits.
    One folder that holds everything is neither a split nor a class, and its content is taken.

    Args:
        root: The folder.
        files: Paths of all image files in it, in natural order.
        split: Name of a split: the name of its folder, or another word for it.
        has_classes: Whether folders can be classes; a table of labels takes their place.

    Raises:
        UnknownSplit: If there is no such split.
        ValueError: If it cannot be told whether folders are splits or classes.
    """
    paths = {file: file.relative_to(root).parts for file in files}
    notes = []
    depth = 0
    while True:
        folders, loose = _grouped(files, paths, depth)
        splits = _splits(root, folders, loose, notes)
        if splits or len(folders) != 1 or loose:
            break
        depth += 1
    base = root.joinpath(*next(iter(paths.values()))[:depth])
    if splits:
        taken = _chosen(split, splits)
        in_splits = [file for name in splits for file in folders[name]]
        _note_left_out(notes, base, [name for name in folders if name not in splits], loose)
        if not has_classes:
            return Layout(folders[taken], None, None, notes)
        depth += 1
        while _is_repeated({name: folders[name] for name in splits}, splits, paths, depth):
            depth += 1
        layout = _with_classes(base, folders[taken], in_splits, paths, depth, split, notes)
        return _with_tables(layout, {root, base, base / taken})
    if split != "train":
        raise UnknownSplit(
            f"The folder {printable(root)!r} has no splits: pass split='train' for all of it, or "
            "give it sub-folders with names of splits, such as 'train' and 'test'. "
            f"Received: split={split!r}"
        )
    if not has_classes:
        return Layout(files, None, None, notes)
    layout = _with_classes(base, files, files, paths, depth, None, notes)
    return _with_tables(layout, {root, base})


def _grouped(files, paths, depth):
    """Returns the files by the folder that they are in at a depth, and the files in no folder."""
    folders, loose = {}, []
    for file in files:
        parts = paths[file]
        if len(parts) > depth + 1:
            folders.setdefault(parts[depth], []).append(file)
        else:
            loose.append(file)
    return folders, loose


def split_named(name: str) -> tuple[str | None, bool]:
    """Returns the split that a name stands for, or `None`, and whether it is no more than that.

    Example:

    >>> split_named("Validation"), split_named("trainA"), split_named("cat")
    (('validation', True), ('train', False), (None, False))
    """
    if name.casefold() in _SPLITS:
        return _SPLITS[name.casefold()], True
    words = [word.casefold() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    ended = (_ENDINGS.fullmatch(word) for word in words)
    words += [match[1] for match in ended if match]
    found = {_SPLITS[word] for word in words if word in _SPLITS}
    return (found.pop(), False) if len(found) == 1 else (None, False)


def _splits(root, folders, loose, notes):
    """Returns a dictionary from the names of folders to splits; empty if they are no splits."""
    found = {name: split_named(name) for name in folders}
    like = {name: split for name, (split, _) in found.items() if split}
    exact = {name for name, (split, is_exact) in found.items() if is_exact}
    kinds, exact_kinds = set(like.values()), {like[name] for name in exact}
    others = [name for name in folders if name not in like]
    is_all = not others and not loose
    are_most = 2 * len(like) > len(folders)
    if len(exact_kinds) > 1 or (are_most and len(kinds) > 1 and not loose):
        return like
    if is_all and exact and len(like) == 1:
        return like
    if exact:
        name = min(exact)
        others = _listed([*sorted(set(folders) - {name}), *(file.name for file in loose)])
        raise ValueError(
            f"The folder {printable(root)!r} has images in {printable(name)!r}, the name of a "
            f"split, and elsewhere. If it is a split, give its own folder, "
            f"'folder:{printable(root / name)}', or move the other images away; if it is a class, "
            f"rename it. Received: {printable(name)!r} next to {others}"
        )
    if len(kinds) > 1:
        notes.append(
            f"{listed(map(printable, like))} look like splits, but other images are next to them: "
            "all images are taken"
        )
    return {}


def _chosen(split, splits):
    """Returns the name of the folder of a split."""
    if split in splits:
        return split
    wanted, is_exact = split_named(split)
    names = [name for name, found in splits.items() if found == wanted and is_exact]
    if len(names) == 1:
        return names[0]
    reason = "several folders are such a split" if names else "there is no such split"
    raise UnknownSplit(
        f"`split` must be one of {', '.join(repr(printable(name)) for name in sorted(splits))}: "
        f"{reason}. Received: split={split!r}"
    )


def _is_repeated(folders, splits, paths, depth):
    """Whether each split has all images in one folder of the same name, or of its own."""
    inner = set()
    for name, files in folders.items():
        found, loose = _grouped(files, paths, depth)
        if loose or len(found) != 1:
            return False
        (only,) = found
        is_own = only == name or split_named(only)[0] == splits[name]
        inner.add(None if is_own else only)
    return len(inner) == 1


def _with_classes(base, files, all_files, paths, depth, split, notes):
    """Returns the layout of the files of a split, whose classes are the folders at a depth."""
    folders, _ = _grouped(all_files, paths, depth)
    _, loose = _grouped(files, paths, depth)
    _check_no_splits_in_classes(base, folders, paths, depth)
    count = len(files)
    many = len(loose) > max(_FEW, _FEW_SHARE * count) or 2 * len(loose) > count
    if len(folders) < 2 or many:
        if len(folders) > 1:
            notes.append(
                f"the images have no labels, because {len(loose):,} of {count:,} are in none of "
                f"the sub-folders {_listed(folders)}"
            )
        return Layout(files, None, None, notes)
    _note_left_out(notes, base, [], loose)
    files = [file for file in files if len(paths[file]) > depth + 1]
    names = list(dict.fromkeys(class_name(folder) for folder in _in_order(folders)))
    numbers = {name: number for number, name in enumerate(names)}
    labels = [numbers[class_name(paths[file][depth])] for file in files]
    deeper = {paths[file][depth : depth + 2] for file in files if len(paths[file]) > depth + 2}
    if deeper:
        notes.append(
            "images in deeper folders belong to the class of the top folder, e.g. "
            f"{printable('/'.join(min(deeper)))!r}"
        )
    found = set(labels)
    without = [name for number, name in enumerate(names) if number not in found]
    if without:
        notes.append(f"split {split!r} has no images of the classes {listed(without)}")
    _note_empty_folders(notes, base if split is None else None, folders)
    return Layout(files, labels, names, notes)


def class_name(folder: str) -> str:
    """Returns the name of a class as text that is equal on all file systems and can be printed."""
    return unicodedata.normalize("NFC", printable(folder))


def natural(parts) -> tuple:
    """Returns a sorting key that takes the numbers in the parts of a path as numbers."""
    numbered = [re.split("([0-9]+)", part.casefold()) for part in parts]
    key = [[int(s) if i % 2 else s for i, s in enumerate(pieces)] for pieces in numbered]
    return key, tuple(parts)


def _in_order(folders):
    return sorted(folders, key=lambda name: natural((name,)))


def _check_no_splits_in_classes(base, folders, paths, depth):
    inner = {
        paths[file][depth + 1]: name
        for name, members in folders.items()
        for file in members
        if len(paths[file]) > depth + 2
    }
    splits = {name: split for name in inner for split, exact in [split_named(name)] if exact}
    if len(set(splits.values())) > 1:
        name = sorted(splits)[0]
        raise ValueError(
            "Splits must be above the classes (train/cat, test/cat), or training and test images "
            "would be mixed: change the order of the folders, or give the folder of one split. "
            f"Received: {printable(base / inner[name] / name)!r}"
        )


def _note_left_out(notes, base, folders, files):
    left_out = [*folders, *(file.name for file in files)]
    if left_out:
        notes.append(
            f"images outside of the {'splits' if folders else 'sub-folders'} of "
            f"{printable(base)!r} are left out: {_listed(left_out)}"
        )


def _with_tables(layout, folders):
    """Notes files that may hold labels, if the images have none."""
    tables = sorted(
        entry.name
        for folder in folders
        for entry in os.scandir(folder)
        if pathlib.Path(entry.name).suffix.lower() in _TABLES and not entry.name.startswith(".")
    )
    if tables and layout.labels is None:
        layout.notes.append(
            f"the images have no labels: {_listed(tables)} {'are' if len(tables) > 1 else 'is'} "
            "not read. Images are labeled by "
            "sub-folders, one for each class, or by a table: labels='labels.csv'"
        )
    return layout


def _note_empty_folders(notes, base, folders):
    if base is None:
        return
    empty = [
        entry.name
        for entry in os.scandir(base)
        if entry.is_dir() and entry.name not in folders and not entry.name.startswith(".")
    ]
    if empty:
        notes.append(f"folders without images are no classes: {_listed(sorted(empty))}")


def _listed(names):
    return listed(map(printable, names))
