"""PacGAN: the discriminator sees several examples in a row."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from ganzoo.training.discriminator import pack, unpack
from support.gans import linear


def packed_gan(packing, discriminator=None, **compile_arguments):
    """A linear GAN whose discriminator is linear in a pack of vectors."""
    if discriminator is None:
        vectors = keras.Input((packing * linear.DIMENSIONS,))
        discriminator = keras.Model(vectors, layers.Dense(1)(vectors))
    gan = ganzoo.GAN(linear.generator(), discriminator, packing=packing)
    compile_arguments.setdefault("g_optimizer", keras.optimizers.SGD(0.1))
    compile_arguments.setdefault("d_optimizer", keras.optimizers.SGD(0.1))
    gan.compile(**compile_arguments)
    return gan


@pytest.mark.parametrize("shape", [(6, 2), (6, 4, 5, 3)])
def test_a_row_holds_consecutive_examples_along_its_channels(shape):
    examples = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    packs = ops.convert_to_numpy(pack(ops.convert_to_tensor(examples), 3))
    assert packs.shape == (2, *shape[1:-1], 3 * shape[-1])
    for row in range(2):
        expected = np.concatenate(examples[3 * row : 3 * row + 3], axis=-1)
        np.testing.assert_array_equal(packs[row], expected)
    np.testing.assert_array_equal(unpack(ops.convert_to_tensor(packs), 3), examples)


def test_the_discriminator_learns_from_rows_of_packed_examples():
    gan = packed_gan(2, loss="wasserstein", ema_decay=None)
    weight = gan.discriminator.layers[-1].kernel.numpy()[:, 0]
    real = linear.vectors(6)
    draws = ganzoo.random.Draws(0, 0).scope("discriminator_0")
    latents = ops.convert_to_numpy(draws.normal("latents", 6, (linear.LATENT_DIM,)))
    fake = gan.generator(latents).numpy()
    gan.fit(real, batch_size=6, epochs=1, verbose=0)
    order = gan_order(real)
    gradient = fake.reshape(3, 4).mean(axis=0) - real[order].reshape(3, 4).mean(axis=0)
    updated = gan.discriminator.layers[-1].kernel.numpy()[:, 0]
    np.testing.assert_allclose(updated, weight - 0.1 * gradient, rtol=1e-5, atol=1e-6)


def gan_order(real):
    """The order in which the first epoch shows the examples."""
    batch = ganzoo.data.Dataset(real).batches(len(real), seed=0).batch(0)[0]
    return [int(np.flatnonzero((real == row).all(axis=1))[0]) for row in batch]


def test_a_gradient_penalty_sees_whole_rows():
    """The slope of a linear critic of packs is the norm of its kernel over the whole row."""
    gan = packed_gan(2, regularizers=[ganzoo.regularizers.R1(gamma=2.0)], ema_decay=None)
    kernel = gan.discriminator.layers[-1].kernel.numpy()
    history = gan.fit(linear.vectors(6), batch_size=6, epochs=1, verbose=0)
    np.testing.assert_allclose(history.history["r1"][0], np.sum(kernel**2), rtol=1e-5)


def test_packing_is_kept_in_a_file(tmp_path):
    gan = packed_gan(2)
    gan.save(tmp_path / "gan.keras")
    assert keras.saving.load_model(tmp_path / "gan.keras").packing == 2


def test_a_batch_that_does_not_fill_the_rows_is_an_error():
    with pytest.raises(ValueError, match=r"Received: 6 examples with packing=4"):
        packed_gan(4).fit(linear.vectors(12), batch_size=6)


def test_a_discriminator_of_single_examples_is_an_error():
    with pytest.raises(ValueError, match=r"packing=2.*\(4,\).*Received:.*\(2,\)"):
        packed_gan(2, discriminator=linear.discriminator())


def test_classes_are_refused():
    with pytest.raises(ValueError, match=r"Received: packing=2 with num_classes=4"):
        ganzoo.GAN(
            linear.generator(conditional=True),
            keras.Model(
                [v := keras.Input((2 * linear.DIMENSIONS,)), keras.Input((), dtype="int32")],
                layers.Dense(1)(v),
            ),
            num_classes=linear.NUM_CLASSES,
            packing=2,
        )


def test_a_penalty_that_transforms_single_images_is_refused():
    with pytest.raises(ValueError, match=r"Received: 'consistency' with packing=2"):
        packed_gan(2, regularizers=["consistency"])
