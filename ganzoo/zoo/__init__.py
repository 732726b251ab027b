"""Presets: trained GANs as folders of data, saved, verified, loaded and listed."""

from ganzoo.zoo.errors import PresetError
from ganzoo.zoo.loading import load, load_folder
from ganzoo.zoo.published import list_models, summary_of
from ganzoo.zoo.saving import replace_card, save

__all__ = [
    "PresetError",
    "list_models",
    "load",
    "load_folder",
    "replace_card",
    "save",
    "summary_of",
]
