"""Presets from the network: archives with a hash from the user, unpacked with strict checks."""

import contextlib
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from stat import S_IFDIR, S_IFMT, S_IFREG

from ganzoo import download
from ganzoo.presets import manifest
from ganzoo.presets.errors import PresetError

_MAX_MEMBERS = 1_000
# Weights hardly compress. An archive that grows more than this is made to fill the disk.
_MAX_RATIO = 100
_SLACK = 2**20
_CHUNK = 2**20
MAX_ARCHIVE_BYTES = 2 * manifest.MAX_WEIGHTS_BYTES + 2**26
MAX_SECONDS = 3600


@contextlib.contextmanager
def fetched(url: str, sha256: str) -> Iterator[Path]:
    """Yields a temporary folder with the files of a preset in an archive on the network.

    The archive, a zip or an uncompressed tar of the folder's files, stays in Keras's cache.

    Args:
        url: Its address, `http://` or `https://`.
        sha256: Its SHA-256 in hexadecimal digits.

    Raises:
        PresetError: If it cannot be fetched within an hour, is larger than a preset can be, has
            another hash, or has forbidden content.
    """
    archive = _download(url, sha256)
    with tempfile.TemporaryDirectory(prefix="ganzoo-preset-") as folder:
        extract(archive, folder)
        yield Path(folder)


def _download(url, sha256):
    """Returns the path of the archive in the cache."""
    sha256 = sha256.lower() if isinstance(sha256, str) else sha256
    if not manifest.is_sha256(sha256):
        raise PresetError(
            "A preset from the network is only loaded with the hash of its archive, 64 "
            f"hexadecimal digits. Received: sha256={sha256!r}"
        )
    try:
        return download.fetch(url, f"{sha256}.preset", sha256, MAX_ARCHIVE_BYTES, MAX_SECONDS)
    except OSError as error:
        raise PresetError(
            f"The preset could not be fetched; nothing of it was used. Received: {url}: {error}"
        ) from error


def extract(archive: Path | str, folder: Path | str) -> None:
    """Writes the files of a preset from an archive to a folder, and nothing else.

    Raises:
        PresetError: If it is no archive, has a path outside of the folder, a link or a device, or
            the same file twice, or if its files are much larger than the archive.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:
                _extract(_zip_members(file), file.open, archive, folder)
        else:
            # A compressed tar could grow while its list of files is read.
            with tarfile.open(archive, "r:") as file:
                _extract(_tar_members(file), file.extractfile, archive, folder)
    except PresetError:
        raise
    except Exception as error:  # Decoders of archives may raise any error.
        raise PresetError(
            "The archive of a preset is a zip, or a tar without compression. "
            f"Received: {type(error).__name__}: {error}"
        ) from error


def _zip_members(file):
    """Yields the name, the size and the entry of each file."""
    for member in file.infolist():
        # Archives from some systems have no such modes.
        kind = S_IFMT(member.external_attr >> 16)
        if member.flag_bits & 1 or kind not in (0, S_IFREG, S_IFDIR):
            raise PresetError(f"An archive holds plain files. Received: {member.filename!r:.200}")
        _check_name(member.filename)
        if not member.is_dir():
            yield member.filename, member.file_size, member


def _tar_members(file):
    for member in file:
        _check_name(member.name)
        if not (member.isdir() or (member.isreg() and not member.issparse())):
            raise PresetError(f"An archive holds plain files. Received: {member.name!r:.200}")
        if member.isreg():
            yield member.name, member.size, member


def _check_name(name):
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise PresetError(f"An archive must stay in its folder. Received: {name!r:.200}")


def _extract(members, open_member, archive, folder):
    """Writes the known files of the archive's folder with the manifest."""
    found, total = {}, 0
    for index, (name, size, member) in enumerate(members):
        total += size
        if index >= _MAX_MEMBERS or total > _MAX_RATIO * os.path.getsize(archive) + _SLACK:
            raise PresetError(
                "The archive holds far more than a preset. "
                f"Received: {index + 1} files of {total} bytes"
            )
        path = PurePosixPath(name)
        if path in found:
            raise PresetError(f"The archive holds a file twice. Received: {name!r:.200}")
        found[path] = size, member
    roots = [path.parent for path in found if path.name == manifest.METADATA]
    if len(roots) != 1:
        raise PresetError(f"An archive holds one {manifest.METADATA}. Received: {len(roots)}")
    for name in (manifest.METADATA, *manifest.LIMITS):
        if roots[0] / name in found:
            size, member = found[roots[0] / name]
            if size > manifest.LIMITS.get(name, manifest.MAX_TEXT_BYTES):
                raise PresetError(f"{name} is too large. Received: {size} bytes")
            with open_member(member) as source, open(Path(folder) / name, "xb") as target:
                _copy(source, target, name, size)


def _copy(source, target, name, size):
    """Copies a file of an archive, and raises if it is larger than the archive says."""
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        if target.tell() > size:
            raise PresetError(f"{name} is larger than the archive says, {size} bytes.")
