"""Generators with virtual batch normalization: trained, sampled from, saved."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from ganzoo.layers import VirtualBatchNormalization
from support.gans import linear, tiny
from support.processes import run_python

REFERENCE = 5


def virtual_gan(ema_decay=0.9, **settings):
    """A GAN of vectors whose generator has two virtual batch normalizations."""
    z = keras.Input((linear.LATENT_DIM,))
    x = z
    for units in (6, 4):
        x = layers.Dense(units)(x)
        x = VirtualBatchNormalization(REFERENCE, gamma_initializer="ones")(x)
        x = layers.Activation("tanh")(x)
    generator = keras.Model(z, layers.Dense(linear.DIMENSIONS)(x))
    vectors = keras.Input((linear.DIMENSIONS,))
    discriminator = keras.Model(vectors, layers.Dense(1)(vectors))
    tiny.fill(generator, 1)
    tiny.fill(discriminator, 2)
    gan = ganzoo.GAN(generator, discriminator, seed=3)
    gan.compile(
        g_optimizer=keras.optimizers.SGD(0.5),
        d_optimizer=keras.optimizers.SGD(0.5),
        ema_decay=ema_decay,
        **settings,
    )
    return gan


def reference_of(gan):
    draws = ganzoo.random.Draws(gan.seed, 0, scope="reference/")
    return ops.convert_to_numpy(draws.normal("latents", REFERENCE, (linear.LATENT_DIM,)))


def paper_generator(weights, reference, live):
    """The generator in float64 NumPy, the reference batch through the same weights."""
    weights = iter([weight.astype("float64") for weight in weights])
    r, x, w = reference.astype("float64"), live.astype("float64"), 1 / (REFERENCE + 1)
    for _ in range(2):
        kernel, bias, gamma, beta = (next(weights) for _ in range(4))
        r, x = r @ kernel + bias, x @ kernel + bias
        mean, square = r.mean(axis=0), (r**2).mean(axis=0)
        means, squares = w * x + (1 - w) * mean, w * x**2 + (1 - w) * square
        r = np.tanh(gamma * (r - mean) / np.sqrt(1e-5 + square - mean**2) + beta)
        x = np.tanh(gamma * (x - means) / np.sqrt(1e-5 + squares - means**2) + beta)
    kernel, bias = next(weights), next(weights)
    return x @ kernel + bias


def latents_of_samples(gan, n):
    low, high = ganzoo.random.split_seeds(np.arange(n, dtype="uint64"))
    return ops.convert_to_numpy(
        ganzoo.random.latents_from_seeds((low, high), gan.latent_dim, "normal")
    )


@pytest.fixture(scope="module")
def trained():
    """GANs after two steps, by the decay of the average."""
    gans = {decay: virtual_gan(decay) for decay in (0.9, None)}
    for gan in gans.values():
        gan.fit(linear.vectors(8), batch_size=4, epochs=1, verbose=0)
    return gans


@pytest.mark.parametrize("ema_decay", [0.9, None])
def test_samples_refer_to_the_reference_batch_through_the_weights_that_sample(ema_decay, trained):
    gan = trained[ema_decay]
    weights = [weight.numpy() for weight in gan.inference_generator.weights]
    weights = [
        w
        for w, v in zip(weights, gan.inference_generator.weights, strict=True)
        if "ref" not in v.name
    ]
    expected = paper_generator(weights, reference_of(gan), latents_of_samples(gan, 7))
    np.testing.assert_allclose(gan.sample(7), expected, rtol=1e-4, atol=1e-5)


def test_the_first_update_is_that_of_the_equation():
    """The critic's slope is constant: the fakes move along it, and d_fake is their mean logit."""
    gan = virtual_gan(loss="wasserstein")
    weights = [w.numpy() for w in gan.generator.trainable_weights]
    draws = ganzoo.random.Draws(3, 0).scope("discriminator_0")
    live = ops.convert_to_numpy(draws.normal("latents", 4, (linear.LATENT_DIM,)))
    fake = paper_generator(weights, reference_of(gan), live)
    kernel, bias = (w.numpy() for w in gan.discriminator.weights)
    history = gan.fit(linear.vectors(4), batch_size=4, epochs=1, verbose=0).history
    np.testing.assert_allclose(history["d_fake"][0], (fake @ kernel + bias).mean(), rtol=1e-4)


