"""The manifest of a preset: its format, and the size and hash of each of its files."""

import dataclasses
import hashlib
import json
import os
import stat

from ganzoo.presets.errors import PresetError

FORMAT = 1
METADATA = "metadata.json"
CONFIG = "config.json"
GENERATOR = "generator.safetensors"
DISCRIMINATOR = "discriminator.safetensors"
RECIPE = "recipe.json"
METRICS = "metrics.json"
CARD = "README.md"
WEIGHT_FILES = {"generator": GENERATOR, "discriminator": DISCRIMINATOR}

MAX_TEXT_BYTES = 4 * 2**20
MAX_WEIGHTS_BYTES = 4 * 2**30
# All files that a preset may have; others that lie in its folder are not read.
LIMITS = {
    CONFIG: MAX_TEXT_BYTES,
    GENERATOR: MAX_WEIGHTS_BYTES,
    DISCRIMINATOR: MAX_WEIGHTS_BYTES,
    RECIPE: MAX_TEXT_BYTES,
    METRICS: MAX_TEXT_BYTES,
    CARD: MAX_TEXT_BYTES,
}
_REQUIRED = (CONFIG, GENERATOR)
_CHUNK = 2**20


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What `metadata.json` says.

    Attributes:
        class_name: `"GAN"` or `"SemiSupervisedGAN"`.
        files: Dictionary from the names of the files to `(size, sha256)`.
    """

    class_name: str
    files: dict


def describe(path):
    """Returns the entry of a file in the manifest."""
    with open(path, "rb") as file:
        return {"size": path.stat().st_size, "sha256": _sha256(file)}


def read(folder):
    """Returns the `Manifest` of a folder.

    Raises:
        PresetError: If there is none, if it is damaged, or of another format.
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


def open_verified(folder, name, manifest):
    """Returns a file of a preset, opened for reading, after its size and its hash were checked."""
    path, (size, sha256) = folder / name, manifest.files[name]
    check_file(path, size)
    file = open(path, "rb")  # noqa: SIM115 (the caller closes it)
    received = _sha256(file)
    if received != sha256:
        file.close()
        raise PresetError(
            f"{name} is damaged: it is not the file that {METADATA} lists. Expected: "
            f"sha256={sha256}. Received: sha256={received}"
        )
    file.seek(0)
    return file


def check_file(path, size):
    """Raises unless a path is a regular file of a size."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise PresetError(f"The preset has no readable {path.name}: {error}") from error
    if not stat.S_ISREG(status.st_mode) or status.st_size != size:
        raise PresetError(
            f"{path.name} is damaged. Expected: a file of {size} bytes. Received: "
            f"{status.st_size} bytes"
        )


def read_json(folder, name, manifest):
    """Returns the content of a JSON file of a preset, verified before it is parsed."""
    with open_verified(folder, name, manifest) as file:
        return parse_json(name, file.read())


def parse_json(name, content):
    """Returns what JSON says, without numbers that JSON does not have."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise PresetError(f"{name} is no JSON. Received: {error}") from error


def _read_small(path):
    try:
        size = os.stat(path).st_size
    except OSError as error:
        raise PresetError(f"There is no preset in {path.parent}: {error}") from error
    if size > MAX_TEXT_BYTES:
        raise PresetError(f"{path.name} is too large to be one. Received: {size} bytes")
    check_file(path, size)
    return path.read_bytes()


def _check_entry(name, entry):
    """Returns the size and the hash that a manifest gives for a file."""
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


def is_sha256(text):
    """Returns whether this is a hash in hexadecimal digits, in lower case."""
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _sha256(file):
    sha256 = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        sha256.update(chunk)
    return sha256.hexdigest()
