"""Standing statistics against the statistics of the same batches in NumPy."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo


def build():
    keras.utils.set_random_seed(0)
    latents = keras.Input((3,))
    x = layers.BatchNormalization(name="norm")(layers.Dense(4, name="first")(latents))
    generator = keras.Model(latents, layers.Dense(2)(layers.ReLU()(x)))
    points = keras.Input((2,))
    return ganzoo.GAN(generator, keras.Model(points, layers.Dense(1)(points)))


def test_the_statistics_are_the_means_over_batches():
    gan = build()
    network = gan.ema_generator
    before = [v.trainable for v in network.layers], network.get_layer("norm").momentum

    gan.set_standing_statistics(batches=3, batch_size=9, seed=5)

    sizes = np.random.default_rng(5).integers(2, 10, 3)
    features = network.get_layer("first")(gan.latents_of(range(5, 5 + sizes.sum())))
    batches = np.split(np.asarray(features, "float64"), np.cumsum(sizes)[:-1])
    norm = network.get_layer("norm")
    for variable, function in ((norm.moving_mean, np.mean), (norm.moving_variance, np.var)):
        expected = np.mean([function(batch, axis=0) for batch in batches], axis=0)
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-4, atol=1e-6)
    assert before == ([v.trainable for v in network.layers], norm.momentum)
    # The network in training is another one.
    np.testing.assert_array_equal(gan.generator.get_layer("norm").moving_mean.numpy(), np.zeros(4))
    assert np.isfinite(gan.sample(3)).all()


def test_layers_with_classes_are_set_too():
    keras.utils.set_random_seed(0)
    networks = ganzoo.architectures.build("sngan", (8, 8, 1), latent_dim=3, width=2, num_classes=2)
    gan = ganzoo.GAN(*networks, num_classes=2)
    before = gan.sample(4)
    gan.set_standing_statistics(batches=2, batch_size=8)
    assert (gan.sample(4) != before).any()


def test_bad_input():
    gan = build()
    with pytest.raises(ValueError, match=r"at least 2.*Received: batch_size=1"):
        gan.set_standing_statistics(batch_size=1)
    with pytest.raises(ValueError, match=r"`batches`.*Received"):
        gan.set_standing_statistics(batches=0)
    networks = ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=2)
    with pytest.raises(ValueError, match=r"no batch normalization.*Received"):
        ganzoo.GAN(*networks).set_standing_statistics()


def test_seeds_start_again_after_the_largest_one():
    gan = build()
    gan.set_standing_statistics(batches=1, batch_size=2, seed=2**64 - 1)
    features = gan.ema_generator.get_layer("first")(gan.latents_of([2**64 - 1, 0]))
    mean = gan.ema_generator.get_layer("norm").moving_mean
    np.testing.assert_allclose(mean.numpy(), np.mean(features, axis=0), rtol=1e-4, atol=1e-6)


def test_an_interrupt_leaves_the_generator_as_it_was(monkeypatch):
    gan = build()
    norm = gan.ema_generator.get_layer("norm")
    latents_of, seen = gan.latents_of, []

    def interrupted(seeds):
        if seen:
            raise KeyboardInterrupt
        seen.append(seeds)
        return latents_of(seeds)

    monkeypatch.setattr(gan, "latents_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gan.set_standing_statistics(batches=2, batch_size=4)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), np.zeros(4))
    np.testing.assert_array_equal(norm.moving_variance.numpy(), np.ones(4))
    assert norm.momentum == 0.99
