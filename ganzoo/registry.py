"""Names for the parts that users may choose by a string."""

import keras


class Registry:
    """Maps names to parts of one kind; a duplicate or an unknown name is an error.

    Args:
        kind: What is registered, for the messages, e.g. `"loss"`.

    Example:

    >>> losses = Registry("loss")
    >>> @losses.register("hinge")
    ... class Hinge: ...
    >>> losses["hinge"]
    <class '...Hinge'>
    """

    def __init__(self, kind):
        self.kind = kind
        self._entries = {}

    def register(self, name):
        """Returns a decorator that enters its argument under `name`."""
        if name in self._entries:
            raise ValueError(f"A {self.kind} of this name exists already. Received: {name!r}")

        def enter(entry):
            self._entries[name] = entry
            return entry

        return enter

    def names(self):
        """Returns the registered names in alphabetical order."""
        return sorted(self._entries)

    def __getitem__(self, name):
        if not isinstance(name, str) or name not in self._entries:
            raise ValueError(
                f"Unknown {self.kind}. Expected one of: {', '.join(self.names())}. "
                f"Received: {name!r}"
            )
        return self._entries[name]

    def instance(self, identifier, base):
        """Returns the part that `identifier` stands for.

        Args:
            identifier: A registered name, which gives the part with its defaults; the dictionary
                that `keras.saving.serialize_keras_object` made of a part; or a part, which is
                returned.
            base: The class of all parts of this kind.

        Raises:
            ValueError: If it is none of these.
        """
        part = identifier
        if isinstance(identifier, str):
            part = self[identifier]()
        elif isinstance(identifier, dict):
            part = keras.saving.deserialize_keras_object(identifier)
        if not isinstance(part, base):
            raise ValueError(
                f"A {self.kind} must be one of the names {', '.join(self.names())}, a config "
                f"dictionary, or an instance of `{base.__name__}`. Received: {identifier!r}"
            )
        return part
