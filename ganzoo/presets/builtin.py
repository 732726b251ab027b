"""The presets that come with the package."""

import json
from pathlib import Path

from ganzoo.presets.manifest import METADATA, METRICS

_PACKAGE = Path(__file__).resolve().parents[1]
# In an installed package, and in a checkout.
_FOLDERS = (_PACKAGE / "models", _PACKAGE.parent / "models")


def folder_of(name: str) -> Path | None:
    """Returns the folder of the published model `name`, or `None`."""
    return _published().get(name)


def list_models() -> list[str]:
    """Returns the names of the published models, which `ganzoo.GAN.from_preset` takes.

    Example:

    >>> ganzoo.list_models()
    [...]
    """
    return sorted(_published())


def summary_of(name: str) -> str:
    """Returns one line that describes a published model.

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
    # The name of an unfinished folder starts with a dot.
    return {folder.name: folder for folder in folders if not folder.name.startswith(".")}
