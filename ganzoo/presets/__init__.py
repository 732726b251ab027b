"""Presets: trained GANs as folders of plain data. They are saved, verified, loaded and listed."""

from ganzoo.presets.builtin import facts_of, list_models, needs_download
from ganzoo.presets.errors import PresetError
from ganzoo.presets.loading import load, load_folder
from ganzoo.presets.manifest import read_metrics
from ganzoo.presets.saving import replace_texts, save, store_directions

__all__ = [
    "PresetError",
    "facts_of",
    "list_models",
    "load",
    "load_folder",
    "needs_download",
    "read_metrics",
    "replace_texts",
    "save",
    "store_directions",
]
