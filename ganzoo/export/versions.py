"""The versions of an exported model: numbered folders. TF Serving reads the largest number."""

import re

from ganzoo.validation import check_positive_integer

_LARGEST_VERSION = 2**63 - 1
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def next_version(folder):
    """Returns the number after the largest version in a model's folder, or 1."""
    if not folder.is_dir():
        return 1
    return 1 + max((int(path.name) for path in folder.iterdir() if is_version(path)), default=0)


def is_version(path):
    """Returns whether a path has the name of a version."""
    return path.name.isascii() and path.name.isdecimal()


def model_name(folder):
    """Returns the name of the model in a folder.

    Raises:
        ValueError: If a request to a server could not name it.
    """
    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise ValueError(
            "The folder of a model is named as the model, of letters, digits, `_`, `.` and `-`, "
            f"the first no `.` or `-`. Received: path={str(folder)!r}"
        )
    return name


def check_version(folder, version):
    """Raises unless a version, or the next one if `None`, can be written to a model's folder."""
    if version is not None:
        check_positive_integer("version", version)
        if version > _LARGEST_VERSION:
            raise ValueError(f"`version` must be below 2**63. Received: version={version}")
    if is_version(folder):
        raise ValueError(
            "`path` is the folder of the model, and that of the version is made within it: give "
            f"path={str(folder.parent)!r} and version={folder.name}. Received: path={str(folder)!r}"
        )
    model_name(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(
            f"`path` must be a folder, or not exist. Received: path={str(folder)!r}, a file"
        )
    if version is not None and (folder / str(version)).exists():
        raise ValueError(
            "There is such a version already, and a server may be reading it. Leave `version` out "
            f"for the next free one, {next_version(folder)}. Received: version={version} for "
            f"path={str(folder)!r}"
        )
