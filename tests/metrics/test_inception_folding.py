"""Batch normalizations that are folded into convolutions give the same features."""

import keras
import numpy as np

from ganzoo.extractors import inception_network


def test_a_folded_network_gives_the_same_outputs():
    pixels = keras.Input((9, 9, 3))
    x = inception_network._convolution(pixels, "conv", 4, (3, 3), strides=2)
    x = inception_network._convolution(x, "mixed/tower/conv", 5, (1, 3))
    features = keras.layers.GlobalAveragePooling2D()(x)
    logits = keras.layers.Dense(2, use_bias=False)(features)
    network = keras.Model(pixels, {"features": features, "logits": logits})
    draws = np.random.default_rng(0)
    for variable in network.weights:
        # Variances are positive, and about as large as the epsilon.
        variable.assign(draws.uniform(0.001, 1.0, variable.shape))
        if variable.name in ("kernel", "beta", "moving_mean"):
            variable.assign(draws.normal(size=variable.shape))
    before = network.get_weights()
    folded = inception_network.folded(network)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    images = draws.uniform(-1, 1, (3, 9, 9, 3)).astype("float32")
    expected, found = network.predict_on_batch(images), folded.predict_on_batch(images)
    for name, values in expected.items():
        assert np.std(values) > 0.01
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
