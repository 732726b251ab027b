"""What goes wrong with a preset."""


class PresetError(ValueError):
    """A preset cannot be found, fetched, trusted or loaded; nothing of it was used."""
