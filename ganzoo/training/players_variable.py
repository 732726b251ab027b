"""A variable of one player, whose assignment concerns both."""

import keras


class PlayersVariable(keras.Variable):
    """A variable of the generator's optimizer, whose assignment concerns both players.

    It has no value of its own: everything but `assign` is that of the variable.

    Args:
        variable: The `keras.Variable`.
        assign: Function of a new value, or one that raises an error.
    """

    def __init__(self, variable, assign):
        vars(self).update(_variable=variable, _assign=assign)

    def __getattr__(self, name):
        if name == "_variable":
            raise AttributeError(name)
        return getattr(self._variable, name)

    @property
    def value(self):
        return self._variable.value

    def assign(self, value):
        self._assign(value)
        return self._variable.value

    def __repr__(self):
        return repr(self._variable)
