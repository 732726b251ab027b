"""The state of parts (augmentations, penalties) when a GAN is compiled."""

import keras

from ganzoo.regularizers import GeneratorPenalty, Penalty, WeightPenalty


def new(gan, augment, regularizers):
    """Returns each part that may have state, with its new state or `None`, by player and name.

    Args:
        gan: The GAN.
        augment: Its augmentation, or `None`.
        regularizers: List of its regularizers.
    """
    parts = {}
    if augment is not None:
        parts[f"augment/{augment.name}"] = augment, augment.state()
    for part in regularizers:
        if isinstance(part, Penalty):
            parts[f"penalty/{part.name}"] = part, part.state()
        if isinstance(part, GeneratorPenalty):
            parts[f"generator/{part.name}"] = part, part.state()
        if isinstance(part, WeightPenalty):
            for player in part.players:
                state = part.state(getattr(gan, player).trainable_variables)
                parts[f"{player}/{part.name}"] = part, state
    return parts


def renewed(states, owners, parts):
    """Returns the states of the given parts, in their order.

    A part that was compiled before with the same settings keeps its state. Every other part starts
    with its new state, and the states of parts that are no longer used are dropped: files hold the
    states in their order, and a loaded GAN has only the parts of its last `compile`.

    Args:
        states: Dictionary of the present states, Keras layers, by the name of their part.
        owners: Dictionary of the parts by the same names.
        parts: Dictionary of pairs: each part and its new state, which may be `None`.
    """
    described = keras.saving.serialize_keras_object
    kept = {
        name: state
        for name, state in states.items()
        if name in parts and described(parts[name][0]) == described(owners[name])
    }
    return {name: kept.get(name, state) for name, (_, state) in parts.items() if state is not None}


def assign(state, values):
    """Assigns values to the variables of a state, in their order."""
    for variable, value in zip(state.variables, values, strict=True):
        variable.assign(value)
