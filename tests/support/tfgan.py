"""TF-GAN 2.1.0, the library that ganzoo succeeds, as an independent judge of its mathematics.

`import tensorflow_gan` fails on TensorFlow 2.21, which has no `tf.estimator`. Its modules do not
need that: only the `__init__` files of its packages do, and they are passed over here.
"""

import functools
import importlib.util
import pathlib
import sys
import types

from support import lazy

PACKAGES = ("", ".python", ".python.losses", ".python.eval", ".python.features")


def module(name):
    """Returns TF-GAN's module `name`, such as `"losses.losses_impl"`, which is imported lazily."""
    return lazy.Lazy(functools.partial(_import, name))


def _import(name):
    _open_packages()
    return lazy.imported(f"tensorflow_gan.python.{name}")


@functools.cache
def _open_packages():
    """Makes TF-GAN's packages importable without running them, if it is installed."""
    found = importlib.util.find_spec("tensorflow_gan")
    if found is None:
        return
    root = pathlib.Path(found.submodule_search_locations[0])
    for package in PACKAGES:
        bare = types.ModuleType(f"tensorflow_gan{package}")
        bare.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules[bare.__name__] = bare
