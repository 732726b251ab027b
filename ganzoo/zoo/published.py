"""The presets that are shipped with the package."""

from pathlib import Path

from ganzoo.zoo.manifest import METADATA

_PACKAGE = Path(__file__).resolve().parents[1]
# As it is installed, and as it lies in a checkout.
_FOLDERS = (_PACKAGE / "models", _PACKAGE.parent / "models")


def folder_of(name):
    """Returns the folder of the published model `name`, or `None`."""
    return _published().get(name)


def list_models():
    """Returns the names of the published models, which `ganzoo.GAN.from_preset` takes.

    Example:

    >>> ganzoo.list_models()
    [...]
    """
    return sorted(_published())


def _published():
    root = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    if root is None:
        return {}
    return {path.parent.name: path.parent for path in root.glob(f"*/{METADATA}")}
