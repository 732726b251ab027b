"""The network that holds the moving average of another network's weights."""

import keras


def clone(network):
    """Returns a second network with the same weights and no trainable variables.

    The copy is named `NAME_average`, and the paths of its variables begin with `ema/`, so that both
    differ from the original's.
    """
    with keras.name_scope("ema"):
        config = {**network.get_config(), "name": f"{network.name}_average"}
        average = network.__class__.from_config(config)
        if not average.built:
            average.build_from_config(network.get_build_config())
    average.trainable = False
    average.set_weights(network.get_weights())
    return average
