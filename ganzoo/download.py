"""Downloads into Keras's cache, bounded in size and time, with a hash that is known before."""

import os
import threading
import time
import urllib.request
from pathlib import Path

from ganzoo.files import describe_file, new_file, user_path

_CHUNK = 2**16
# Seconds without any byte.
_SILENCE = 30


def cached(name: str) -> Path:
    """Returns the path of a file in the cache."""
    return user_path(os.environ.get("KERAS_HOME", "~/.keras")) / "ganzoo" / name


def fetch(url: str, name: str, sha256: str, most_bytes: int, seconds: float) -> Path:
    """Returns the path of a file in the cache, which is downloaded if it is not there.

    Args:
        url: Its address, `http://` or `https://`.
        name: Its name in the cache.
        sha256: Its SHA-256 in lower-case hexadecimal digits.
        most_bytes: Its largest size.
        seconds: Time after which the download ends with an error.

    Raises:
        OSError: If it cannot be downloaded, is too large or too slow, or has another hash. Nothing
            of it stays in the cache.
    """
    path = cached(name)
    if path.is_file() and describe_file(path)["sha256"] == sha256:
        return path
    with new_file(path, replace=True) as partial:
        _download(url, partial, most_bytes, seconds)
        received = describe_file(partial)["sha256"]
        if received != sha256:
            raise OSError(
                f"The file has another hash. Expected: sha256={sha256}. Received: sha256={received}"
            )
    return path


def _download(url, path, most_bytes, seconds):
    """Writes an answer to a file. A server that sends little now and then is left behind."""
    deadline, errors = time.monotonic() + seconds, []

    def work():
        try:
            _copy(url, path, most_bytes, deadline)
        except Exception as error:  # Everything is raised below.
            errors.append(error)

    # The timeout of a socket bounds each wait for bytes, and not their sum.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        errors.append(TimeoutError(f"It took more than {seconds:,.0f} seconds."))
    for error in errors:
        raise OSError(f"{type(error).__name__}: {error}") from error


def _copy(url, path, most_bytes, deadline):
    with urllib.request.urlopen(url, timeout=_SILENCE) as answer, open(path, "wb") as file:
        expected = answer.length
        if (expected or 0) > most_bytes:
            raise OSError(f"It has {expected:,} bytes, more than {most_bytes:,}.")
        while chunk := answer.read1(_CHUNK):
            file.write(chunk)
            if file.tell() > most_bytes:
                raise OSError(f"It has more than {most_bytes:,} bytes.")
            if time.monotonic() > deadline:
                raise TimeoutError("The time is over.")
        if expected is not None and file.tell() != expected:
            raise OSError(f"It ended after {file.tell():,} of {expected:,} bytes.")
