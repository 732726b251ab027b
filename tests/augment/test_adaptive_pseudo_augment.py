import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.augment import AdaptiveAugment, AdaptivePseudoAugment
from ganzoo.random import Draws
from support.gans import linear, tiny

RATE = 0.1


def linear_gan(packing=1, conditional=False, **settings):
    size = packing * linear.DIMENSIONS
    discriminator = linear.discriminator(conditional)
    if packing > 1:
        packs = keras.Input((size,))
        discriminator = keras.Model(packs, keras.layers.Dense(1)(packs))
    gan = ganzoo.GAN(
        linear.generator(conditional),
        discriminator,
        packing=packing,
        num_classes=linear.NUM_CLASSES if conditional else None,
    )
    gan.compile(
        g_optimizer=keras.optimizers.SGD(0.0),
        d_optimizer=keras.optimizers.SGD(RATE),
        run_eagerly=True,
        **settings,
    )
    return gan


def fakes(gan, draws, labels, count):
    latents = np.float64(draws.normal("latents", count, (linear.LATENT_DIM,)))
    inputs = [latents, labels] if gan.num_classes else latents
    return np.float64(gan.generator(inputs))


@pytest.mark.parametrize(("packing", "conditional"), [(1, False), (1, True), (2, False)])
def test_the_discriminator_takes_a_share_of_fakes_for_real(packing, conditional):
    part = AdaptivePseudoAugment(initial=0.4)
    gan = linear_gan(packing, conditional, loss="wasserstein", augment=part)
    batch, rows = 48, 48 // packing
    real, labels = linear.vectors(batch), linear.labels(batch) if conditional else None
    before = [np.float64(w) for w in gan.discriminator.trainable_variables]

    draws = Draws(0, 0).scope("discriminator_0")
    fake = fakes(gan, draws, labels, batch).reshape(rows, -1)
    pseudo = fakes(gan, draws.scope("replace_real"), labels, batch).reshape(rows, -1)
    numbers = draws.scope("replace_real").uniform("adaptive_pseudo_augment", rows, (1,))
    replaced = np.float64(numbers) < 0.4
    assert 3 < replaced.sum() < rows - 3
    taken_for_real = np.where(replaced, pseudo, real.reshape(rows, -1))

    gan.train_on_batch(real, labels)
    after = [np.float64(w) for w in gan.discriminator.trainable_variables]
    # The gradient of the Wasserstein loss by the kernel is the difference of means.
    step = taken_for_real.mean(axis=0) - fake.mean(axis=0)
    np.testing.assert_allclose((after[0] - before[0])[:, 0], RATE * step, rtol=1e-4, atol=1e-6)
    if conditional:  # The rows of the classes see fakes of their class.
        for label in range(linear.NUM_CLASSES):
            chosen = labels == label
            step = (taken_for_real - fake)[chosen].sum(axis=0) / batch
            np.testing.assert_allclose(
                (after[2] - before[2])[label], RATE * step, rtol=1e-4, atol=1e-6
            )


def test_nothing_but_the_real_batch_changes():
    images = tiny.images(8)
    states = {}
    for name, augment in {
        "without": None,
        "never": AdaptivePseudoAugment(images_to_one=1e9),
        "always": AdaptivePseudoAugment(initial=1.0),
    }.items():
        gan = tiny.gan(augment=augment, run_eagerly=True, ema_decay=None)
        gan.train_on_batch(images)
        variables = [*gan.generator.variables, *gan.discriminator.variables]
        states[name] = [(v.name, np.array(v)) for v in variables]
    for (name, value), (_, never), (_, always) in zip(*states.values(), strict=True):
        np.testing.assert_array_equal(value, never)
        if name.startswith("moving"):
            np.testing.assert_array_equal(value, always)
        elif name == "kernel":
            assert np.any(value != always)


def test_p_follows_the_logits_of_what_is_shown_as_real_and_is_kept(tmp_path):
    augment = [
        AdaptivePseudoAugment(target=-0.5, interval=1, images_to_one=16),
        AdaptiveAugment("flip", target=0.9999, interval=1, images_to_one=80, initial=0.5),
    ]
    gan = tiny.gan(augment=augment)
    gan.discriminator.trainable_variables[-1].assign([0.0])
    history = gan.fit(tiny.images(16), batch_size=8, epochs=1, verbose=0).history
    assert set(history) >= {"pseudo_probability", "augment_probability"}
    saved = gan._augment_state()
    probabilities = gan.augment.probabilities(saved)
    assert float(probabilities["pseudo_probability"]) in (0.5, 1.0)
    np.testing.assert_allclose(float(probabilities["augment_probability"]), 0.3, atol=1e-6)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.augment.get_config() == gan.augment.get_config()
    for name, value in loaded.augment.probabilities(loaded._augment_state()).items():
        assert float(value) == float(probabilities[name])


def test_labeled_examples_of_a_semi_supervised_gan_stay():
    seen = []

    class Recording(ganzoo.SemiSupervisedGAN):
        def discriminate(self, examples, *arguments):
            seen.append(np.array(examples))
            return super().discriminate(examples, *arguments)

    vectors = keras.Input((linear.DIMENSIONS,))
    classifier = keras.Model(vectors, keras.layers.Dense(3)(vectors))
    gan = Recording(linear.generator(), classifier, latent="normal")
    gan.compile(generator_loss=None, augment=AdaptivePseudoAugment(initial=1.0), run_eagerly=True)
    real = linear.vectors(4)
    data = {name: real + i for i, name in enumerate(("labeled", "unlabeled", "matching"))}
    expected = fakes(gan, Draws(0, 0).scope("discriminator").scope("replace_real"), None, 4)
    gan.train_step((data, np.zeros(4, "int32")))
    np.testing.assert_array_equal(seen[0], real)
    np.testing.assert_allclose(seen[1], expected, rtol=1e-5)
