"""A scope in which nothing that changes stays."""

from collections.abc import Iterable
from typing import Any

import keras


def isolated(
    variables: Iterable[keras.Variable],
    replaced: Iterable[tuple[keras.Variable, Any]] = (),
) -> keras.StatelessScope:
    """Returns a scope in which variables have their current values, and whose changes are lost.

    On JAX, a training step reads all variables from a scope already. The new one hides it, so it
    must hold every variable that is read.

    Args:
        variables: All variables that are read in the scope.
        replaced: Variables among them that have other values in the scope, with these values.

    Example:

    >>> rate = keras.Variable(1.0)
    >>> with isolated([rate], [(rate, 2.0)]) as scope:
    ...     doubled = 2.0 * rate
    >>> float(doubled), float(rate)
    (4.0, 1.0)
    """
    values = {id(variable): value for variable, value in replaced}
    mapping = [(v, values.get(id(v), v.value)) for v in variables]
    return keras.StatelessScope(state_mapping=mapping)
