"""TF-GAN 2.1.0, the library that ganzoo succeeds, as an independent judge of its mathematics.

`import tensorflow_gan` fails on TensorFlow 2.21, which has no `tf.estimator`. Its modules do not
need that: only the `__init__` files of its packages do, and they are passed over here.
"""

import functools
import importlib
import importlib.util
import pathlib
import sys
import types

import pytest

PACKAGES = ("", ".python", ".python.losses", ".python.eval", ".python.features")


def module(name):
    """Returns TF-GAN's module `name`, such as `"losses.losses_impl"`; skips the test without it.

    At the top of a file it skips the whole file.
    """
    if not _open_packages():
        _skip("tensorflow-gan")
    try:
        return importlib.import_module(f"tensorflow_gan.python.{name}")
    except ModuleNotFoundError as error:
        _skip(error.name)


@functools.cache
def _open_packages():
    """Makes TF-GAN's packages importable without running them; tells whether it is installed."""
    found = importlib.util.find_spec("tensorflow_gan")
    if found is None:
        return False
    root = pathlib.Path(found.submodule_search_locations[0])
    for package in PACKAGES:
        bare = types.ModuleType(f"tensorflow_gan{package}")
        bare.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules[bare.__name__] = bare
    return True


def _skip(missing):
    pytest.skip(
        f"TF-GAN is not here to compare with: {missing} is not installed (`make test` does it)",
        allow_module_level=True,
    )
