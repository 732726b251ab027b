"""Checks of arguments: each raises an error that says what was expected and what was received."""

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any

# What `describe` shows at most: characters of a text, and items.
_LONGEST = 200
_LISTED = 8


def check_positive_integer(name: str, value: Any) -> int:
    """Returns `value` as an `int` of at least 1, or raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer. Received: {name}={describe(value)}")
    return int(value)


def check_count(name: str, value: Any) -> int:
    """Returns `value` as an `int` of at least 0, or raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 0:
        raise ValueError(
            f"`{name}` must be an integer of at least 0. Received: {name}={describe(value)}"
        )
    return int(value)


def check_number(name: str, value: Any) -> float:
    """Returns `value` as a finite `float`, or raises `ValueError`."""
    if not _is_finite_number(value):
        raise ValueError(f"`{name}` must be a finite number. Received: {name}={describe(value)}")
    return float(value)


def check_non_negative(name: str, value: Any) -> float:
    """Returns `value` as a finite `float` of at least 0, or raises `ValueError`."""
    if not _is_finite_number(value) or value < 0:
        raise ValueError(
            f"`{name}` must be a number of at least 0. Received: {name}={describe(value)}"
        )
    return float(value)


def check_positive(name: str, value: Any) -> float:
    """Returns `value` as a finite `float` above 0, or raises `ValueError`."""
    if not _is_finite_number(value) or value <= 0:
        raise ValueError(f"`{name}` must be a number above 0. Received: {name}={describe(value)}")
    return float(value)


def check_fraction(name: str, value: Any) -> float:
    """Returns `value` as a `float` in [0, 1), or raises `ValueError`."""
    if not _is_finite_number(value) or not 0 <= value < 1:
        raise ValueError(f"`{name}` must be a number in [0, 1). Received: {name}={describe(value)}")
    return float(value)


def check_number_between(name: str, value: Any, low: float, high: float) -> float:
    """Returns `value` as a `float` in [`low`, `high`], or raises `ValueError`."""
    if not _is_finite_number(value) or not low <= value <= high:
        raise ValueError(
            f"`{name}` must be a number from {low} to {high}. Received: {name}={describe(value)}"
        )
    return float(value)


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """Returns `value` if it is one of `choices`, or raises `ValueError` that lists them."""
    if not _is_among(value, choices):
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(
            f"`{name}` must be one of {listed}.{did_you_mean(value, choices)} "
            f"Received: {name}={describe(value)}"
        )
    return value


def describe(value: Any) -> str:
    """Returns what a message says of a value: scalars and texts, but only type and shape of data.

    Example:

    >>> describe([np.zeros((8, 8, 1))] * 256)
    'a list of 256: an ndarray of float64 and shape (8, 8, 1), ...'
    """
    kind = type(value).__name__
    if value is None or isinstance(value, (numbers.Number, str, bytes)):
        text = repr(value)
        return (
            text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... of {len(text):,} characters"
        )
    if isinstance(value, dict):
        keys = ", ".join(repr(key)[:_LONGEST] for key in list(value)[:_LISTED])
        return f"{_article(kind)} with the keys {keys or 'none'}{_more(value)}"
    if isinstance(value, (list, tuple, set, frozenset)):
        small = len(value) <= _LISTED and all(_is_scalar(part) for part in value)
        if small or not value:
            return repr(value)
        return f"{_article(kind)} of {len(value):,}: {describe(next(iter(value)))}, ..."
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        if tuple(value.shape) == () and hasattr(value, "item"):
            return repr(value.item())
        return f"{_article(kind)} of {value.dtype} and shape {tuple(value.shape)}"
    if hasattr(value, "element_spec"):
        return "a tf.data.Dataset" if hasattr(value, "cardinality") else _article(kind)
    text = repr(value)
    return text if len(text) <= _LONGEST and "\n" not in text else _article(kind)


def _is_scalar(value):
    return value is None or (
        isinstance(value, (numbers.Number, str, bytes)) and len(repr(value)) <= _LONGEST
    )


def _article(noun):
    return f"{'an' if noun[0].lower() in 'aeiou' or noun == 'ndarray' else 'a'} {noun}"


def _more(value):
    return f" and {len(value) - _LISTED:,} more" if len(value) > _LISTED else ""


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
        raise ValueError(
            f"`seed` must be an integer in [0, 2**64). Received: seed={describe(seed)}"
        )
    return int(seed)


def check_image_shape(image_shape: Any) -> tuple[int, int, int]:
    """Returns `image_shape` as a tuple of three positive integers, (height, width, channels)."""
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) != 3:
        raise ValueError(
            "`image_shape` must be three positive integers, (height, width, channels). "
            f"Received: image_shape={describe(image_shape)}"
        )
    return tuple(check_positive_integer("image_shape", side) for side in image_shape)


def _is_among(value, choices):
    try:
        return bool(value in choices)
    except (TypeError, ValueError):
        # Arrays compare element by element.
        return False


def _is_finite_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
