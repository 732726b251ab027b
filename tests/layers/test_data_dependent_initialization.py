import keras
import numpy as np
import pytest
from keras import layers, ops

from ganzoo.layers import (
    WeightNormalization,
    has_data_dependent_layers,
    initialize_from_data,
)


def data(batch=64, dimensions=6):
    rng = np.random.default_rng(0)
    return ops.array((rng.standard_normal((batch, dimensions)) * 5 + 3).astype("float32"))


def dense(units, name, data_dependent=True, **arguments):
    layer = layers.Dense(units, **arguments)
    return WeightNormalization(layer, data_dependent=data_dependent, name=name)


def network():
    """Two paths that join, with layers that ask for data and one that does not."""
    inputs = keras.Input((6,))
    x = dense(5, "first", activation="relu")(inputs)
    left = dense(4, "left")(x)
    right = dense(4, "right", data_dependent=False)(x)
    return keras.Model(inputs, dense(3, "last")(layers.Add()([left, right])))


def statistics(model, name, inputs, training=False):
    """Mean and standard deviation of a layer's outputs."""
    outputs = keras.Model(model.inputs, model.get_layer(name).output)(inputs, training=training)
    outputs = ops.convert_to_numpy(outputs)
    return outputs.mean(axis=0), outputs.std(axis=0)


def test_each_layer_is_initialized_after_the_layers_below():
    model = network()
    kernels = {
        layer.name: layer.kernel.numpy() for layer in model.layers[1:] if "add" not in layer.name
    }
    untouched = [v.numpy() for v in model.get_layer("right").variables]
    initialize_from_data(model, data())
    for name in ("left", "last"):
        mean, deviation = statistics(model, name, data())
        np.testing.assert_allclose(mean, 0, atol=1e-5)
        np.testing.assert_allclose(deviation, 1, rtol=1e-4)
    for name, kernel in kernels.items():
        np.testing.assert_array_equal(model.get_layer(name).kernel, kernel)
    for variable, value in zip(model.get_layer("right").variables, untouched, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_noise_is_on():
    inputs = keras.Input((6,))
    noisy = layers.GaussianNoise(1.0, seed=1)(inputs)
    model = keras.Model(inputs, dense(5, "last")(noisy))
    quiet = data(2000) / 50
    initialize_from_data(model, quiet)
    _, with_noise = statistics(model, "last", quiet, training=True)
    _, without = statistics(model, "last", quiet)
    np.testing.assert_allclose(with_noise, 1, rtol=0.1)
    assert without.max() < 0.3


def test_same_seeds_give_the_same_values():
    def initialized():
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((6,)), layers.Dropout(0.5, seed=7), dense(5, "a"), dense(5, "b")]
        )
        initialize_from_data(model, data())
        return [w.numpy() for w in model.get_layer("b").weights]

    for first, second in zip(initialized(), initialized(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_any_layer_may_opt_in():
    class Recording(layers.Layer):
        initializes_from_data = True
        received = ()

        def call(self, inputs):
            return inputs

        def initialize(self, inputs, training):
            self.received = (*self.received, (inputs.shape, training))

    inputs = keras.Input((6,))
    layer = Recording()
    model = keras.Model(inputs, layer(inputs))
    assert has_data_dependent_layers(model)
    initialize_from_data(model, data())
    assert layer.received == (((64, 6), True),)


def test_nested_layers_that_opt_in_are_found():
    inputs = keras.Input((6,))
    plain = keras.Model(inputs, dense(2, "plain", data_dependent=False)(inputs))
    assert not has_data_dependent_layers(plain)
    initialize_from_data(plain, data())
    nested = keras.Sequential([keras.Input((6,)), keras.Sequential([dense(2, "inner")])])
    assert has_data_dependent_layers(nested)
    with pytest.raises(ValueError, match=r"belong to the network itself.*'inner'"):
        initialize_from_data(nested, data())


def test_shared_layers_are_refused():
    inputs, shared = keras.Input((6,)), dense(6, "shared")
    model = keras.Model(inputs, shared(shared(inputs)))
    with pytest.raises(ValueError, match=r"called once, .*Received: 'shared'"):
        initialize_from_data(model, data())


def test_networks_without_a_graph_are_refused():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = dense(2, "dense")

        def call(self, inputs):
            return self.dense(inputs)

    with pytest.raises(ValueError, match=r"of type Subclassed"):
        initialize_from_data(Subclassed(), data())
