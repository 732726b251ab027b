"""The base of all parts that a user chooses and that a file stores: losses, regularizers, ..."""

import inspect
import re
from typing import Any, Self

import keras
import numpy as np


class Part:
    """An object that is described by the arguments it was made with.

    A subclass stores each argument of its `__init__` in an attribute of the same name. From these
    the base writes the config, the copy, and the text of the object. A subclass whose `__init__`
    takes `**kwargs` and passes them on to its own base has the arguments of that base too.

    Register a subclass with Keras, so that it can be stored in a model, a preset or a recipe.

    Example:

    >>> import keras
    >>> from ganzoo.part import Part
    >>> @keras.saving.register_keras_serializable(package="mypackage")
    ... class Scale(Part):
    ...     def __init__(self, factor=2.0):
    ...         self.factor = factor
    >>> Scale(3.0)
    Scale(factor=3.0)
    >>> Scale(3.0).get_config()
    {'factor': 3.0}
    >>> Scale.from_config({"factor": 3.0}).factor
    3.0
    """

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of `__init__` as values that JSON can hold.

        Tuples and arrays become lists. Objects with a config of their own, such as other parts,
        initializers and layers, become the dictionary of `keras.saving.serialize_keras_object`.

        Raises:
            TypeError: If an argument has no attribute of the same name, if its value cannot be
                stored, or if `__init__` takes `*args` or arguments without a name.
        """
        return {
            name: _storable(type(self), name, self._argument(name))
            for name in _argument_names(type(self))
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the part that `get_config` described."""
        return cls(**{name: _restored(value) for name, value in config.items()})

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{name}={getattr(self, name)!r}"
            for name in _argument_names(type(self))
            if hasattr(self, name)
        )
        return f"{type(self).__name__}({arguments})"

    def _argument(self, name):
        if not hasattr(self, name):
            raise TypeError(
                f"`{type(self).__name__}` must store each argument of its `__init__` in an "
                f"attribute of the same name: set `self.{name}`, or write `get_config`. "
                f"Received: no attribute `{name}`"
            )
        return getattr(self, name)


class NameOfClass:
    """The default `name` of a kind of parts: `SmallLogits` has the name `"small_logits"`.

    A class that sets its own `name` replaces it, also for its subclasses.
    """

    def __get__(self, part, cls):
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()


def _argument_names(cls):
    """Returns the names of all arguments of `cls.__init__`, also of those it passes on."""
    names = {}
    for owner in cls.__mro__:
        if owner is object or "__init__" not in vars(owner):
            continue
        _, *parameters = inspect.signature(owner.__init__).parameters.values()
        kinds = {parameter.kind for parameter in parameters}
        if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY}:
            raise TypeError(
                f"`{owner.__name__}.__init__` must take arguments by name, so that a config can "
                "hold them: no `*args`, and no arguments before a `/`. Received: "
                f"__init__{inspect.signature(owner.__init__)}"
            )
        passes_on = inspect.Parameter.VAR_KEYWORD in kinds
        own = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
        names.update(dict.fromkeys(own))
        if not passes_on:
            break
    return list(names)


def _storable(cls, name, value):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_storable(cls, name, item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _storable(cls, name, item) for key, item in value.items()}
    if hasattr(value, "get_config") and not isinstance(value, type):
        return keras.saving.serialize_keras_object(value)
    raise TypeError(
        f"A config holds numbers, strings, lists, dictionaries and objects with a `get_config`. "
        f"Change what `{cls.__name__}` stores in `{name}`, or write `get_config`. "
        f"Received: {name}={value!r}"
    )


def _restored(value):
    if isinstance(value, dict) and {"class_name", "config"} <= set(value):
        return keras.saving.deserialize_keras_object(value)
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    return value
