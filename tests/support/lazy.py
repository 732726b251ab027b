"""Modules of other libraries that are imported when a test first uses them.

All processes of the suite collect all files. Only the one that runs a file needs what it compares
with: PyTorch and TF-GAN take five seconds and 300 MB.
"""

import functools
import importlib

import pytest


class Lazy:
    """Stands for what a function returns, which is called when an attribute is first read.

    Args:
        load: Function that imports and returns a module, or skips the test.
    """

    def __init__(self, load):
        self._load = functools.cache(load)

    def __getattr__(self, name):
        if name.startswith("_"):  # pytest asks for such names while it collects.
            raise AttributeError(name)
        return getattr(self._load(), name)


def oracle(name):
    """Returns a module that is imported lazily; its tests are skipped without it."""
    return Lazy(functools.partial(imported, name))


def imported(name):
    """Imports a module that `make test` installs, or skips the test."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed (`make test` does it)")
