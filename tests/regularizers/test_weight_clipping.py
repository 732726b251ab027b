import keras
import numpy as np
import pytest
import tensorflow as tf
from discriminators import tanh_network

from ganzoo.regularizers import WeightClipping


def test_every_weight_goes_to_its_nearest_value_within_the_limit():
    network = tanh_network(dimension=7)
    before = network.get_weights()
    WeightClipping(limit=0.5).constrain(network.trainable_variables)
    assert any(np.any(np.abs(weight) > 0.5) for weight in before)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(new, np.clip(old, -0.5, 0.5))


def test_weights_within_the_limit_do_not_move():
    variable = keras.Variable([-0.01, 0.0, 0.003])
    WeightClipping(limit=0.01).constrain([variable])
    np.testing.assert_array_equal(variable.numpy(), np.array([-0.01, 0.0, 0.003], "float32"))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_clips_in_a_graph(jit_compile):
    variable = keras.Variable(np.array([-3.0, 0.005, 2.0]), dtype="float64")
    clip = tf.function(
        lambda: WeightClipping().constrain([variable]), jit_compile=jit_compile, autograph=False
    )
    clip()
    np.testing.assert_array_equal(variable.numpy(), [-0.01, 0.005, 0.01])


def test_the_default_limit_is_the_papers():
    assert WeightClipping().get_config() == {"limit": 0.01}


@pytest.mark.parametrize("limit", [0, -0.01, float("inf"), "0.01", None])
def test_a_bad_limit_is_refused(limit):
    with pytest.raises(ValueError, match="Received: limit="):
        WeightClipping(limit=limit)
