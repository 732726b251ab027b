"""The folder of the preset that a name stands for: a published model, or one on a model hub."""

import dataclasses
import urllib.parse
from pathlib import Path

from ganzoo import hub
from ganzoo.files import describe_file
from ganzoo.presets import builtin, manifest
from ganzoo.presets.errors import PresetError


def folder_of(name: str, sha256: str | None = None) -> Path | None:
    """Returns the folder of a preset, or `None` for a name that is no published model.

    Args:
        name: One of `ganzoo.list_models()`, or an address `hf://user/name` or
            `hf://user/name@revision`. The files of models that are not in the package are
            downloaded into a cache, and their hashes are checked.
        sha256: For an address: the SHA-256 of its `metadata.json`, which has the hashes of all
            other files. By default, the hashes are those that the hub lists.

    Raises:
        ImportError: If an address needs the extra `hub`, which is not installed.
        PresetError: If the model must be downloaded and cannot be, or has another hash.
        ValueError: If an address has another form.
    """
    return _from_hub(name, sha256) if is_address(name) else builtin.folder_of(name)


def is_address(name: str) -> bool:
    """Whether a name is an address on a model hub."""
    return name.startswith(hub.SCHEME)


def is_url(name: str) -> bool:
    """Whether a name is the URL of an archive."""
    return name.startswith(("http://", "https://"))


def name_of(name: str, folder: Path) -> str:
    """Returns the name that a loaded GAN keeps.

    It is the address of its commit on a model hub, its URL without a user, a query and a fragment,
    which may be secrets, or the name of its folder.
    """
    if is_url(name):
        parts = urllib.parse.urlsplit(name)
        host = parts.netloc.rpartition("@")[2]
        return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    if not is_address(name):
        return folder.name
    return str(dataclasses.replace(hub.Repository.parse(name), revision=folder.name))


def _from_hub(address, sha256):
    limits = {manifest.METADATA: manifest.MAX_TEXT_BYTES, **manifest.LIMITS}
    try:
        folder, commit = hub.snapshot(hub.Repository.parse(address), limits, limits)
    except hub.HubError as error:
        raise PresetError(str(error)) from error
    file = folder / manifest.METADATA
    if not file.is_file():
        raise PresetError(
            f"There is no preset in the repository: it has no {manifest.METADATA}. "
            f"Received: {commit}"
        )
    received = describe_file(file)["sha256"]
    if sha256 is not None and received != str(sha256).lower():
        raise PresetError(
            f"{manifest.METADATA} of {commit} has another hash; nothing of it was used. Expected: "
            f"sha256={sha256}. Received: sha256={received}"
        )
    return folder
