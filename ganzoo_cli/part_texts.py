"""Parts with their arguments as one word: `r1:gamma=0.1,dragan`."""

import json
import re
from collections.abc import Mapping
from typing import Any

# Commas and colons that are not within a JSON list or dictionary.
_COMMA, _COLON = (re.compile(sign + r"(?![^\[{]*[\]}])") for sign in ",:")
_EXAMPLES = {
    "loss": "non_saturating:label_smoothing=0.1",
    "regularizers": "r1:gamma=0.1:every=16",
    "augment": "bgc:images_to_one=100000",
}
_OTHER_EXAMPLE = "adam:beta_1=0:beta_2=0.9"


def parse_parts(flag: str, text: str) -> dict[str, dict[str, Any]]:
    """Returns the dictionary from names to arguments that a text stands for.

    Raises:
        ValueError: If an argument is not NAME=VALUE, or a part is named twice. The message names
            `flag`.
    """
    parts = [_parse_one(flag, word) for word in _COMMA.split(text)]
    if len(dict(parts)) < len(parts):
        raise ValueError(f"Name each part once. Received: --{flag}={text}")
    return dict(parts)


def format_parts(parts: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the text that `parse_parts` reads.

    Example:

    >>> format_parts({"r1": {"gamma": 0.1}, "dragan": {}})
    'r1:gamma=0.1,dragan'
    """
    words = (
        ":".join([name, *(f"{key}={_text(value)}" for key, value in arguments.items())])
        for name, arguments in parts.items()
    )
    return ",".join(words)


def names_of_parts(text: str) -> list[str]:
    """Returns the names of the parts in a text, without their arguments."""
    return [_COLON.split(word)[0] for word in _COMMA.split(text)]


def _parse_one(flag, word):
    name, *arguments = _COLON.split(word)
    pairs = [argument.partition("=") for argument in arguments]
    if not all(key and sign and value for key, sign, value in pairs):
        raise ValueError(
            "Write arguments as NAME=VALUE, each after a colon, such as "
            f"{_EXAMPLES.get(flag, _OTHER_EXAMPLE)}. Received: --{flag}={word}"
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
