"""Whether the layers of a network can be restored from a file, before the file is written."""

import contextlib
import random
import warnings

import keras


def check_restorable(player, network):
    """Raises unless each layer of a network can be restored from its config.

    Args:
        player: Name of the network, for the message.
        network: A functional or Sequential `keras.Model`.

    Raises:
        ValueError: If the class of a layer or one of its functions is not registered, if it has a
            function without a name, or if it cannot be described by a config.
    """
    for layer in network._flatten_layers():
        # A network consists of layers that are checked themselves.
        if not isinstance(layer, keras.Model):
            _check_layer(player, layer)


def _check_layer(player, layer):
    try:
        with _same_random_state(), warnings.catch_warnings(action="ignore"):
            keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    except Exception as error:
        raise ValueError(
            "Each layer must be one that Keras can load again. Register your classes and functions "
            'with `@keras.saving.register_keras_serializable(package="mypackage")`, write '
            "`get_config` for what `__init__` takes, and use functions with a name instead of "
            "lambdas. `save_weights` and checkpoints store any layer. Received: the layer "
            f"{layer.name!r} of the class `{type(layer).__name__}` in the {player}, with "
            f"{type(error).__name__}"
        ) from error


@contextlib.contextmanager
def _same_random_state():
    """Undoes that Keras draws a seed for each layer with random numbers."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
