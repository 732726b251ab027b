"""The discriminator as penalties see it: exact gradients, bound labels, no trace in its state."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from ganzoo.training import Discriminator
from ganzoo.training.discriminator import differentiable_pass
from support.discriminators import stateless
from support.gans import linear, tiny
from support.processes import run_python


@keras.saving.register_keras_serializable(package="tests")
class SquaredNorm(layers.Layer):
    """`|x|^2` of each row."""

    def call(self, inputs):
        return ops.sum(ops.square(inputs), axis=1, keepdims=True)


@keras.saving.register_keras_serializable(package="tests")
class Ignorant(layers.Layer):
    """Logits that do not depend on the inputs."""

    def build(self, input_shape):
        self.logit = self.add_weight(name="logit", shape=(1, 1))

    def call(self, inputs):
        return ops.tile(self.logit, (ops.shape(inputs)[0], 1))


def quadratic():
    """Builds `D(x) = |x W|^2`."""
    vectors = keras.Input((linear.DIMENSIONS,))
    return keras.Model(vectors, SquaredNorm()(layers.Dense(5, use_bias=False)(vectors)))


def test_the_gradient_of_a_linear_discriminator_is_its_kernel():
    discriminator = linear.discriminator()
    x = ops.convert_to_tensor(linear.vectors(4))
    kernel = discriminator.layers[-1].kernel.numpy()
    np.testing.assert_allclose(stateless(discriminator).gradient(x), np.tile(kernel.T, (4, 1)))


def test_the_gradient_of_a_quadratic_discriminator_is_twice_the_form():
    discriminator = quadratic()
    W = discriminator.layers[1].kernel.numpy().astype("float64")
    x = linear.vectors(4)
    gradient = stateless(discriminator).gradient(ops.convert_to_tensor(x))
    np.testing.assert_allclose(gradient, 2 * x @ W @ W.T, rtol=1e-5)


def test_each_row_of_the_gradient_is_that_of_its_own_image():
    _, discriminator = tiny.networks("sngan")
    images = ops.convert_to_tensor(tiny.images(3) / np.float32(127.5) - 1)
    scores = stateless(discriminator)
    together = scores.gradient(images)
    assert together.shape == images.shape
    for row in range(3):
        alone = scores.gradient(images[row : row + 1])
        np.testing.assert_allclose(together[row : row + 1], alone, atol=1e-6)


def test_the_labels_are_bound():
    discriminator = linear.discriminator(conditional=True)
    head = discriminator.layers[-1]
    a, b, v = (weight.numpy() for weight in (head.a, head.b, head.v))
    x, labels = linear.vectors(6), linear.labels(6)
    scores = stateless(discriminator, ops.convert_to_tensor(labels))
    slopes = a[:, 0] + v[labels]
    logits = np.sum(slopes * x, axis=1, keepdims=True) + b
    np.testing.assert_allclose(scores(ops.convert_to_tensor(x)), logits, rtol=1e-5)
    np.testing.assert_allclose(scores.gradient(ops.convert_to_tensor(x)), slopes, rtol=1e-6)


@pytest.mark.parametrize("architecture", ["dcgan", "sngan"])
def test_calls_leave_no_trace_in_the_state(architecture):
    _, discriminator = tiny.networks(architecture)
    images = ops.convert_to_tensor(tiny.images(4) / np.float32(127.5) - 1)
    before = [variable.numpy() for variable in discriminator.variables]
    scores = stateless(discriminator)
    logits = scores(images)
    scores.gradient(images)
    for variable, old in zip(discriminator.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), old)
    # A call in training gives the same logits, and does move the state.
    np.testing.assert_allclose(logits, discriminator(images, training=True), atol=1e-6)
    moved = [
        not np.array_equal(variable.numpy(), old)
        for variable, old in zip(discriminator.variables, before, strict=True)
    ]
    assert any(moved)


def test_a_discriminator_that_ignores_its_images_is_an_error():
    vectors = keras.Input((linear.DIMENSIONS,))
    discriminator = keras.Model(vectors, Ignorant()(vectors), name="ignorant")
    with pytest.raises(ValueError, match="Received: a discriminator whose gradient"):
        stateless(discriminator).gradient(ops.convert_to_tensor(linear.vectors(4)))


def test_half_precision_logits_come_in_float32():
    vectors = keras.Input((linear.DIMENSIONS,))
    logits = layers.Dense(1, dtype="mixed_bfloat16")(vectors)
    scores = stateless(keras.Model(vectors, logits))
    images = ops.convert_to_tensor(linear.vectors(4))
    assert keras.backend.standardize_dtype(scores(images).dtype) == "float32"
    assert keras.backend.standardize_dtype(scores.gradient(images).dtype) == "float32"


@pytest.mark.parametrize("architecture", ["dcgan", "sngan"])
def test_the_gradient_of_a_pass_needs_no_second_pass(architecture):
    _, network = tiny.networks(architecture)
    discriminator, passes = Discriminator(network), []

    def outputs_of(examples):
        passes.append(examples)
        return discriminator(examples)

    images = ops.convert_to_tensor(tiny.images(4) / np.float32(127.5) - 1)
    expected = stateless(network).gradient(images)
    outputs = differentiable_pass(outputs_of, images, network.variables)
    np.testing.assert_allclose(outputs.input_gradient(), expected, atol=1e-6)
    np.testing.assert_allclose(outputs.input_gradient(), expected, atol=1e-6)
    assert len(passes) == 1 and outputs.examples is images


def test_the_outputs_are_named_by_their_shapes():
    vectors = keras.Input((linear.DIMENSIONS,))
    two = keras.Model(vectors, [layers.Dense(1)(vectors), layers.Dense(3)(vectors)])
    outputs = Discriminator(two)(linear.vectors(4))
    assert outputs.logits.shape == (4, 1) and outputs.class_logits.shape == (4, 3)
    classifier = keras.Model(vectors, layers.Dense(3)(vectors))
    outputs = Discriminator(classifier)(linear.vectors(4))
    class_logits = np.asarray(classifier(linear.vectors(4)), "float64")
    np.testing.assert_allclose(
        outputs.logits[:, 0], np.log(np.sum(np.exp(class_logits), axis=1)), rtol=1e-5
    )
    np.testing.assert_allclose(outputs.class_logits, class_logits, rtol=1e-6)


ON_JAX = """
import numpy as np
import keras
from keras import layers, ops
import ganzoo
from support.gans import linear
from support.discriminators import stateless

discriminator = linear.discriminator()
kernel = discriminator.layers[-1].kernel.numpy()
gradient = stateless(discriminator).gradient(ops.ones((3, linear.DIMENSIONS)))
np.testing.assert_allclose(gradient, np.tile(kernel.T, (3, 1)))

discriminator = keras.Sequential([
    keras.Input((linear.DIMENSIONS,)),
    ganzoo.layers.SpectralNormalization(layers.Dense(4)),
    layers.BatchNormalization(),
    layers.Dense(1),
])
before = [variable.numpy() for variable in discriminator.variables]
scores, vectors = stateless(discriminator), ops.convert_to_tensor(linear.vectors(4))
logits = scores(vectors)
scores.gradient(vectors)
for variable, old in zip(discriminator.variables, before, strict=True):
    np.testing.assert_array_equal(variable.numpy(), old)
np.testing.assert_allclose(logits, discriminator(vectors, training=True), atol=1e-6)
"""


def test_jax_finds_the_same_gradients_and_leaves_no_trace():
    run_python(ON_JAX, backend="jax", without_tensorflow=True)
