"""Our normalizations and TF-GAN's normalizations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo import layers
from support import tfgan

spectral = tfgan.module("features.spectral_normalization")
virtual = tfgan.module("features.virtual_batchnorm")

v1 = tf.compat.v1


def random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def unit(vector):
    return vector / np.linalg.norm(vector)


def tfgan_sigma(kernel, u, rounds):
    """TF-GAN's spectral norm and its gradient by the kernel, from its start vector `u`."""
    with tf.Graph().as_default(), v1.Session() as session:
        tensor = tf.constant(kernel)
        sigma = spectral.compute_spectral_norm(tensor, power_iteration_rounds=rounds)
        (variable,) = v1.global_variables()
        session.run(variable.assign(u[:, None]))
        return session.run([sigma, tf.gradients(sigma, tensor)[0]])


KERNELS = {
    "dense": (lambda: keras.layers.Dense(4), (2, 6)),
    "convolution": (lambda: keras.layers.Conv2D(4, 3), (2, 5, 5, 3)),
}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("rounds", [1, 3])
def test_spectral_norms_and_their_gradients_agree_from_the_same_start(name, rounds):
    make, input_shape = KERNELS[name]
    layer = layers.SpectralNormalization(make())
    layer.build(input_shape)
    kernel = layer.kernel.numpy()
    matrix = kernel.reshape(-1, kernel.shape[-1])
    start = random(1, len(matrix))
    expected, expected_gradient = tfgan_sigma(kernel, start, rounds)

    # TF-GAN stores the vector of the inputs and ganzoo the vector of the outputs, which is half a
    # round later. Each training call is one more round.
    layer.u.assign(unit(start @ matrix))
    for _ in range(rounds - 1):
        layer(np.zeros(input_shape, "float32"), training=True)
    with tf.GradientTape() as tape:
        sigma = layer.sigma()
    np.testing.assert_allclose(sigma, expected, rtol=1e-5)
    gradient = tape.gradient(sigma, layer.kernel.value)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-6)


def test_tfgan_confuses_input_and_output_channels_of_transposed_convolutions():
    """The paper's matrix has a row for each output, whose axis in this kernel is the last but one.

    TF-GAN takes the last axis of every kernel, which gives another matrix and another norm.
    """
    layer = layers.SpectralNormalization(
        keras.layers.Conv2DTranspose(4, 3, strides=2), power_iterations=100
    )
    layer.build((None, 5, 5, 6))
    kernel = layer.kernel.numpy()
    by_outputs = np.linalg.norm(np.moveaxis(kernel, 2, -1).reshape(-1, 4), 2)
    by_inputs = np.linalg.norm(kernel.reshape(-1, 6), 2)
    theirs, _ = tfgan_sigma(kernel, random(1, 3 * 3 * 4), rounds=100)
    layer(np.zeros((1, 5, 5, 6), "float32"), training=True)
    np.testing.assert_allclose(theirs, by_inputs, rtol=1e-4)
    np.testing.assert_allclose(layer.sigma(), by_outputs, rtol=1e-4)
    assert abs(by_inputs / by_outputs - 1) > 0.01


@pytest.mark.parametrize("shape", [(7,), (3, 4, 5)], ids=["vectors", "images"])
def test_virtual_batch_normalization_agrees(shape):
    reference, live = 1 + 2 * random(0, 6, *shape), 3 * random(1, 4, *shape) - 1
    gamma, beta = random(2, shape[-1]), random(3, shape[-1])
    cotangent = random(4, 10, *shape)

    with tf.Graph().as_default(), v1.Session() as session:
        inputs = [tf.constant(reference), tf.constant(live)]
        normalization = virtual.VBN(
            inputs[0],
            epsilon=1e-3,
            gamma_initializer=v1.constant_initializer(gamma),
            beta_initializer=v1.constant_initializer(beta),
        )
        outputs = [normalization.reference_batch_normalization(), normalization(inputs[1])]
        outputs = tf.concat(outputs, axis=0)
        gradients = tf.gradients(tf.reduce_sum(cotangent * outputs), inputs)
        session.run(v1.global_variables_initializer())
        expected, *expected_gradients = session.run([outputs, *gradients])

    layer = layers.VirtualBatchNormalization(reference_size=6, epsilon=1e-3)
    layer.build((None, *shape))
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    inputs = tf.concat([reference, live], axis=0)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    gradient = tape.gradient(outputs, inputs, output_gradients=tf.constant(cotangent))
    expected_gradient = np.concatenate(expected_gradients)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-4)


def test_the_classifiers_metrics_can_be_loaded():
    metrics = tfgan.module("eval.classifier_metrics")
    features = random(0, 200, 3)
    distance = metrics.frechet_classifier_distance_from_activations(features, features + 2.0)
    np.testing.assert_allclose(distance, 12.0, rtol=1e-4)
