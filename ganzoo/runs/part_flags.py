"""The flags that name parts of a recipe with their arguments, and these parts as such flags."""

from ganzoo import augment
from ganzoo.augment.pipeline import POLICIES
from ganzoo_cli.part_texts import format_parts, names_of_parts, parse_parts

_NONE = "none"


def parse_regularizers(text):
    """Returns the dictionary from names to arguments that a recipe holds.

    Raises:
        ValueError: If an argument is not NAME=VALUE.
    """
    return parse_parts("regularizers", text) if text != _NONE else {}


def format_regularizers(regularizers):
    """Returns the text that `parse_regularizers` reads."""
    return format_parts(regularizers) or _NONE


def parse_augment(text):
    """Returns the augmentation that a recipe holds: a name or policy, a dictionary, or `None`.

    A text is a dictionary if it has arguments, or several augmentations that are not transforms of
    `DiffAugment`.

    Raises:
        ValueError: If an argument is not NAME=VALUE.
    """
    if text == _NONE:
        return None
    names = names_of_parts(text)
    has_names = len(names) > 1 and set(names) & {*augment.names(), *POLICIES}
    return parse_parts("augment", text) if ":" in text or has_names else text


def format_augment(value):
    """Returns the text that `parse_augment` reads."""
    return format_parts(value) if isinstance(value, dict) else value or _NONE
