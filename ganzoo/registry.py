"""Names for the parts that users may choose by a string."""


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

        def enter(entry):
            if name in self._entries:
                raise ValueError(f"A {self.kind} of this name exists already. Received: {name!r}")
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
