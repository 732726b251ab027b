"""What the networks of a config need, found without any memory for it."""

import copy
import math
import threading

import keras

from ganzoo import backend
from ganzoo.players import PLAYERS
from ganzoo.presets.errors import PresetError

# Numbers of an example in one layer.
MAX_ELEMENTS = 2**26
# Numbers that the layers hold and that are no weights, which the size of no file limits.
MAX_CONSTANTS = 2**22


def expected_weights(config) -> dict[str, list]:
    """Returns the weights that the networks of a checked config have, without creating any.

    Args:
        config: The config of a GAN.

    Returns:
        Dictionary from `"generator"` and `"discriminator"` to lists of `(name, shape, dtype)`.

    Raises:
        PresetError: If Keras cannot build a network, or if an example or the constants of the
            layers need too much memory.
    """
    found, failures = {}, []

    def build():
        for player in PLAYERS:
            # Keras changes the config that it is given.
            network = keras.saving.deserialize_keras_object(copy.deepcopy(config[player]))
            layers = _all_layers(network)
            _check_activations(layers)
            _check_constants(layers)
            found[player] = [_description(weight) for weight in network.weights]

    def build_in_scope():
        try:
            # Variables that are created in such a scope have a shape but no value.
            with keras.StatelessScope(initialize_variables=False):
                # Other operations, such as the ones in initializers, have no value either.
                backend.without_arrays(build)
        except Exception as error:  # Layers may raise any error.
            failures.append(error)

    # Keras keeps such variables in the state of the thread, and gives them values when the next
    # scope of the thread ends. This thread ends before that.
    thread = threading.Thread(target=build_in_scope)
    thread.start()
    thread.join()
    for error in failures:
        raise PresetError(
            f"The networks of the config cannot be built. Received: {type(error).__name__}: "
            f"{error!s:.500}"
        ) from error
    return found


def _description(weight):
    return weight.name, tuple(weight.shape), keras.backend.standardize_dtype(weight.dtype)


def _all_layers(network):
    """Returns a network and all layers in it, and the layers of networks and wrappers in it."""
    return list(network._flatten_layers())


def _check_activations(layers):
    for layer in layers:
        # A layer has one node for each of its calls.
        for tensor in keras.tree.flatten([node.output_tensors for node in layer._inbound_nodes]):
            sides = tensor.shape[1:]
            if None in sides or math.prod(sides) > MAX_ELEMENTS:
                raise PresetError(
                    f"An example must have at most {MAX_ELEMENTS} numbers in each layer, and sides "
                    f"that are known. Received: {layer.name} of shape {tensor.shape}"
                )


def _check_constants(layers):
    """Raises if the arrays that layers keep besides their weights are large."""
    held = [value for layer in layers for value in vars(layer).values()]
    constants = {
        id(value): value
        for value in held
        if keras.ops.is_tensor(value) and not isinstance(value, keras.Variable)
    }
    total = sum(math.prod(value.shape) for value in constants.values())
    if total > MAX_CONSTANTS:
        raise PresetError(
            f"The layers of a network must keep at most {MAX_CONSTANTS} numbers that are no "
            f"weights. Received: {total}"
        )
