"""Errors that happen during the work of a command and are not mistakes in the library."""

import contextlib
from collections.abc import Iterator


class Failure(Exception):
    """An error whose message is all that a user needs; its cause is the original error."""


@contextlib.contextmanager
def expected(*kinds: type[Exception]) -> Iterator[None]:
    """Turns errors of the data, the disk and missing packages into a `Failure`.

    Args:
        kinds: The classes of these errors, in place of `ValueError`, `OSError`, `ImportError`.
    """
    kinds = kinds or (ValueError, OSError, ImportError)
    try:
        yield
    except kinds as error:
        raise Failure(str(error) or repr(error)) from error
