"""The presets that are shipped with the package."""

import json
from pathlib import Path

from ganzoo.presets.manifest import METADATA, METRICS

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


def summary_of(name):
    """Returns one line on what a published model is, from its folder.

    Args:
        name: One of `list_models()`.
    """
    path = _published()[name] / METRICS
    facts = json.loads(path.read_text()) if path.is_file() else None
    return facts.get("summary", "a preset") if isinstance(facts, dict) else "a preset"


def _published():
    root = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    if root is None:
        return {}
    folders = (path.parent for path in root.glob(f"*/{METADATA}"))
    # What is being written lies beside its place, under a name that begins with a dot.
    return {folder.name: folder for folder in folders if not folder.name.startswith(".")}
