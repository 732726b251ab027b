"""Presets: trained GANs as folders of data, saved, verified, loaded and listed."""

from ganzoo.zoo.errors import PresetError
from ganzoo.zoo.loading import load, load_folder
from ganzoo.zoo.published import list_models
from ganzoo.zoo.saving import save

__all__ = ["PresetError", "list_models", "load", "load_folder", "save"]
