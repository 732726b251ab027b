"""Regularizers and their arguments as one word of a command line: `r1:gamma=0.1,dragan`."""

import json

_NONE = "none"


def parse(text):
    """Returns the dictionary from names to arguments that a recipe holds.

    Raises:
        ValueError: If an argument is not NAME=VALUE.
    """
    return dict(map(_parse_one, text.split(","))) if text != _NONE else {}


def format_all(regularizers):
    """Returns the text that `parse` reads."""
    words = (
        ":".join([name, *(f"{key}={_text(value)}" for key, value in arguments.items())])
        for name, arguments in regularizers.items()
    )
    return ",".join(words) or _NONE


def _parse_one(word):
    name, *arguments = word.split(":")
    pairs = [argument.partition("=") for argument in arguments]
    if not all(key and sign and value for key, sign, value in pairs):
        raise ValueError(
            "Write the arguments of a regularizer as NAME=VALUE, each after a colon, such as "
            f"r1:gamma=0.1:every=16. Received: --regularizers={word}"
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
