"""Keeps TensorFlow's messages about its own start off the terminal."""

import contextlib
import logging
import os
import shutil
import sys
import tempfile

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOTHING_BUT_FATAL = "3"


@contextlib.contextmanager
def quiet_start(is_off=False):
    """Imports Keras without the messages of TensorFlow about processors, drivers and retracing.

    What is written to stderr inside the context appears only if the context fails. Child processes
    take over the log level.

    Args:
        is_off: Whether to leave everything as it is. It also stays as it is where the user has set
            `TF_CPP_MIN_LOG_LEVEL`, or Keras has been imported before.
    """
    if is_off or _LEVEL in os.environ or "keras" in sys.modules:
        yield
        return
    os.environ[_LEVEL] = _NOTHING_BUT_FATAL
    logging.getLogger("tensorflow").addFilter(_is_not_about_retracing)
    with _stderr_kept_aside():
        yield


@contextlib.contextmanager
def _stderr_kept_aside():
    """Sends file descriptor 2 to a temporary file, which is copied to it in case of an error."""
    try:
        terminal = os.dup(2)
    except OSError:  # The process has no stderr.
        yield
        return
    with open(terminal, "wb") as stderr, tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except BaseException:
            _flush_stderr()
            aside.seek(0)
            shutil.copyfileobj(aside, stderr)
            raise
        finally:
            _flush_stderr()
            os.dup2(terminal, 2)


def _flush_stderr():
    if sys.stderr is not None:
        sys.stderr.flush()


def _is_not_about_retracing(record):
    return "retracing" not in record.getMessage()
