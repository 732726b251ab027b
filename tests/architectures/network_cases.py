"""What the networks make of fixed latents, images, labels and weights, on any backend."""

import keras
import numpy as np

from ganzoo import architectures
from ganzoo.layers import WeightNormalization, initialize_from_data


def outputs():
    """Returns the outputs of conditional networks with every kind of layer, by name."""
    results = {}
    for name in ("dcgan", "sngan", "resnet"):
        networks = architectures.build(
            name, (14, 14, 1), latent_dim=4, width=2, num_classes=3, normalization="spectral"
        )
        for network in networks:
            rng = np.random.default_rng(0)
            _fill(network, rng)
            values = rng.standard_normal((2, *network.inputs[0].shape[1:])).astype("float32")
            labels = np.array([2, 0], "int32")
            results[f"{name} {network.name}"] = network.predict_on_batch([values, labels])
    results["initialised from data"] = _initialized_from_data()
    return results


def _initialized_from_data():
    inputs = keras.Input((4,))
    layer = WeightNormalization(keras.layers.Dense(3), data_dependent=True)
    network = keras.Model(inputs, layer(inputs))
    rng = np.random.default_rng(0)
    _fill(network, rng)
    values = rng.standard_normal((20, 4)).astype("float32")
    initialize_from_data(network, values)
    return network.predict_on_batch(values)


def _fill(network, rng):
    for variable in network.trainable_variables:
        variable.assign(rng.uniform(-0.5, 0.5, variable.shape))
    for variable in network.non_trainable_variables:
        variable.assign(rng.uniform(0.5, 1.0, variable.shape))