@pytest.mark.slow
def test_sampling_and_saving_in_between_do_not_change_a_training(tmp_path):
    straight, looked_at = virtual_gan(), virtual_gan()
    straight.fit(linear.vectors(12), batch_size=4, epochs=2, verbose=0)
    for epoch in (1, 2):
        looked_at.fit(
            linear.vectors(12), batch_size=4, initial_epoch=epoch - 1, epochs=epoch, verbose=0
        )
        looked_at.sample(3)
        looked_at.save(tmp_path / "gan.keras")
    for gan in (straight, looked_at):
        gan.sample(1)
    difference, name = tiny.largest_difference(tiny.state(straight), tiny.state(looked_at))
    assert difference == 0, name


def test_a_saved_generator_serves_single_examples_without_its_reference_batch(tmp_path, trained):
    gan = trained[0.9]
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    # Without `sample`, which would compute the statistics: they are in the file.
    latents = latents_of_samples(gan, 5)
    singly = np.concatenate([loaded.ema_generator(row[None]).numpy() for row in latents])
    np.testing.assert_allclose(singly, gan.sample(5), rtol=1e-5, atol=1e-6)


def test_the_reference_batch_of_a_conditional_generator_has_all_classes():
    z, labels = keras.Input((linear.LATENT_DIM,)), keras.Input((), dtype="int32")
    shifted = layers.Add()([layers.Dense(4)(z), layers.Embedding(linear.NUM_CLASSES, 4)(labels)])
    x = VirtualBatchNormalization(REFERENCE)(shifted)
    generator = keras.Model([z, labels], layers.Dense(linear.DIMENSIONS)(x))
    gan = ganzoo.GAN(
        generator, linear.discriminator(conditional=True), num_classes=linear.NUM_CLASSES
    )
    gan.compile(g_optimizer="sgd", d_optimizer="sgd")
    gan.fit(linear.vectors(8), linear.labels(8), batch_size=4, epochs=1, verbose=0)
    gan.sample(2)
    embedding = gan.ema_generator.layers[3]
    assert isinstance(embedding, layers.Embedding)
    reference = ganzoo.random.Draws(0, 0, scope="reference/").normal(
        "latents", REFERENCE, (linear.LATENT_DIM,)
    )
    dense = next(layer for layer in gan.ema_generator.layers if isinstance(layer, layers.Dense))
    classes = np.arange(REFERENCE) % linear.NUM_CLASSES
    x = ops.convert_to_numpy(dense(reference)) + embedding.embeddings.numpy()[classes]
    norm = next(
        layer for layer in gan.ema_generator.layers if isinstance(layer, VirtualBatchNormalization)
    )
    np.testing.assert_allclose(norm.reference_mean.numpy(), x.mean(axis=0), atol=1e-5)


ON_JAX = """
import numpy as np
from training.test_virtual_batch import virtual_gan
from support.gans import linear

gan = virtual_gan()
gan.fit(linear.vectors(12), batch_size=4, epochs=1, verbose=0)
np.save({path!r}, gan.sample(4))
"""


@pytest.mark.slow
def test_jax_trains_to_the_same_samples(tmp_path):
    path = str(tmp_path / "samples.npy")
    run_python(ON_JAX.format(path=path), backend="jax", without_tensorflow=True)
    gan = virtual_gan()
    gan.fit(linear.vectors(12), batch_size=4, epochs=1, verbose=0)
    np.testing.assert_allclose(np.load(path), gan.sample(4), rtol=1e-3, atol=1e-4)


def test_a_discriminator_cannot_have_virtual_batch_normalization():
    vectors = keras.Input((linear.DIMENSIONS,))
    logits = layers.Dense(1)(VirtualBatchNormalization(REFERENCE)(vectors))
    with pytest.raises(ValueError, match=r"for the generator.*Received: discriminator="):
        ganzoo.GAN(linear.generator(), keras.Model(vectors, logits))
