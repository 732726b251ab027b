"""What every penalty owes to a network that is trained with it."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from discriminators import (
    LinearDiscriminator,
    NetworkDiscriminator,
    convolutional_network,
    example_batches,
    penalty_of,
    tanh_network,
)

from ganzoo.random import Draws
from ganzoo.regularizers import DRAGAN, R1, R2, GradientPenalty

PENALTIES = [GradientPenalty(), GradientPenalty(target=0.0), R1(gamma=2.0), R2(gamma=2.0)]
DRAWS = Draws(seed=0, step=0)

each_penalty = pytest.mark.parametrize(
    "penalty", PENALTIES, ids=["gradient_penalty", "zero_centered", "r1", "r2"]
)


def penalty_and_gradients(penalty, network, real, fake):
    """The penalty, and its gradients with respect to the network's weights."""
    with tf.GradientTape() as tape:
        value = penalty_of(penalty, NetworkDiscriminator(network), real, fake, DRAWS)
    return value, tape.gradient(value, [weight.value for weight in network.trainable_variables])


@functools.cache
def drawn(shape):
    """The numbers of the gradient penalty and of DRAGAN."""
    alpha = DRAWS.uniform("gradient_penalty", shape[0], (1,))
    return np.float64(alpha), np.float64(DRAWS.normal("dragan", shape[0], shape[1:]))


def penalty_in_numpy(penalty, weights, real, fake):
    """The papers' equations for `D(x) = w2 . tanh(x W1 + b1) + b2`, differentiated by hand."""
    w1, b1, w2, _ = weights
    alpha, noise = drawn(real.shape)
    at = {
        "r1": real,
        "r2": fake,
        "gradient_penalty": alpha * real + (1 - alpha) * fake,
        "dragan": real + 0.5 * noise,
    }[penalty.name]
    gradients = ((1 - np.tanh(at @ w1 + b1) ** 2) * w2[:, 0]) @ w1.T
    if penalty.name in ("r1", "r2"):
        return penalty.gamma / 2 * np.mean(np.sum(gradients**2, axis=1))
    norms = np.linalg.norm(gradients, axis=1)
    return penalty.weight * np.mean((norms - penalty.target) ** 2)


@pytest.mark.parametrize(
    "penalty",
    [*PENALTIES, DRAGAN(target=0.5, noise="normal", variance=0.25)],
    ids=lambda penalty: f"{penalty.name}_{getattr(penalty, 'target', '')}",
)
def test_value_and_weight_gradients_are_those_of_the_equation(penalty):
    network = tanh_network(dimension=3, units=4, dtype="float64")
    real, fake = example_batches((6, 3), "float64")
    value, gradients = penalty_and_gradients(penalty, network, real, fake)
    weights = [np.float64(weight) for weight in network.get_weights()]
    np.testing.assert_allclose(value, penalty_in_numpy(penalty, weights, real, fake), rtol=1e-9)

    step = 1e-5
    for index, gradient in enumerate(gradients[:-1]):
        for position in np.ndindex(weights[index].shape):
            values = []
            for sign in (1, -1):
                moved = [weight.copy() for weight in weights]
                moved[index][position] += sign * step
                values.append(penalty_in_numpy(penalty, moved, real, fake))
            expected = (values[0] - values[1]) / (2 * step)
            np.testing.assert_allclose(gradient[position], expected, rtol=1e-5, atol=1e-7)


@each_penalty
@pytest.mark.parametrize("shape", [(6, 5), (6, 8, 8, 3)], ids=["vectors", "images"])
def test_every_weight_but_the_last_bias_gets_a_gradient(penalty, shape):
    network = tanh_network(5) if len(shape) == 2 else convolutional_network(shape[1:])
    value, gradients = penalty_and_gradients(penalty, network, *example_batches(shape))
    assert value.shape == () and np.isfinite(value)
    for gradient in gradients[:-1]:
        assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)
    assert gradients[-1] is None  # A constant of the logits has no slope.


@each_penalty
@pytest.mark.parametrize("flat", ["hidden layer", "logits", "everything"])
def test_value_and_gradients_are_finite_where_the_discriminator_is_flat(penalty, flat):
    network = convolutional_network((8, 8, 1))
    hidden, logits = network.layers[0], network.layers[-1]
    for layer in {"hidden layer": [hidden], "logits": [logits]}.get(flat, [hidden, logits]):
        layer.kernel.assign(np.zeros(layer.kernel.shape))
    real, fake = example_batches((4, 8, 8, 1))
    value, gradients = penalty_and_gradients(penalty, network, real, fake)

    expected = penalty.weight * penalty.target**2 if penalty.name == "gradient_penalty" else 0.0
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-10)
    for gradient in gradients[:-1]:
        assert np.all(np.isfinite(gradient))


@each_penalty
@pytest.mark.parametrize("shape", [(6, 5), (6, 8, 8, 3)], ids=["vectors", "images"])
def test_graph_and_xla_agree_with_eager(penalty, shape):
    network = tanh_network(5) if len(shape) == 2 else convolutional_network(shape[1:])
    real, fake = (tf.constant(batch) for batch in example_batches(shape))

    def evaluate(real, fake):
        value, gradients = penalty_and_gradients(penalty, network, real, fake)
        return value, gradients[:-1]

    expected_value, expected_gradients = evaluate(real, fake)
    any_batch = [tf.TensorSpec((None, *shape[1:]))] * 2
    for compiled in (
        tf.function(evaluate, input_signature=any_batch, autograph=False),
        tf.function(evaluate, jit_compile=True, autograph=False),
    ):
        value, gradients = compiled(real, fake)
        np.testing.assert_allclose(value, expected_value, rtol=1e-5)
        for gradient, expected in zip(gradients, expected_gradients, strict=True):
            np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


@each_penalty
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_images_are_measured_in_float32(penalty, dtype):
    w = np.full((3,), 1000.0, "float32")  # Its square overflows float16.
    real, fake = (tf.cast(batch, dtype) for batch in example_batches((4, 3)))
    value = penalty_of(penalty, LinearDiscriminator(tf.cast(w, dtype)), real, fake, DRAWS)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    norm = np.linalg.norm(np.float64(tf.cast(tf.cast(w, dtype), "float64")))
    expected = (
        penalty.weight * (norm - penalty.target) ** 2
        if penalty.name == "gradient_penalty"
        else penalty.gamma / 2 * norm**2
    )
    np.testing.assert_allclose(value, expected, rtol=1e-6)


@each_penalty
def test_float64_stays(penalty):
    real, fake = example_batches((4, 3), "float64")
    value = penalty_of(penalty, LinearDiscriminator(np.ones(3)), real, fake, DRAWS)
    assert value.dtype == tf.float64
