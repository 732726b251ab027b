"""Names for the parts that users may choose by a string."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from ganzoo.validation import describe, did_you_mean


class Registry:
    """Maps names to parts of one kind. A duplicate and an unknown name are errors.

    Args:
        kind: What is registered, for the error messages, e.g. `"loss"`.

    Example:

    >>> losses = Registry("loss")
    >>> @losses.register("hinge")
    ... class Hinge: ...
    >>> losses["hinge"]
    <class '...Hinge'>
    """

    def __init__(self, kind: str):
        self.kind = kind
        self._entries = {}

    def register(self, name: str) -> Callable[[Any], Any]:
        """Returns a decorator that enters its argument under `name`.

        Raises:
            ValueError: If the name is taken.
        """
        if name in self._entries:
            raise ValueError(f"A {self.kind} of this name exists already. Received: {name!r}")

        def enter(entry):
            self._entries[name] = entry
            return entry

        return enter

    def names(self, base: type | None = None) -> list[str]:
        """Returns the registered names in alphabetical order.

        Args:
            base: If given, only the names of its subclasses.
        """
        if base is None:
            return sorted(self._entries)
        return sorted(name for name, entry in self._entries.items() if issubclass(entry, base))

    def __getitem__(self, name: str) -> Any:
        return self._entry(name, self.names())

    def check_name(self, name: Any, names: Sequence[str]) -> None:
        """Raises `ValueError` that lists the accepted names, unless `name` is one of them."""
        if not isinstance(name, str) or name not in names:
            raise ValueError(
                f"Unknown {self.kind}.{did_you_mean(name, names)} Expected one of: "
                f"{', '.join(names)}. Received: {describe(name)}"
            )

    def instance(self, identifier: Any, base: type, arguments: dict[str, Any] | None = None) -> Any:
        """Returns the part that `identifier` stands for.

        Args:
            identifier: A registered name; the dictionary that
                `keras.saving.serialize_keras_object` made of a part; or a part, which is returned.
            base: The class of the parts that are accepted.
            arguments: Arguments of the class that a name stands for; by default its defaults.

        Raises:
            ValueError: If `identifier` is none of these, or if the part does not take the
                arguments.

        Example:

        >>> regularizers = Registry("regularizer")
        >>> _ = regularizers.register("r1")(ganzoo.regularizers.R1)
        >>> regularizers.instance("r1", ganzoo.regularizers.R1, {"gamma": 0.1})
        R1(gamma=0.1, every=1)
        """
        if isinstance(identifier, str):
            return self._make(identifier, base, arguments or {})
        if arguments:
            raise ValueError(
                f"Arguments are for the {self.kind} of a name. Received: the arguments "
                f"{', '.join(arguments)} with {describe(identifier)}"
            )
        part = identifier
        if isinstance(identifier, dict) and {"class_name", "config"} <= identifier.keys():
            part = keras.saving.deserialize_keras_object(identifier)
        if not isinstance(part, base):
            raise ValueError(
                f"A {self.kind} must be one of the names {', '.join(self.names(base))}, a config "
                f"dictionary, or an instance of `{base.__name__}`. Received: {describe(identifier)}"
            )
        return part

    def _make(self, name, base, arguments):
        part_class = self._entry(name, self.names(base))
        try:
            inspect.signature(part_class).bind(**arguments)
        except TypeError as error:
            received = ", ".join(f"{key!r}: {describe(arguments[key])}" for key in arguments)
            raise ValueError(
                f"The {self.kind} {name!r} has the arguments "
                f"{part_class.__name__}{inspect.signature(part_class)}: {error}. "
                f"Received: {{{received}}}"
            ) from error
        return part_class(**arguments)

    def _entry(self, name, names):
        self.check_name(name, names)
        return self._entries[name]
