"""The manifest of a preset: its format, and the size and hash of each of its files."""

import dataclasses
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from ganzoo.files import sha256_of, user_path
from ganzoo.presets.errors import PresetError

FORMAT = 1
METADATA = "metadata.json"
CONFIG = "config.json"
GENERATOR = "generator.safetensors"
DISCRIMINATOR = "discriminator.safetensors"
RECIPE = "recipe.json"
METRICS = "metrics.json"
CARD = "README.md"
DIRECTIONS = "directions.npz"
WEIGHT_FILES = {"generator": GENERATOR, "discriminator": DISCRIMINATOR}

MAX_TEXT_BYTES = 4 * 2**20
MAX_WEIGHTS_BYTES = 4 * 2**30
MAX_DIRECTIONS_BYTES = 4 * 2**20
# All files that a preset may have. Other files in its folder are not read.
LIMITS = {
    CONFIG: MAX_TEXT_BYTES,
    GENERATOR: MAX_WEIGHTS_BYTES,
    DISCRIMINATOR: MAX_WEIGHTS_BYTES,
    RECIPE: MAX_TEXT_BYTES,
    METRICS: MAX_TEXT_BYTES,
    CARD: MAX_TEXT_BYTES,
    DIRECTIONS: MAX_DIRECTIONS_BYTES,
}
_REQUIRED = (CONFIG, GENERATOR)


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The content of `metadata.json`.

    Attributes:
        class_name: `"GAN"` or `"SemiSupervisedGAN"`.
        files: Dictionary from the names of the files to `(size, sha256)`.
    """

    class_name: str
    files: dict


def read(folder: Path) -> Manifest:
    """Returns the `Manifest` of a folder.

    Raises:
        PresetError: If there is none, or if it is damaged or has another format.
    """
    content = parse_json(METADATA, _read_small(folder / METADATA))
    if not isinstance(content, dict) or not _is_integer(content.get("format")):
        raise PresetError(f"{METADATA} must hold a `format`. Received: {content!r:.200}")
    if content["format"] != FORMAT:
        raise PresetError(
            f"This version of ganzoo reads presets of format {FORMAT}; a newer one may read this "
            f"preset. Received: format={content['format']}"
        )
    class_name, files = content.get("class_name"), content.get("files")
    if not isinstance(class_name, str) or not isinstance(files, dict):
        raise PresetError(
            f"{METADATA} must hold a `class_name` and `files`. Received: {content!r:.200}"
        )
    entries = {name: _check_entry(name, entry) for name, entry in files.items()}
    if missing := [name for name in _REQUIRED if name not in entries]:
        raise PresetError(f"{METADATA} does not list {' and '.join(missing)}.")
    return Manifest(class_name, entries)


def open_verified(folder: Path, name: str, manifest: Manifest) -> BinaryIO:
    """Checks the size and the hash of a file of a preset, and returns it opened for reading."""
    path, (size, sha256) = folder / name, manifest.files[name]
    check_file(path, size)
    file = open(path, "rb")  # noqa: SIM115 (the caller closes it)
    received = sha256_of(file)
    if received != sha256:
        file.close()
        raise PresetError(
            f"{name} is damaged: it is not the file that {METADATA} lists. Expected: "
            f"sha256={sha256}. Received: sha256={received}"
        )
    file.seek(0)
    return file


class HashedReader:
    """Reads an open file from its start to its end, and hashes what it reads.

    Another process may change a file after its hash was checked. What is read through this class
    is used only if `check` accepts it.

    Args:
        file: Binary file, opened for reading.
    """

    def __init__(self, file: BinaryIO):
        file.seek(0)
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Returns the next `size` bytes, or raises `PresetError` if there are fewer."""
        content = self._file.read(size)
        if len(content) != size:
            raise PresetError(
                "A file of the preset has become shorter while it was loaded. Load the preset "
                f"again. Expected: {size} more bytes. Received: {len(content)}"
            )
        self._digest.update(content)
        return content

    def check(self, name: str, manifest: Manifest) -> None:
        """Raises `PresetError` unless the file `name` of the manifest was read, to its end."""
        if self._file.read(1) or self._digest.hexdigest() != manifest.files[name][1]:
            raise PresetError(
                f"{name} has changed while it was loaded. Load the preset again. Expected: "
                f"sha256={manifest.files[name][1]}. Received: sha256={self._digest.hexdigest()}"
            )


def check_file(path: Path, size: int) -> None:
    """Raises unless a path is a regular file of the given size."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise PresetError(f"The preset has no readable {path.name}: {error}") from error
    if not stat.S_ISREG(status.st_mode) or status.st_size != size:
        raise PresetError(
            f"{path.name} is damaged. Expected: a file of {size} bytes. Received: "
            f"{status.st_size} bytes"
        )


def read_file(folder: Path, name: str, manifest: Manifest) -> bytes:
    """Verifies a file of a preset, and returns its content."""
    path, (size, _) = folder / name, manifest.files[name]
    check_file(path, size)
    with open(path, "rb") as file:
        reader = HashedReader(file)
        content = reader.read(size)
        reader.check(name, manifest)
    return content


def read_json(folder: Path, name: str, manifest: Manifest) -> Any:
    """Verifies a JSON file of a preset, and returns its content."""
    return parse_json(name, read_file(folder, name, manifest))


def read_metrics(folder: Path | str) -> Any:
    """Returns the content of the verified `metrics.json` of a preset, or `None` if it has none.

    Raises:
        PresetError: If there is no preset, or the file is damaged.
    """
    folder = user_path(folder)
    contents = read(folder)
    return read_json(folder, METRICS, contents) if METRICS in contents.files else None


def parse_json(name: str, content: bytes | str) -> Any:
    """Parses JSON, and refuses the constants that Python would accept in addition."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise PresetError(f"{name} is not valid JSON. Received: {error}") from error


def _read_small(path):
    try:
        size = os.stat(path).st_size
    except OSError as error:
        raise PresetError(f"There is no preset in {path.parent}: {error}") from error
    if size > MAX_TEXT_BYTES:
        raise PresetError(f"{path.name} is too large. Received: {size} bytes")
    check_file(path, size)
    return path.read_bytes()


def _check_entry(name, entry):
    """Returns the size and the hash of a file according to a manifest."""
    if name not in LIMITS:
        raise PresetError(
            f"A preset has the files {', '.join(LIMITS)}. Received: {name!r:.200} in {METADATA}"
        )
    size, sha256 = (
        (entry.get("size"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
    )
    if not _is_integer(size) or not 0 <= size <= LIMITS[name] or not is_sha256(sha256):
        raise PresetError(
            f"{METADATA} must give {name} a `size` of at most {LIMITS[name]} bytes and a "
            f"`sha256`. Received: {entry!r:.200}"
        )
    return size, sha256


def is_sha256(text: Any) -> bool:
    """Returns whether a text is a SHA-256 in lower-case hexadecimal digits."""
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)
