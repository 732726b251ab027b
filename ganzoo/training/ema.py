"""The network that holds the moving average of another network's weights."""

from ganzoo.training.network_copy import copy_network


def clone(network):
    """Returns a second network with the same weights and no trainable variables.

    The copy is named `NAME_average`, and the paths of its variables begin with `ema/`, so that both
    differ from the original's. It keeps 16-bit weights in float32: a step of a slow average is
    smaller than the distance between two 16-bit numbers.
    """
    average = copy_network(network, f"{network.name}_average", "ema")
    average.trainable = False
    return average
