"""The rule for the names of files and folders to write: the suffix says the format.

Each place where a user names a file checks the name here, before any other work. A name whose
suffix stands for another format than the one that would be written is refused, so that no file
named `grid.jpg` ever holds a PNG, and no folder is named `model.onnx`.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from ganzoo.files import check_place, is_stream, user_path

# Suffixes that readers take for a format of files.
_SUFFIXES = {
    *(".avif", ".bmp", ".eps", ".gif", ".heic", ".ico", ".jpe", ".jpeg", ".jpg", ".png", ".svg"),
    *(".tif", ".tiff", ".webp", ".avi", ".mkv", ".mov", ".mp4", ".webm"),
    *(".bin", ".ckpt", ".h5", ".hdf5", ".keras", ".npy", ".npz", ".onnx", ".parquet", ".pb"),
    *(".pkl", ".pt", ".pth", ".safetensors", ".tflite", ".tfrecord"),
    *(".csv", ".htm", ".html", ".json", ".jsonl", ".log", ".md", ".pbtxt", ".pdf", ".py", ".toml"),
    *(".tsv", ".txt", ".yaml", ".yml", ".bz2", ".gz", ".tar", ".tgz", ".xz", ".zip"),
}
# What has a meaning in paths, on one system or another.
_OF_PATHS = set('/\\:*?"<>|')
_LONGEST = 100  # Bytes. Suffixes, and names of unfinished files, are longer.


def is_plain_name(name: str) -> bool:
    """Returns whether a text can be the name of a file or a folder, on all systems.

    It is not empty, at most 100 bytes long, and has no character with a meaning in paths and none
    that cannot be printed. It does not start with a dot, as `..` and hidden files do, and does not
    end with a dot or a space.

    Example:

    >>> is_plain_name("lr_1e-4"), is_plain_name(".."), is_plain_name("a/b")
    (True, False, False)
    """
    return (
        0 < len(name.encode(errors="replace")) <= _LONGEST
        and name.isprintable()
        and not _OF_PATHS & set(name)
        and not name.startswith((".", " "))
        and not name.endswith((".", " "))
    )


def check_file_name(name: str, path: str | os.PathLike, suffixes: Iterable[str]) -> str:
    """Returns the suffix of a file to write, or raises `ValueError`.

    Args:
        name: Name of the argument or flag, for the message.
        path: Path of the file. A device or a FIFO may have any name: it takes the first format.
        suffixes: The suffixes of the formats that can be written, in lower case, with their dots.

    Example:

    >>> check_file_name("path", "picture.PNG", (".png", ".jpg"))
    '.png'
    """
    suffixes = tuple(suffixes)
    suffix = Path(path).suffix.lower()
    if suffix in suffixes:
        return suffix
    if is_stream(path):
        return suffixes[0]
    listed = " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
    raise ValueError(
        f"The suffix of a file is its format: {name} must end in {listed}. "
        f"Received: {name}={os.fspath(path)}"
    )


def check_folder_name(name: str, path: str | os.PathLike, hint: str = "") -> None:
    """Raises `ValueError` if the name of a folder to write would promise a file.

    A folder that exists may have any name.

    Args:
        name: Name of the argument or flag, for the message.
        path: Path of the folder. Suffixes that are no format are allowed, as in `photos.v2`.
        hint: Sentences on what the path may be, for the message.
    """
    path = user_path(path)
    if path.suffix.lower() in _SUFFIXES and not path.is_dir():
        raise ValueError(
            f"{name} is a folder, and its name must not end as the name of a file does. {hint}"
            f"{' ' if hint else ''}Received: {name}={path}"
        )


def check_output_file(name: str, path: str | os.PathLike, suffixes: Iterable[str]) -> str:
    """Returns the suffix of a file that is written after long work, as `check_file_name` does.

    Raises:
        ValueError: If the suffix is of another format.
        OSError: If the file cannot be written there.
    """
    suffix = check_file_name(name, path, suffixes)
    check_place(name, path)
    return suffix


def check_output_folder(name: str, path: str | os.PathLike, hint: str = "") -> None:
    """Checks a folder that is written after long work, as `check_folder_name` does.

    Raises:
        ValueError: If its name promises a file.
        OSError: If the folder cannot be written there.
    """
    check_folder_name(name, path, hint)
    check_place(name, path, is_folder=True)
