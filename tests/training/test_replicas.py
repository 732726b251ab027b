"""Two replicas train as one: other noise on each, losses in proportion, equal weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import ganzoo
from ganzoo.backend import replica_context
from ganzoo.random import Draws
from support.gans import dense, tiny

SLOW = pytest.mark.slow
MEANS_OVER_EXAMPLES = {
    "hinge, three discriminator steps": {"loss": "hinge", "discriminator_steps": 3},
    "conditional wasserstein, penalties": {
        "loss": "wasserstein",
        "num_classes": tiny.NUM_CLASSES,
        "regularizers": [
            ganzoo.regularizers.GradientPenalty(),
            ganzoo.regularizers.R1(0.1, every=2),
        ],
    },
    "relativistic pairing": {"loss": "relativistic_pairing"},
}


def conditional_networks(num_classes):
    """Conditional networks without batch normalization."""
    latents, labels = keras.Input((tiny.LATENT_DIM,)), keras.Input((), dtype="int32")
    joined = layers.Concatenate()([latents, layers.Embedding(num_classes, 4)(labels)])
    generator = keras.Model([latents, labels], layers.Dense(6)(joined))
    examples = keras.Input((6,))
    features = layers.Dense(8, activation="relu")(examples)
    logits = ganzoo.layers.ProjectionHead(num_classes)([features, labels])
    discriminator = keras.Model([examples, labels], logits)
    tiny.fill(generator, 1)
    tiny.fill(discriminator, 2)
    return generator, discriminator


def mlp_gan(num_classes=None, **arguments):
    """A GAN without layers that couple the examples of a batch."""
    if num_classes is None:
        networks = tiny.networks("mlp", image_shape=(6,), width=8)
    else:
        networks = conditional_networks(num_classes)
    model = ganzoo.GAN(*networks, num_classes=num_classes)
    model.compile(g_optimizer="sgd", d_optimizer="sgd", **arguments)
    return model


def vectors(n):
    return np.random.default_rng(0).standard_normal((n, 6)).astype("float32")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if "penalties" in name else SLOW) for name in MEANS_OVER_EXAMPLES],
)
def test_two_halves_equal_one_whole(name, two_replicas):
    arguments = MEANS_OVER_EXAMPLES[name]
    whole = mlp_gan(run_eagerly=True, **arguments)
    with two_replicas.scope():
        halves = mlp_gan(**arguments)
    # The last 5 are a ragged end, which never reaches a replica.
    size = 16 * whole.discriminator_steps * 3 + 5
    histories = [
        gan.fit(vectors(size), tiny.labels(size), batch_size=16, epochs=1, verbose=0).history
        for gan in (whole, halves)
    ]
    assert whole.step == halves.step == 3
    difference, where = tiny.largest_difference(tiny.state(whole), tiny.state(halves))
    assert difference < 1e-5, where
    for log, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][log], atol=1e-5, err_msg=log)


def test_replicas_draw_different_noise(two_replicas):
    @tf.function
    def draw():
        index, _ = replica_context()
        return Draws(0, 0, index).normal("latents", 4, (3,))

    first, second = two_replicas.experimental_local_results(two_replicas.run(draw))
    assert np.abs(first.numpy() - second.numpy()).min() > 1e-6


@pytest.mark.parametrize(
    "loss", ["relativistic_average", pytest.param("non_saturating", marks=pytest.mark.slow)]
)
def test_batch_coupled_objectives_stay_finite_and_replicas_identical(loss, two_replicas):
    with two_replicas.scope():
        gan = dense.build(loss=loss)
    gan.fit(dense.images(32), batch_size=8, epochs=1, verbose=0)
    for variable in gan.trainable_variables:
        copies = two_replicas.experimental_local_results(variable.value)
        first, second = (copy.numpy() for copy in copies)
        assert np.isfinite(first).all()
        np.testing.assert_array_equal(first, second)


@pytest.mark.slow
def test_replicas_train_several_steps_per_execution(two_replicas):
    states = []
    for steps in (1, 3):
        with two_replicas.scope():
            gan = mlp_gan(loss="hinge", num_classes=tiny.NUM_CLASSES, steps_per_execution=steps)
        history = gan.fit(vectors(37), tiny.labels(37), batch_size=8, epochs=2, verbose=0).history
        states.append((tiny.state(gan), history))
    assert gan.step == 8
    assert tiny.largest_difference(states[0][0], states[1][0])[0] < 1e-6
    for name, values in states[0][1].items():
        np.testing.assert_allclose(values, states[1][1][name], atol=1e-6)
    ready = tf.data.Dataset.from_tensors((vectors(8), tiny.labels(8)))
    with pytest.raises(ValueError, match=r"Received: steps_per_execution=3 with 2 replicas"):
        gan.fit(ready, verbose=0)


def test_compiling_with_xla_is_refused(two_replicas):
    with two_replicas.scope(), pytest.raises(ValueError, match=r"Received: jit_compile=True"):
        mlp_gan(jit_compile=True)


def test_a_batch_that_replicas_cannot_share_is_refused(two_replicas):
    with two_replicas.scope():
        gan = mlp_gan(loss="hinge")
    with pytest.raises(ValueError, match="Received: 15 examples in an update, with 2 replicas"):
        gan.fit(vectors(45), batch_size=15, verbose=0)
