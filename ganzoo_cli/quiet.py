"""Keeps TensorFlow's messages about its own start off the terminal."""

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from importlib.machinery import PathFinder

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOTHING_BUT_FATAL = "3"
# With the backend JAX, Keras imports TensorFlow later.
_NOISY = ("keras", "tensorflow")


def quiet_start(is_off: bool = False) -> None:
    """Arranges that TensorFlow prints nothing about processors, drivers and retracing.

    What is written to stderr while Keras or TensorFlow is imported appears only if the import
    fails. Child processes inherit the log level.

    Args:
        is_off: Whether to leave everything as it is. It also stays as it is if the user has set
            `TF_CPP_MIN_LOG_LEVEL`, or Keras has already been imported.
    """
    if is_off or _LEVEL in os.environ or "keras" in sys.modules:
        return
    os.environ[_LEVEL] = _NOTHING_BUT_FATAL
    logging.getLogger("tensorflow").addFilter(_is_not_about_retracing)
    sys.meta_path.insert(0, _QuietFinder)


class _QuietFinder:
    """Finds the noisy packages as Python does, and keeps stderr aside while they are imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _NOISY:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_quietly(module):
                with _stderr_kept_aside():
                    execute(module)

            spec.loader.exec_module = execute_quietly
        return spec


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
