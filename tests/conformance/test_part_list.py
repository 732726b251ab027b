import inspect

import keras
import pytest

from conformance.parts import NAMES, PARTS, REPRESENTATIVES, arguments
from ganzoo import architectures, augment, layers, losses, regularizers
from ganzoo.augment.base import AUGMENTATIONS
from ganzoo.losses.base import LOSSES
from ganzoo.regularizers.base import REGULARIZERS

PACKAGES = [layers, losses, regularizers, augment]
ARCHITECTURES = ("architecture", "semi-supervised architecture")


def objects():
    """The parts that are objects, not networks."""
    return [part.make() for part in PARTS if part.kind not in ARCHITECTURES]


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


def test_every_kind_has_a_representative():
    assert set(REPRESENTATIVES) <= set(NAMES)
    assert {name.split(":")[0] for name in REPRESENTATIVES} == {part.kind for part in PARTS}


def test_every_class_that_files_can_name_is_listed():
    names = tuple(f"{package.__name__}." for package in PACKAGES)
    registered = {
        kind
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("ganzoo>") and kind.__module__.startswith(names)
    }
    assert registered == {type(made) for made in objects()}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_class_is_listed(package):
    bases = {"AdversarialLoss", "Augmentation", "Loss", "Constraint", "Penalty", "Regularizer"}
    bases |= {"GeneratorPenalty", "WeightPenalty"}
    public = {name for name in package.__all__ if inspect.isclass(getattr(package, name))}
    assert public - bases <= {type(made).__name__ for made in objects()}


def test_every_registered_name_is_listed():
    listed = {type(made) for made in objects()}
    for registry in (LOSSES, REGULARIZERS, AUGMENTATIONS):
        for name in registry.names():
            assert registry[name] in listed, name
    for kind, names in zip(
        ARCHITECTURES, (architectures.names(), architectures.semi_supervised_names()), strict=True
    ):
        assert {part.make.args[0] for part in PARTS if part.kind == kind} == set(names)


def test_every_argument_has_another_value_than_its_default_in_some_part():
    constant = {}
    for made in objects():
        for name, parameter in arguments(made).items():
            argument = f"{type(made).__name__}({name}=)"
            same = not _differs(getattr(made, name), parameter.default)
            constant[argument] = constant.get(argument, True) and same
    assert not [argument for argument, same in constant.items() if same]


def _differs(value, default):
    if default is inspect.Parameter.empty:
        return True
    if isinstance(value, keras.initializers.Initializer):
        return type(value) is not type(keras.initializers.get(default))
    return value != default and list(_sequence(value)) != list(_sequence(default))


def _sequence(value):
    return value if isinstance(value, (list, tuple)) else [value]
