"""torch-fidelity's mathematics, as an independent reference."""

import functools
import importlib.util
import sys
import types

from support import lazy


def module(name):
    """Returns torch-fidelity's module `name`, such as `"metric_fid"`, which is imported lazily.

    The package imports torchvision for its data sets and networks, which the mathematics does not
    use: where torchvision is not installed, empty modules stand for it during the import.
    """
    return lazy.Lazy(functools.partial(_import, name))


def _import(name):
    absent = {} if importlib.util.find_spec("torchvision") else _torchvision()
    sys.modules.update(absent)
    try:
        return lazy.imported(f"torch_fidelity.{name}")
    finally:
        for key in absent:
            del sys.modules[key]


def _torchvision():
    names = ("", ".datasets", ".transforms", ".transforms.functional")
    modules = {f"torchvision{name}": types.ModuleType(f"torchvision{name}") for name in names}
    for data_set in ("CIFAR10", "CIFAR100", "STL10"):
        setattr(modules["torchvision.datasets"], data_set, object)
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    return modules
