"""torch-fidelity's mathematics, as an independent reference."""

import importlib
import importlib.util
import sys
import types

import pytest


def module(name):
    """Returns torch-fidelity's module `name`, such as `"metric_fid"`; skips the test without it.

    The package imports torchvision for its data sets and networks, which the mathematics does not
    use: where torchvision is not installed, empty modules stand for it during the import.
    """
    for package in ("torch", "torch_fidelity"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(
                f"{package} is not installed (`make test` does it)", allow_module_level=True
            )
    absent = {} if importlib.util.find_spec("torchvision") else _torchvision()
    sys.modules.update(absent)
    try:
        return importlib.import_module(f"torch_fidelity.{name}")
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
