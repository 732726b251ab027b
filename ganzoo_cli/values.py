"""Readers of flags' values: each returns a value, or raises an error that says what it must be."""

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

_RANGE = re.compile(r"\s*(\d+)(?:-(\d+))?\s*")
_SIZE = re.compile(r"(\d+)(?:[x,](\d+))?")
# A text of JSON between commas.
_QUOTED = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*(?=,|$)', re.DOTALL)
AUTO = "auto"
_MOST_INTEGERS = 100_000
_LARGEST_SIDE = 2**16
_SEEDS = 2**64


def text(name: str, given: str) -> str:
    """Returns any text that is not empty: an empty one is a shell variable without a value."""
    if not given:
        raise ValueError(f"--{name} must not be empty. Received: --{name}=''")
    return given


def path(name: str, given: str) -> str:
    """Returns a path, or the name of something that also has a path, as text.

    The home folder replaces a leading `~`: shells expand it in `--output ~/x`, and not in
    `--output=~/x`.
    """
    return os.path.expanduser(text(name, given))


def choice(choices: Sequence[Any]) -> Callable[[str, str], Any]:
    """Returns a reader of one of `choices`, which are all texts or all integers."""
    by_text = {str(one): one for one in choices}

    def read(name, given):
        if given not in by_text:
            raise _error(name, given, f"one of {', '.join(by_text)}")
        return by_text[given]

    return read


def seed(name: str, given: str) -> int:
    """Returns an integer in [0, 2**64)."""
    value = natural(name, given)
    if value >= _SEEDS:
        raise _error(name, given, "an integer in [0, 2**64)")
    return value


def natural(name: str, given: str) -> int:
    """Returns an integer of at least 0."""
    return _integer(name, given, 0, "an integer of at least 0")


def positive_integer(name: str, given: str) -> int:
    """Returns an integer of at least 1."""
    return _integer(name, given, 1, "a positive integer")


def positive(name: str, given: str) -> float:
    """Returns a finite number above 0."""
    value = _number(given)
    if not value > 0:
        raise _error(name, given, "a number above 0")
    return value


def positive_or_schedule(name: str, given: str) -> float | str:
    """Returns a finite number above 0, or the text of a schedule."""
    if "/" in given:
        return given
    value = _number(given)
    if not value > 0:
        raise _error(name, given, "a number above 0, or a schedule such as cosine/2/0.2/2e6images")
    return value


def positive_or_auto(name: str, given: str) -> int | str:
    """Returns an integer of at least 1, or `"auto"`."""
    if given == AUTO:
        return given
    return _integer(name, given, 1, f"a positive integer or {AUTO}")


def strength(name: str, given: str) -> float | str:
    """Returns a finite number of at least 0, the text of a schedule, or `"auto"`."""
    if given == AUTO or "/" in given:
        return given
    value = _number(given)
    if not value >= 0:
        raise _error(name, given, f"a number of at least 0, a schedule or {AUTO}")
    return value


def size(name: str, given: str) -> int | str:
    """Returns the side of a square, or height and width as a text such as `"32x64"`."""
    match = _SIZE.fullmatch(given)
    sides = [int(side) for side in match.groups() if side] if match else [0]
    if not all(0 < side <= _LARGEST_SIDE for side in sides):
        expected = f"an integer from 1 to {_LARGEST_SIDE:,}, or HEIGHTxWIDTH such as 32x64"
        raise _error(name, given, expected)
    return sides[0] if len(set(sides)) == 1 else f"{sides[0]}x{sides[1]}"


def fraction(name: str, given: str) -> float:
    """Returns a number in [0, 1)."""
    value = _number(given)
    if not 0 <= value < 1:
        raise _error(name, given, "a number in [0, 1)")
    return value


def pair(name: str, given: str) -> list[float]:
    """Returns the two finite numbers of a text such as `"-80,0"`."""
    numbers = [_number(part) for part in given.split(",")]
    if len(numbers) != 2 or any(map(math.isnan, numbers)):
        raise _error(name, given, "two numbers with a comma between them, such as -80,0")
    return numbers


def integers(name: str, given: str) -> list[int]:
    """Returns the integers of a text such as `"3"`, `"3,17,204"` or `"0-7,100"`."""
    parts = [_RANGE.fullmatch(part) for part in given.split(",")]
    ranges = [(int(part[1]), int(part[2] or part[1])) for part in parts if part]
    if len(ranges) != len(parts) or any(last < first for first, last in ranges):
        raise _error(name, given, "integers or ranges between commas, such as 3,17,204 or 0-7")
    if sum(last - first + 1 for first, last in ranges) > _MOST_INTEGERS:
        raise _error(name, given, f"at most {_MOST_INTEGERS:,} integers")
    return [integer for first, last in ranges for integer in range(first, last + 1)]


def classes(name: str, given: str) -> list[str]:
    """Returns the parts of a text such as `"cat,dog"` or `"0-2,7"`, which a model must know.

    A part with commas is in double quotes.
    """
    parts = split(given)
    if not all(parts):
        raise _error(name, given, "classes between commas, by number or name, such as 0-2,cat")
    return parts


def is_range(text: str) -> bool:
    """Returns whether `integers` reads a text."""
    return all(map(_RANGE.fullmatch, text.split(",")))


def names(name: str, given: str) -> list[str]:
    """Returns the names of a text such as `"data,seed"`, which are all different.

    A name with commas is in double quotes.
    """
    found = split(given)
    if not all(found) or len(set(found)) < len(found):
        raise _error(name, given, "different names between commas")
    return found


def switch(name: str, given: str | None) -> bool:
    """Returns whether a flag is on; `given` is `None` where it has no value."""
    return True if given is None else choice(("true", "false"))(name, given) == "true"


def joined(parts: Iterable[str]) -> str:
    """Returns the text that `names` and `classes` read.

    Example:

    >>> joined(["cat", "dog, small"])
    'cat,"dog, small"'
    """
    return ",".join(one if split(one) == [one] else json.dumps(one) for one in parts)


def split(text: str) -> list[str]:
    """Returns the parts of a text between commas, without the spaces around them.

    A part that is a text of JSON, in double quotes, stands for this text.

    Example:

    >>> split('cat, "dog, small"')
    ['cat', 'dog, small']
    """
    parts, place = [], 0
    while place <= len(text):
        quoted = _QUOTED.match(text, place)
        if quoted and (part := _unquoted(quoted[1])) is not None:
            place = quoted.end() + 1
        else:
            end = text.find(",", place)
            end = len(text) if end < 0 else end
            part, place = text[place:end].strip(), end + 1
        parts.append(part)
    return parts


def _unquoted(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def _integer(name, given, least, expected):
    try:
        value = int(given)
    except ValueError as error:
        raise _error(name, given, expected) from error
    if value < least:
        raise _error(name, given, expected)
    return value


def _number(given):
    """Returns a finite number, or NaN, which is in no range."""
    try:
        value = float(given)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _error(name, given, expected):
    return ValueError(f"--{name} must be {expected}. Received: --{name}={given}")
