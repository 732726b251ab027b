"""Checks of arguments: each raises an error that says what was expected and what was received."""

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any


def check_positive_integer(name: str, value: Any) -> int:
    """Returns `value` as an `int` of at least 1, or raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value!r}")
    return int(value)


def check_non_negative(name: str, value: Any) -> float:
    """Returns `value` as a finite `float` of at least 0, or raises `ValueError`."""
    if not _is_finite_number(value) or value < 0:
        raise ValueError(f"`{name}` must be a number of at least 0. Received: {name}={value!r}")
    return float(value)


def check_positive(name: str, value: Any) -> float:
    """Returns `value` as a finite `float` above 0, or raises `ValueError`."""
    if not _is_finite_number(value) or value <= 0:
        raise ValueError(f"`{name}` must be a number above 0. Received: {name}={value!r}")
    return float(value)


def check_fraction(name: str, value: Any) -> float:
    """Returns `value` as a `float` in [0, 1), or raises `ValueError`."""
    if not _is_finite_number(value) or not 0 <= value < 1:
        raise ValueError(f"`{name}` must be a number in [0, 1). Received: {name}={value!r}")
    return float(value)


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Returns `value` if it is one of `choices`, or raises `ValueError` that lists them."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(
            f"`{name}` must be one of {listed}.{did_you_mean(value, choices)} "
            f"Received: {name}={value!r}"
        )
    return value


def did_you_mean(value: Any, choices: Iterable[Any]) -> str:
    """Returns a sentence that names the choice most like `value`, with a space before it.

    It is empty if `value` is no string or is like none of the choices.

    Example:

    >>> did_you_mean("hing", ["hinge", "minimax"])
    " Did you mean 'hinge'?"
    """
    if not isinstance(value, str):
        return ""
    texts = [choice for choice in choices if isinstance(choice, str)]
    close = difflib.get_close_matches(value, texts, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_seed(seed: Any) -> int:
    """Returns `seed` as an `int` in [0, 2**64), or raises `ValueError`."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**64:
        raise ValueError(f"`seed` must be an integer in [0, 2**64). Received: seed={seed!r}")
    return int(seed)


def check_image_shape(image_shape: Any) -> tuple[int, int, int]:
    """Returns `image_shape` as a tuple of three positive integers, (height, width, channels)."""
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) != 3:
        raise ValueError(
            "`image_shape` must be three positive integers, (height, width, channels). "
            f"Received: image_shape={image_shape!r}"
        )
    return tuple(check_positive_integer("image_shape", side) for side in image_shape)


def _is_finite_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
