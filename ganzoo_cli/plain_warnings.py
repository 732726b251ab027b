"""Warnings on the terminal: their text alone, without the line of code that they come from."""

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def plain_warnings(is_off: bool = False) -> Iterator[None]:
    """Makes `UserWarning` appear as `warning: TEXT` while the context lasts.

    Other kinds of warnings, which are for programmers, stay as Python shows them.

    Args:
        is_off: Whether to leave everything as it is.

    Example:

    >>> with plain_warnings():
    ...     warnings.warn("2 files are left out.")
    warning: 2 files are left out.
    """
    before = warnings.formatwarning

    def plain(message, category, filename, lineno, line=None):
        if not issubclass(category, UserWarning):
            return before(message, category, filename, lineno, line)
        return f"warning: {message}\n"

    if not is_off:
        warnings.formatwarning = plain
    try:
        yield
    finally:
        warnings.formatwarning = before
