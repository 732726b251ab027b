"""One optimizer update of all small weights of a player, as one vector.

Keras's optimizers run a chain of a dozen operations or more for each weight. Most weights of a
network are small (biases, scales of normalization layers), and for them an operation costs more to
start than to run. An elementwise optimizer computes the same on the concatenation of all weights.
"""

import math
import warnings

import keras
from keras import ops

from ganzoo import backend
from ganzoo.training.loss_scale import innermost
from ganzoo.training.stored_slots import StoredSlots

# Their update of a number depends on the gradient and the slots of this number alone.
_ELEMENTWISE = (
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adam,
    keras.optimizers.Adamax,
    keras.optimizers.AdamW,
    keras.optimizers.Lion,
    keras.optimizers.Nadam,
    keras.optimizers.RMSprop,
    keras.optimizers.SGD,
)
# Weights of as many numbers are updated one by one: to copy them into a vector and back would cost
# more than the operations that it saves.
_LARGE = 2**16


class FusedUpdate:
    """The update of a player's weights by an optimizer, which is built here.

    An elementwise optimizer is built with vectors in place of weights: one vector for all small
    weights of one dtype. So it has one slot for all of them, takes one gradient, and computes the
    same numbers. The list of Keras's elementwise optimizers is in this module. Another optimizer is
    one of them if its class sets `elementwise = True`. Files have the slots of each weight in any
    case.

    Each weight is updated on its own by all other optimizers; with `clipnorm` or `global_clipnorm`,
    whose norms are sums over a weight; with `use_ema`; if it is large; if it has a constraint; and
    if `keras.distribution` may split it over devices.

    Args:
        player: `"generator"` or `"discriminator"`.
        optimizer: A `keras.optimizers.Optimizer` that is not built.
        weights: List of the player's trainable `keras.Variable`s.
    """

    def __init__(self, player, optimizer, weights):
        inner = innermost(optimizer)
        self._optimizer = optimizer
        self._units = _units(f"{player}_weights", inner, weights)
        targets = [unit.target for unit in self._units]
        if inner.weight_decay is not None and len(targets) < len(weights):
            # The vectors are not among the variables that a user has excluded.
            undecayed = [unit.target for unit in self._units if not unit.decays]
            inner.exclude_from_weight_decay(undecayed)
        self._slots = StoredSlots(optimizer, len(targets), _places(self._units, weights))
        optimizer.build(targets)

    @property
    def stored_variables(self):
        """The variables of the optimizer as files have them, with slots for each weight."""
        return self._slots.variables

    def apply(self, gradients):
        """Applies the gradients, given by the ids of the weights. A gradient may be `None`."""
        for unit in self._units:
            unit.start()
        backend.apply_gradients(
            self._optimizer,
            [unit.gradient(gradients) for unit in self._units],
            [unit.target for unit in self._units],
        )
        for unit in self._units:
            unit.finish(gradients)


class _Single:
    """A weight that is updated on its own."""

    def __init__(self, weight, decays):
        self.weights, self.starts, self.decays = [weight], [None], decays
        self.target = weight

    def start(self):
        pass

    def gradient(self, gradients):
        return gradients[id(self.target)]

    def finish(self, gradients):
        pass


class _Vector:
    """Weights that are updated as one vector.

    The optimizer updates the variable `target`. It starts from zero and becomes the change of the
    weights. With weight decay, which depends on the weights, it starts from the weights.
    """

    def __init__(self, name, weights, decays, needs_weights):
        self.weights, self.decays = weights, decays
        self._sizes = [math.prod(weight.shape) for weight in weights]
        self.starts = [sum(self._sizes[:i]) for i in range(len(weights))]
        self._needs_weights = needs_weights
        self.target = keras.Variable(
            "zeros", shape=(sum(self._sizes),), dtype=weights[0].dtype, name=name
        )

    def start(self):
        if self._needs_weights:
            value = ops.concatenate([ops.reshape(weight, (-1,)) for weight in self.weights])
        else:
            value = ops.zeros(self.target.shape, self.target.dtype)
        backend.assign_all([self.target], [value])

    def gradient(self, gradients):
        parts = [gradients[id(weight)] for weight in self.weights]
        missing = [w.path for w, part in zip(self.weights, parts, strict=True) if part is None]
        if len(missing) == len(parts):
            return None
        if missing:
            warnings.warn(
                "Each trainable weight should have a gradient. Weights without one stay as they "
                f"are. Received: no gradient for {', '.join(missing)}",
                stacklevel=2,
            )
        sizes = zip(parts, self._sizes, strict=True)
        return ops.concatenate(
            [
                ops.zeros((size,), self.target.dtype) if part is None else ops.reshape(part, (-1,))
                for part, size in sizes
            ]
        )

    def finish(self, gradients):
        parts = backend.split(self.target.value, self._sizes)
        weights, values = [], []
        for weight, part in zip(self.weights, parts, strict=True):
            if gradients[id(weight)] is not None:
                weights.append(weight)
                values.append(ops.reshape(part, weight.shape))
        backend.assign_all(weights, values, add=not self._needs_weights)


def _units(name, optimizer, weights):
    """Groups the weights into vectors, and weights that are updated on their own."""
    fuses = _computes_elementwise(optimizer) and not _may_be_split()
    has_decay = optimizer.weight_decay is not None
    groups = {}
    for weight in weights:
        decays = not has_decay or optimizer._use_weight_decay(weight)
        key = (weight.dtype, decays) if fuses and _is_small(weight) else id(weight)
        groups.setdefault(key, (decays, []))[1].append(weight)
    return [
        _Single(group[0], decays) if len(group) == 1 else _Vector(name, group, decays, has_decay)
        for decays, group in groups.values()
    ]


def _computes_elementwise(optimizer):
    kind = type(optimizer)
    # A subclass may compute something else.
    if kind not in _ELEMENTWISE and not vars(kind).get("elementwise"):
        return False
    return not (optimizer.clipnorm or optimizer.global_clipnorm or optimizer.use_ema)


def _may_be_split():
    """Returns whether `keras.distribution` has another layout for each weight."""
    return isinstance(keras.distribution.distribution(), keras.distribution.ModelParallel)


def _is_small(weight):
    is_plain = weight.constraint is None and not getattr(weight, "overwrite_with_gradient", False)
    return is_plain and math.prod(weight.shape) < _LARGE


def _places(units, weights):
    """Returns for each weight the index of its unit, its first place in a vector, and its shape."""
    places = {
        id(weight): (index, start, tuple(weight.shape))
        for index, unit in enumerate(units)
        for weight, start in zip(unit.weights, unit.starts, strict=True)
    }
    return [places[id(weight)] for weight in weights]
