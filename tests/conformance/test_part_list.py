import inspect

import keras
import pytest
from conformance.parts import NAMES, PARTS

from ganzoo import architectures, augment, layers, losses, regularizers
from ganzoo.losses import auxiliary_classifier, feature_matching

# What ganzoo registers with Keras and is no part of the two networks or of their objectives.
OTHERS = {"GAN", "SemiSupervisedGAN", "AdversarialOptimizer", "LinearDecay"}
ARCHITECTURES = ("architecture", "semi-supervised architecture")


def objects():
    """The parts that are objects, not networks."""
    return [part.make() for part in PARTS if part.kind not in ARCHITECTURES]


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


def test_every_class_that_files_can_name_is_listed():
    registered = {
        kind
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("ganzoo>") and kind.__module__.startswith("ganzoo.")
    }
    listed = {type(made) for made in objects()}
    assert {kind.__name__ for kind in registered - listed} == OTHERS
    assert listed <= registered


@pytest.mark.parametrize("package", [layers, losses, regularizers, augment])
def test_every_public_class_is_listed(package):
    bases = {"AdversarialLoss", "Augmentation", "Constraint", "Penalty", "Regularizer"}
    bases.add("WeightPenalty")
    public = {name for name in package.__all__ if inspect.isclass(getattr(package, name))}
    assert public - bases <= {type(made).__name__ for made in objects()}


def test_every_registered_name_is_listed():
    listed = {type(made) for made in objects()}
    for package in (losses, regularizers, augment):
        for name in package.names():
            assert type(package.get(name)) in listed, name
    for registry in (feature_matching.GENERATOR_LOSSES, auxiliary_classifier.CLASSIFIER_LOSSES):
        for name in registry.names():
            assert registry[name] in listed, name
    for kind, names in zip(
        ARCHITECTURES, (architectures.names(), architectures.semi_supervised_names()), strict=True
    ):
        assert {part.make.args[0] for part in PARTS if part.kind == kind} == set(names)


def test_every_argument_has_another_value_than_its_default_in_some_part():
    given = {}
    for made in objects():
        for name, parameter in inspect.signature(type(made).__init__).parameters.items():
            if name == "self" or parameter.kind is parameter.VAR_KEYWORD:
                continue
            varied = given.setdefault((type(made).__name__, name), False)
            given[type(made).__name__, name] = varied or _differs(
                getattr(made, name), parameter.default
            )
    assert not sorted(argument for argument, varied in given.items() if not varied)


def _differs(value, default):
    if default is inspect.Parameter.empty:
        return True
    if isinstance(value, keras.initializers.Initializer):
        default = keras.initializers.get(default)
        return default is None or value.get_config() != default.get_config()
    return value != default and list(_sequence(value)) != list(_sequence(default))


def _sequence(value):
    return value if isinstance(value, (list, tuple)) else [value]
