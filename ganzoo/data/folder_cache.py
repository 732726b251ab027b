"""Folders of images that were decoded once, and are read from shards from then on."""

import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

from ganzoo.data.shards import ShardedDataset, is_sharded, load_shards
from ganzoo.files import new_folder, remove_folder

# Another number whenever decoding changes.
_DECODER = 1
# Bytes of images in a shard.
SHARD_BYTES = 2**28


def default_folder() -> pathlib.Path:
    """Returns the folder `ganzoo/folders` inside Keras's own.

    That is `~/.keras`, or the value of the environment variable `KERAS_HOME`.
    """
    home = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras"))
    return home.expanduser() / "ganzoo" / "folders"


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
        files: The image files, and others that the data follow from.
        settings: What else the data follow from, as plain data.
        write: Function that writes the shards to an empty folder.

    Raises:
        OSError: If the cache cannot be written.
    """
    home = default_folder() if cache is True else pathlib.Path(cache).expanduser()
    digest = hashlib.sha256(json.dumps([_DECODER, settings], default=str).encode())
    for file in files:
        status = file.stat()
        facts = os.fsencode(file.resolve()), status.st_size, status.st_mtime_ns
        digest.update(repr(facts).encode())
    folder = home / f"folder-{digest.hexdigest()[:32]}"
    if is_sharded(folder):
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
