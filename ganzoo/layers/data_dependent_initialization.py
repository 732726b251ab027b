"""Initialization of a network's layers from a batch of data (Salimans and Kingma 2016)."""

from typing import Any

import keras


def has_data_dependent_layers(network: keras.Model) -> bool:
    """Returns whether any layer of a network asks to be initialized from data."""
    return any(map(_opts_in, network._flatten_layers()))


def add_initialized_flag(layer):
    """Adds the weight `initialized` to a layer: 0, and 1 after its initialization."""
    layer.initialized = layer.add_weight(
        name="initialized",
        shape=(),
        dtype="int32",
        initializer="zeros",
        trainable=False,
        autocast=False,
        aggregation="only_first_replica",
    )


def initialize_from_data(network: keras.Model, inputs: Any) -> None:
    """Initializes the layers of a network that ask for it, from the first to the last.

    These are the layers whose attribute `initializes_from_data` is true. This function calls the
    method `initialize(inputs, training=True)` of each. The inputs are the outputs of the layers
    before it, which are already initialized, in training mode: noise and dropout are on, and their
    seeds determine the noise. All other weights keep their values, except for state that a training
    call updates, such as moving statistics. A layer keeps its values if its weight `initialized` is
    1: it was initialized earlier, or its weights were loaded from a file.

    Args:
        network: A functional `keras.Model`.
        inputs: A batch of its inputs, as for a call. Several hundred examples are usual.

    Raises:
        ValueError: If the network is not functional, or if such a layer is shared or inside of
            another layer.

    Example:

    >>> from ganzoo.layers import WeightNormalization
    >>> layer = WeightNormalization(keras.layers.Dense(2), data_dependent=True)
    >>> images = keras.Input((3,))
    >>> network = keras.Model(images, layer(images))
    >>> data = keras.random.normal((100, 3), mean=5.0, seed=0)
    >>> initialize_from_data(network, data)
    >>> print(round(float(keras.ops.std(network(data)[:, 0])), 4))
    1.0

    Reference:
        [Weight Normalization](https://arxiv.org/abs/1602.07868), section 3.

    Deviations:
        The noise below a layer is drawn again for each layer. A single pass would draw it once.
    """
    if not has_data_dependent_layers(network):
        return
    if getattr(network, "inputs", None) is None:
        raise ValueError(
            "Only a functional `keras.Model` can be initialized from data. "
            f"Received: network={network!r} of type {type(network).__name__}"
        )
    # A functional model lists its layers in topological order.
    layers = [layer for layer in network.layers if _opts_in(layer)]
    for layer in filter(_opts_in, network._flatten_layers()):
        if len(layer._inbound_nodes) != 1 or not any(layer is other for other in layers):
            raise ValueError(
                "A layer that is initialized from data must be called once, and belong to the "
                f"network itself and not to another layer. Received: {layer.name!r} in "
                f"{network.name!r}"
            )
    for layer in layers:
        flag = getattr(layer, "initialized", None)
        if flag is not None and flag.numpy():
            continue
        below = keras.Model(network.inputs, layer.input)
        layer.initialize(below(keras.tree.flatten(inputs), training=True), training=True)
        if flag is not None:
            flag.assign(1)


def _opts_in(layer):
    return getattr(layer, "initializes_from_data", False)
