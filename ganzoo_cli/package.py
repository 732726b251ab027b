"""Facts about the package `ganzoo` that need no import of it."""

import importlib.util
from pathlib import Path


def version():
    """Returns the version of ganzoo."""
    spec = importlib.util.spec_from_file_location("ganzoo_version", _folder() / "version.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.__version__


def preset_names():
    """Returns the names of the presets in the package, as `ganzoo.list_models()` does."""
    folder = _folder()
    # The first folder is that of an installed package, the second that of a checkout.
    places = (folder / "models", folder.parent / "models")
    root = next((place for place in places if place.is_dir()), None)
    found = [] if root is None else [path.parent.name for path in root.glob("*/metadata.json")]
    return sorted(name for name in found if not name.startswith("."))


def _folder():
    return Path(importlib.util.find_spec("ganzoo").origin).parent
