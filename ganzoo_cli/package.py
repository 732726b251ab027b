"""Facts about the package `ganzoo` that need no import of it."""

import json
import runpy
from pathlib import Path

# Both packages are in one folder, that of the installed packages or a checkout.
_FOLDER = Path(__file__).resolve().parents[1]
_GANZOO = _FOLDER / "ganzoo"
# Where the presets are in an installed package, and where they are in a checkout.
_PRESETS = (_GANZOO / "models", _FOLDER / "models")


def version() -> str:
    """Returns the version of ganzoo."""
    return runpy.run_path(str(_GANZOO / "version.py"))["__version__"]


def preset_names() -> list[str]:
    """Returns the names of the published models, as `ganzoo.list_models()` does.

    Raises:
        ValueError: If the index of the models is damaged.
    """
    root = next((folder for folder in _PRESETS if folder.is_dir()), None)
    if root is None:
        return []
    found = {path.parent.name for path in root.glob("*/metadata.json")}
    index = root / "index.json"
    if index.is_file():
        try:
            found |= json.loads(index.read_text(encoding="utf-8")).keys()
        except (ValueError, AttributeError) as error:
            raise ValueError(
                f"{index} is damaged: install ganzoo again, or remove it: `ganzoo publish "
                f"--table={root}` writes it again. Received: {index}, {error}"
            ) from error
    return sorted(name for name in found if not name.startswith("."))
