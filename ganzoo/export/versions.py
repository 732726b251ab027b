"""The versions of an exported model: folders named by integers, of which TF Serving reads the
largest."""

from ganzoo.validation import check_positive_integer


def next_version(folder):
    """Returns the number after the largest version in a model's folder, or 1."""
    if not folder.is_dir():
        return 1
    return 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=0)


def check_version(folder, version):
    """Raises unless a version, or the next one if `None`, can be written to a model's folder."""
    if version is not None:
        check_positive_integer("version", version)
    if folder.name.isdigit():
        raise ValueError(
            "`path` is the folder of the model, and that of the version is made within it: give "
            f"path={str(folder.parent)!r} and version={folder.name}. Received: path={str(folder)!r}"
        )
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
