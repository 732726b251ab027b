"""A second network like a given one, which is copied in memory and not from its config.

So a network may have layers of any class: `Lambda` layers, classes that are not registered, and
classes whose `get_config` is missing or incomplete.
"""

import contextlib
import copy
import types

import keras
import numpy as np

from ganzoo.layers.networks import is_network
from ganzoo.numerics import dtype_of_means, policy_of_means

# The lists of the parts that a layer tracks.
_STORES = ("_trainable_variables", "_non_trainable_variables", "_layers", "_seed_generators")
# What Keras creates for each layer.
_OWN_ATTRIBUTES = {
    *("build", "quantize", "_inbound_nodes", "_outbound_nodes"),
    *("_tracker", "_tracked", "_metrics", *_STORES),
}
_WITH_STATE = (keras.Layer, keras.Variable, keras.random.SeedGenerator)


def copy_network(network, name, scope):
    """Returns a network that computes what another one computes, with variables of its own.

    Its variables have the values of the originals. Those in 16 bits become float32, and their
    layers compute in 16 bits as before: a slow average would stand still in 16 bits.

    Args:
        network: A functional or Sequential `keras.Model`.
        name: Name of the copy.
        scope: First part of the paths of its variables.

    Raises:
        ValueError: If the network has its own `call`, or a layer with weights that Keras does not
            track.
    """
    copier = _Copier(scope)
    copied = copier.network(network, name)
    originals = {id(variable) for variable in network.variables}
    shared = [variable.path for variable in copied.variables if id(variable) in originals]
    if shared or len(copied.variables) != len(network.variables):
        raise ValueError(
            "Each weight of a network must be tracked by the layer that uses it: create it with "
            "`add_weight`, or assign the layer that has it to an attribute. Received: "
            f"{network.name!r}, of whose {len(network.variables)} variables "
            f"{len(copied.variables) - len(shared)} can be copied"
        )
    return copied


class _Copier:
    """Copies networks layer by layer. What is used several times is copied once."""

    def __init__(self, scope):
        self._scope = scope
        # The copies by the ids of the originals, which must not be freed.
        self._copies = {}
        self._originals = []

    def network(self, network, name=None):
        """Returns the copy of a functional or Sequential model."""
        _check_call(network)
        name = name or network.name
        if isinstance(network, keras.Sequential):
            layers = [self.copy(layer) for layer in network.layers]
            return keras.Sequential([_new_input(network.inputs[0]), *layers], name=name)
        inputs = keras.tree.map_structure(_new_input, network.input)
        # Keras has no public method that runs a network with other layers.
        outputs = network._run_through_graph(inputs, operation_fn=self.copy)
        return keras.Model(inputs, outputs, name=name)

    def copy(self, original):
        """Returns the copy of a layer, an operation, a variable or any other attribute."""
        if id(original) not in self._copies:
            self._remember(original, self._new(original))
        return self._copies[id(original)]

    def _remember(self, original, new):
        self._copies[id(original)] = new
        self._originals.append(original)

    def _new(self, original):
        if is_network(original):
            return self.network(original)
        if isinstance(original, keras.Variable):
            return self._new_variable(original)
        if isinstance(original, keras.Layer):
            return self._new_layer(original)
        if isinstance(original, (keras.Operation, keras.random.SeedGenerator)):
            return self._new_operation(original)
        if isinstance(original, types.FunctionType):
            return self._new_function(original)
        return self._new_value(original)

    def _new_layer(self, original):
        new = type(original).__new__(type(original))
        # Its parts may refer to it.
        self._remember(original, new)
        new._initialize_tracker()
        for store in _STORES:
            for part in getattr(original, store):
                new._tracker.add_to_store(store.removeprefix("_"), self.copy(part))
        self._copy_attributes(original, new)
        new._dtype_policy = policy_of_means(original.dtype_policy)
        if original._tracker.locked:
            new._lock_state()
        return new

    def _new_operation(self, original):
        """Copies an operation without weights, or a generator of seeds."""
        new = type(original).__new__(type(original))
        self._remember(original, new)
        self._copy_attributes(original, new)
        return new

    def _copy_attributes(self, original, new):
        if isinstance(original, keras.Operation):
            new._inbound_nodes, new._outbound_nodes = [], []
        for name, value in vars(original).items():
            if name not in _OWN_ATTRIBUTES and not name.startswith("_self_"):
                setattr(new, name, self.copy(value))

    def _new_variable(self, original):
        is_float = keras.backend.is_float_dtype(original.dtype)
        dtype = dtype_of_means(original.dtype) if is_float else original.dtype
        *path, name = original.path.split("/")
        with contextlib.ExitStack() as scopes:
            for part in (self._scope, *path):
                scopes.enter_context(keras.name_scope(part))
            return keras.Variable(
                np.asarray(original.numpy()).astype(dtype),
                dtype=dtype,
                trainable=original.trainable,
                autocast=original._autocast,
                aggregation=original.aggregation,
                name=name,
            )

    def _new_function(self, original):
        """Copies a function that refers to layers or variables, such as `lambda x: self.net(x)`."""
        cells = original.__closure__ or ()
        contents = [cell.cell_contents for cell in cells if cell != types.CellType()]
        defaults = [*(original.__defaults__ or ()), *(original.__kwdefaults__ or {}).values()]
        if not any(isinstance(value, _WITH_STATE) for value in [*contents, *defaults]):
            return original
        new = types.FunctionType(
            original.__code__,
            original.__globals__,
            original.__name__,
            self.copy(original.__defaults__),
            tuple(
                cell if cell == types.CellType() else types.CellType(self.copy(cell.cell_contents))
                for cell in cells
            ),
        )
        new.__kwdefaults__ = self.copy(original.__kwdefaults__)
        return new

    def _new_value(self, original):
        if isinstance(original, tuple) and hasattr(original, "_fields"):
            return type(original)(*map(self.copy, original))
        # Keras's own containers become plain ones, which the new layer tracks.
        for kind in (list, tuple, set):
            if isinstance(original, kind):
                return kind(map(self.copy, original))
        if isinstance(original, dict):
            return {key: self.copy(value) for key, value in original.items()}
        if not hasattr(original, "__dict__") or isinstance(original, type):
            return original
        try:
            return copy.deepcopy(original, self._copies)
        except Exception:
            # Modules, locks and the like are shared.
            return original


def _check_call(network):
    """Raises unless a network computes what its layers compute, one after the other."""
    owner = next(cls for cls in type(network).__mro__ if "call" in vars(cls))
    if not owner.__module__.startswith("keras."):
        raise ValueError(
            "A functional or Sequential network must not have its own `call`: put what it does "
            f"into a layer. Received: {network.name!r} of the class `{type(network).__name__}`"
        )


def _new_input(tensor):
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
