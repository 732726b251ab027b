"""Folders of images that were decoded once, and are read from shards from then on."""

import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

from ganzoo.data.shards import ShardedDataset, load_shards
from ganzoo.files import new_folder, remove_folder, user_path

# Another number whenever decoding changes.
_DECODER = 2
# Bytes of images in a shard.
SHARD_BYTES = 2**28


def default_folder() -> pathlib.Path:
    """Returns the folder `ganzoo/folders` inside Keras's own.

    That is `~/.keras`, or the value of the environment variable `KERAS_HOME`.
    """
    return user_path(os.environ.get("KERAS_HOME", "~/.keras")) / "ganzoo" / "folders"


def cached(
    cache: pathlib.Path | str | bool,
    files: Iterable[pathlib.Path],
    settings: dict[str, Any],
    write: Callable[[pathlib.Path], None],
) -> ShardedDataset:
    """Returns the images of files from the cache, which are decoded if they are not in it yet.

    The key is made of the names, sizes and dates of the files and of the settings. Several
    processes may work at the same time: each writes a folder of its own, and the first one stays.

    Args:
        cache: Folder of the cache, or `True` for `default_folder()`.
        files: The image files.
        settings: What else the data follow from, as plain data.
        write: Function that writes the shards to an empty folder.

    Raises:
        OSError: If the cache cannot be written.
    """
    home = default_folder() if cache is True else user_path(cache)
    digest = hashlib.sha256(json.dumps([_DECODER, settings], default=str).encode())
    real = functools.cache(os.path.realpath)  # Many files share a folder.
    for file in files:
        status = file.stat()
        path = os.path.join(real(file.parent), file.name)
        if os.path.islink(path):
            path = os.path.realpath(path)
        facts = os.fsencode(path), status.st_size, status.st_mtime_ns
        digest.update(repr(facts).encode())
    folder = home / f"folder-{digest.hexdigest()[:32]}"
    if folder.is_dir():
        try:
            return load_shards(folder)
        except ValueError:
            remove_folder(folder)  # A damaged one is made again.
    try:
        with new_folder(folder) as unfinished:
            write(unfinished)
    except FileExistsError:
        pass  # Another process was faster, with the same content.
    return load_shards(folder)
