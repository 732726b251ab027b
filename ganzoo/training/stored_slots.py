"""The slots of an optimizer as files have them: one for each weight, also if a vector holds many.

So files do not depend on how an update is computed.
"""

import collections
import math
import warnings

import keras
import numpy as np

from ganzoo.training.loss_scale import innermost


class StoredSlots:
    """Makes an optimizer that is built with vectors store the slots of each weight.

    Args:
        optimizer: A `keras.optimizers.Optimizer` that is not built.
        targets: Number of variables that it will be built with.
        places: For each weight of the player the index of its target, its first place in this
            vector or `None` for a target of its own, and its shape.
    """

    def __init__(self, optimizer, targets, places):
        self._optimizer = optimizer
        self._inner = innermost(optimizer)
        self._targets, self._places = targets, places
        # The step count, and the learning rate unless it follows a schedule.
        self._scalars = len(self._inner.variables)
        if targets < len(places):
            # All processes are here. One of them alone could not create variables on JAX later on.
            self._widths = _block_widths(self._inner)
            _store(self._inner, self._inner_variables)
            if optimizer is not self._inner:
                _store(optimizer, lambda: self.variables)

    @property
    def variables(self):
        """The variables of the optimizer, with slots for each weight, as Keras orders them."""
        variables, inner = self._optimizer.variables, self._inner.variables
        return [*variables[: len(variables) - len(inner)], *self._inner_variables()]

    def _inner_variables(self):
        variables = self._inner.variables
        if self._targets == len(self._places):
            return variables
        stored, position = variables[: self._scalars], self._scalars
        for width in self._widths:
            if not width:
                stored.append(variables[position])
                position += 1
                continue
            for target, start, shape in self._places:
                first = position + target * width
                slots = variables[first : first + width]
                stored += slots if start is None else [Part(slot, start, shape) for slot in slots]
            position += self._targets * width
        return stored


class Part:
    """The slot of one weight in a vector of slots, with what files need of a `keras.Variable`."""

    def __init__(self, vector, start, shape):
        self.vector, self._start, self.shape = vector, start, shape
        self.dtype, self.path = vector.dtype, f"{vector.path}[{start}:{self._stop}]"

    @property
    def size(self):
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def _stop(self):
        return self._start + self.size

    def numpy(self):
        """Returns the value as NumPy; `values_of` reads several."""
        return values_of([self])[0]

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype)

    def assign(self, value):
        """Sets this part of the vector; `assign_values` sets several.

        Raises:
            ValueError: If the value has another shape.
        """
        assign_values([self], [value])

    def take(self, whole):
        """Returns this part of a vector that is a NumPy array."""
        return whole[self._start : self._stop].reshape(self.shape)

    def put(self, whole, value):
        """Sets this part of a vector that is a NumPy array."""
        value = np.asarray(value)
        if value.shape != self.shape:
            raise ValueError(
                f"Expected the slot of a weight of shape {self.shape}. Received: a value of shape "
                f"{value.shape} for {self.path}"
            )
        whole[self._start : self._stop] = value.reshape(-1)


def values_of(variables):
    """Returns the values of variables as NumPy arrays.

    A vector of slots is read from the device once, and its parts are taken on the host.

    Args:
        variables: List of `keras.Variable`s and of `Part`s.
    """
    wholes = {}

    def value(variable):
        if not isinstance(variable, Part):
            return keras.ops.convert_to_numpy(variable)
        key = id(variable.vector)
        if key not in wholes:
            wholes[key] = keras.ops.convert_to_numpy(variable.vector)
        return variable.take(wholes[key])

    return [value(variable) for variable in variables]


def assign_values(variables, values):
    """Sets variables to values. A vector of slots is written to the device once.

    Args:
        variables: List of `keras.Variable`s and of `Part`s.
        values: An array for each of them.

    Raises:
        ValueError: If the value of a part has another shape.
    """
    parts = collections.defaultdict(list)
    for variable, value in zip(variables, values, strict=True):
        if isinstance(variable, Part):
            parts[id(variable.vector)].append((variable, value))
        else:
            variable.assign(value)
    for pairs in parts.values():
        vector = pairs[0][0].vector
        whole = np.empty(vector.shape, vector.dtype)
        if sum(part.size for part, _ in pairs) < whole.size:
            whole[:] = keras.ops.convert_to_numpy(vector)
        for part, value in pairs:
            part.put(whole, value)
        vector.assign(whole)


def _block_widths(optimizer):
    """Returns how `build` orders the slots: the number of slots that alternate in each block.

    Adam has one block of width 2 (mean and square of the first weight, then of the second one, and
    so on), and with `amsgrad` another one of width 1. A width of 0 is a scalar.
    """
    config = {**optimizer.get_config(), "learning_rate": 0.0}
    example = type(optimizer).from_config(config)
    scalars = len(example.variables)
    example.build([keras.Variable(0.0, name=f"weight{i}of2") for i in range(2)])
    names = [variable.name for variable in example.variables[scalars:]]
    owners = [next((i for i in range(2) if f"weight{i}of2" in name), None) for name in names]
    widths = []
    while owners:
        width = owners.index(1) if owners[0] == 0 else 0
        del owners[: 2 * width or 1]
        widths.append(width)
    return widths


def _store(optimizer, variables):
    """Makes Keras's saver store and load the given variables for an optimizer.

    Args:
        optimizer: The `keras.optimizers.Optimizer`.
        variables: Function that returns them.
    """

    def save_own_variables(store):
        for i, value in enumerate(values_of(variables())):
            store[str(i)] = value

    def load_own_variables(store):
        expected = variables()
        if len(store.keys()) != len(expected):
            # As Keras does.
            warnings.warn(
                f"Skipping variable loading for optimizer {optimizer.name!r}. Expected "
                f"{len(expected)} variables. Received: {len(store.keys())}",
                stacklevel=2,
            )
            return
        assign_values(expected, [store[str(i)] for i in range(len(expected))])

    optimizer.save_own_variables = save_own_variables
    optimizer.load_own_variables = load_own_variables
