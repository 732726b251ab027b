"""The flags that name parts of a recipe with their arguments, and these parts as such flags."""

from typing import Any

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


def parse_loss(text: str, before: tuple[str, dict]) -> tuple[str, dict[str, Any]]:
    """Returns the name and the arguments of a loss, from a text such as `hinge` or `top_k:k=0.5`.

    Arguments that are not named stay as they were before, if it is the same loss.

    Args:
        text: The name, with arguments after colons.
        before: The name and the arguments in the recipe.

    Raises:
        ValueError: If it is no single loss, or an argument is not NAME=VALUE.
    """
    parts = parse_parts("loss", text)
    if len(parts) != 1:
        raise ValueError(
            "--loss is one loss, such as hinge or non_saturating:label_smoothing=0.1. "
            f"Received: --loss={text}"
        )
    ((name, arguments),) = parts.items()
    return name, {**(before[1] if name == before[0] else {}), **arguments}


def format_loss(name: str, arguments: dict[str, Any]) -> str:
    """Returns the text that `parse_loss` reads."""
    return format_parts({name: arguments})


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
