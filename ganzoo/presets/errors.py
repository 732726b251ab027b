"""The error of presets."""


class PresetError(ValueError):
    """A preset cannot be found, fetched, trusted or loaded. Nothing of it was used."""
