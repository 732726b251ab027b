"""The published models: in the package, or on a server whose files have known hashes."""

import os
from pathlib import Path

from ganzoo import download, json_files
from ganzoo.files import describe_file
from ganzoo.presets import manifest
from ganzoo.presets.errors import PresetError

INDEX = "index.json"
# The address of the folder of the published models, in which each has a folder.
URL_VARIABLE = "GANZOO_MODELS_URL"
# Larger models are not in the package.
LARGEST_IN_PACKAGE = 3_000_000
_PACKAGE = Path(__file__).resolve().parents[1]
# In an installed package, and in a checkout.
_FOLDERS = (_PACKAGE / "models", _PACKAGE.parent / "models")
_MOST_SECONDS = 3600


def folder_of(name: str) -> Path | None:
    """Returns the folder of the published model `name`, or `None`.

    The files of a model that is not in the package are downloaded into Keras's cache, and their
    hashes are checked.

    Raises:
        PresetError: If the model must be downloaded and cannot be.
    """
    local = local_folders()
    if name in local:
        return local[name]
    entry = _index().get(name)
    return None if entry is None else _downloaded(name, entry)


def list_models() -> list[str]:
    """Returns the names of the published models, which `ganzoo.GAN.from_preset` takes.

    Models of more than 3 MB are not in the package: they are downloaded from the address in the
    environment variable `GANZOO_MODELS_URL`, and verified.

    Example:

    >>> ganzoo.list_models()
    [...]
    """
    return sorted(local_folders().keys() | _index().keys())


def facts_of(name: str) -> dict:
    """Returns what is known about a published model without downloading it.

    Args:
        name: One of `list_models()`.

    Returns:
        The content of its `metrics.json`, or its entry in the index, or an empty dictionary.
    """
    local = local_folders()
    if name not in local:
        return _index()[name]
    path = local[name] / manifest.METRICS
    way_out = f"install ganzoo again, or publish {name} again"
    return json_files.read(path, way_out, PresetError) if path.is_file() else {}


def needs_download(name: str) -> bool:
    """Whether a published model is not in the package."""
    return name not in local_folders()


def local_folders() -> dict[str, Path]:
    """Returns the folders of the published models that need no download, by name."""
    root = _root()
    if root is None:
        return {}
    folders = (path.parent for path in root.glob(f"*/{manifest.METADATA}"))
    # The name of an unfinished folder starts with a dot.
    return {folder.name: folder for folder in folders if not folder.name.startswith(".")}


def index_of(folders: dict[str, Path], facts: dict[str, dict]) -> dict:
    """Returns the content of the index: the models that are too large for the package.

    Args:
        folders: Folders of all published models by name.
        facts: What the index says about each model besides its hash.
    """
    entries = {}
    for name, folder in sorted(folders.items()):
        sizes = [size for size, _ in manifest.read(folder).files.values()]
        if sum(sizes) > LARGEST_IN_PACKAGE:
            hash_of_hashes = describe_file(folder / manifest.METADATA)["sha256"]
            entries[name] = {"metadata_sha256": hash_of_hashes, **facts[name]}
    return entries


def _root():
    return next((folder for folder in _FOLDERS if folder.is_dir()), None)


def _index():
    root = _root()
    path = None if root is None else root / INDEX
    if path is None or not path.is_file():
        return {}
    way_out = f"install ganzoo again, or remove it: `ganzoo publish --table={root}` writes it again"
    return json_files.read(path, way_out, PresetError)


def _downloaded(name, entry):
    """Returns the folder in the cache with the verified files of a model."""
    address = os.environ.get(URL_VARIABLE)
    if not address:
        raise PresetError(
            f"The model {name!r} is not in the package, because of its size: set {URL_VARIABLE} to "
            "the address of the folder `models` of ganzoo's repository, under which its files "
            f"are. Received: {URL_VARIABLE} without a value"
        )
    expected = entry["metadata_sha256"]
    folder = Path("models", f"{name}-{expected[:12]}", name)

    def fetch(file, sha256, most_bytes):
        url = f"{address.rstrip('/')}/{name}/{file}"
        try:
            return download.fetch(url, str(folder / file), sha256, most_bytes, _MOST_SECONDS)
        except OSError as error:
            raise PresetError(
                f"The model {name!r} could not be downloaded; nothing of it was used. "
                f"Received: {url}: {error}"
            ) from error

    # The manifest has the hashes of all other files.
    found = fetch(manifest.METADATA, expected, manifest.MAX_TEXT_BYTES).parent
    for file, (size, sha256) in manifest.read(found).files.items():
        fetch(file, sha256, size)
    return found
