"""Parts with their arguments as one word: `r1:gamma=0.1,dragan`.

A value is JSON, or a text without quotation marks if it can be read in no other way. Commas and
colons within quotation marks or brackets belong to the value.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# A text of JSON, or any other character.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|.', re.DOTALL)
# What a text without quotation marks must not hold.
_SIGNS = frozenset(',:"[]{}')
_EXAMPLES = {
    "loss": "non_saturating:label_smoothing=0.1",
    "regularizers": "r1:gamma=0.1:every=16",
    "augment": "bgc:images_to_one=100000",
}
_OTHER_EXAMPLE = "adam:beta_1=0:beta_2=0.9"


def parse_parts(flag: str, text: str) -> dict[str, dict[str, Any]]:
    """Returns the dictionary from names to arguments that a text stands for.

    Raises:
        ValueError: If an argument is not NAME=VALUE, a part is named twice, or a bracket is not
            closed. The message names `flag`.
    """
    words = _split(text, ",")
    if any(map(_has_open_bracket, words)):
        raise ValueError(
            "Close each bracket in its argument, and put a text with brackets in quotation marks. "
            f"Received: --{flag}={text}"
        )
    parts = [_parse_one(flag, word) for word in words]
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
    return [_split(word, ":")[0] for word in _split(text, ",")]


def _split(text, sign):
    """Returns the parts of a text between the signs that are in no bracket and no quotation."""
    words, depth = [""], 0
    for token in _TOKEN.findall(text):
        depth += _depth_of(token)
        if token == sign and not depth:
            words.append("")
        else:
            words[-1] += token
    return words


def _depth_of(token):
    """Returns 1 for an opening bracket, -1 for a closing one, and otherwise 0."""
    return (token in ("[", "{")) - (token in ("]", "}"))


def _has_open_bracket(text):
    return sum(map(_depth_of, _TOKEN.findall(text))) != 0


def _parse_one(flag, word):
    name, *arguments = _split(word, ":")
    pairs = [argument.partition("=") for argument in arguments]
    if not all(key and sign and value for key, sign, value in pairs):
        raise ValueError(
            "Write arguments as NAME=VALUE, each after a colon, such as "
            f"{_EXAMPLES.get(flag, _OTHER_EXAMPLE)}. Received: --{flag}={word}"
        )
    return name, {key: _value(value) for key, _, value in pairs}


def _text(value):
    is_plain = isinstance(value, str) and value and not _SIGNS & set(value)
    return value if is_plain and _value(value) == value else json.dumps(value)


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text
