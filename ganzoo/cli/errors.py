"""What goes wrong after the checks, and is no mistake of the library."""

import contextlib


class Failure(Exception):
    """Its message is all that a user needs; the cause tells where it came from."""


@contextlib.contextmanager
def expected():
    """Turns errors of the data, the disk and missing packages into a `Failure`."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        raise Failure(str(error) or repr(error)) from error
