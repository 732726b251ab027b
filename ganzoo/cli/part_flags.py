"""Parts and their arguments as one word of a command line: `r1:gamma=0.1,dragan`."""

import json
import re

from ganzoo import augment
from ganzoo.augment.pipeline import POLICIES

_NONE = "none"
# Commas and colons that are not within a JSON list or dictionary.
_COMMA, _COLON = (re.compile(sign + r"(?![^\[{]*[\]}])") for sign in ",:")
_EXAMPLES = {"regularizers": "r1:gamma=0.1:every=16", "augment": "bgc:images_to_one=100000"}


def parse_regularizers(text):
    """Returns the dictionary from names to arguments that a recipe holds.

    Raises:
        ValueError: If an argument is not NAME=VALUE.
    """
    return _parse("regularizers", text) if text != _NONE else {}


def format_regularizers(regularizers):
    """Returns the text that `parse_regularizers` reads."""
    return _format(regularizers) or _NONE


def parse_augment(text):
    """Returns the augmentation that a recipe holds: a name or policy, a dictionary, or `None`.

    A text is a dictionary if it has arguments, or several augmentations that are not transforms of
    `DiffAugment`.

    Raises:
        ValueError: If an argument is not NAME=VALUE.
    """
    if text == _NONE:
        return None
    names = [_COLON.split(word)[0] for word in _COMMA.split(text)]
    has_names = len(names) > 1 and set(names) & {*augment.names(), *POLICIES}
    return _parse("augment", text) if ":" in text or has_names else text


def format_augment(value):
    """Returns the text that `parse_augment` reads."""
    return _format(value) if isinstance(value, dict) else value or _NONE


def _parse(flag, text):
    parts = [_parse_one(flag, word) for word in _COMMA.split(text)]
    if len(dict(parts)) < len(parts):
        raise ValueError(f"Name each part once. Received: --{flag}={text}")
    return dict(parts)


def _format(parts):
    words = (
        ":".join([name, *(f"{key}={_text(value)}" for key, value in arguments.items())])
        for name, arguments in parts.items()
    )
    return ",".join(words)


def _parse_one(flag, word):
    name, *arguments = _COLON.split(word)
    pairs = [argument.partition("=") for argument in arguments]
    if not all(key and sign and value for key, sign, value in pairs):
        raise ValueError(
            "Write arguments as NAME=VALUE, each after a colon, such as "
            f"{_EXAMPLES[flag]}. Received: --{flag}={word}"
        )
    return name, {key: _value(value) for key, _, value in pairs}


def _text(value):
    if isinstance(value, str) and _value(value) == value:
        return value
    return json.dumps(value)


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text
