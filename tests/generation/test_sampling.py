"""Samples: their range, their seeds, their labels, and what they do not depend on."""

import statistics

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.generation.sampling import in_batches
from ganzoo.random import latents_from_seeds, split_seeds
from support.gans import linear, tiny


@pytest.fixture(scope="module")
def gan():
    return tiny.gan("dcgan")


@pytest.fixture(scope="module")
def conditional_gan():
    return tiny.gan("dcgan", num_classes=tiny.NUM_CLASSES)


@pytest.fixture(scope="module")
def linear_gan():
    return linear.gan()


def gray_levels(first, second):
    return np.abs(first.astype(int) - second.astype(int)).max()


def test_samples_are_uint8_images(gan):
    images = gan.sample(5)
    assert images.dtype == np.uint8
    assert images.shape == (5, *tiny.IMAGE_SHAPE)
    assert isinstance(images, np.ndarray)


def test_the_range_of_the_generator_becomes_0_to_255():
    latents = keras.Input((1,))
    pixels = layers.Dense(6, kernel_initializer="zeros")(latents)
    generator = keras.Model(latents, layers.Reshape((1, 6, 1))(pixels))
    images = keras.Input((1, 6, 1))
    discriminator = keras.Model(images, layers.Dense(1)(layers.Flatten()(images)))
    gan = ganzoo.GAN(generator, discriminator)
    # Values outside of the range are clipped, not wrapped around.
    gan.ema_generator.layers[1].bias.assign([-1.5, -1.0, 0.0, 0.5, 1.0, 1.5])
    assert gan.sample(1).ravel().tolist() == [0, 0, 128, 191, 255, 255]


@pytest.mark.parametrize("fixture", ["gan", "conditional_gan"])
def test_a_row_follows_from_its_seed_alone(fixture, request):
    gan = request.getfixturevalue(fixture)
    images = gan.sample(6, seed=10)
    for i in range(6):
        assert gray_levels(images[i : i + 1], gan.sample(1, seed=10 + i)) <= 1
    assert gray_levels(images[2:], gan.sample(4, seed=12)) <= 1


@pytest.mark.parametrize("fixture", ["gan", "conditional_gan"])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 64])
def test_samples_do_not_depend_on_the_batch_size(fixture, batch_size, request):
    gan = request.getfixturevalue(fixture)
    images = gan.sample(7, seed=3, batch_size=batch_size)
    assert images.shape == (7, *tiny.IMAGE_SHAPE)
    assert gray_levels(images, gan.sample(7, seed=3)) <= 1


def test_each_row_may_have_a_seed_of_its_own(conditional_gan):
    seeds = [2**64 - 1, 17, 3, 17]
    images = conditional_gan.sample(4, seed=seeds)
    for row, seed in enumerate(seeds):
        assert gray_levels(images[row : row + 1], conditional_gan.sample(1, seed=seed)) <= 1
    for wrong in ([1, 2], [1, 2, 3, -1], [1, 2, 3, 4.0], [[1, 2, 3, 4]]):
        with pytest.raises(ValueError, match=r"`seeds?` must be .*Received: seeds?="):
            conditional_gan.sample(4, seed=wrong)


def test_the_same_seed_gives_the_same_samples_and_another_seed_others(gan):
    np.testing.assert_array_equal(gan.sample(4, seed=5), gan.sample(4, seed=5))
    images = gan.sample(8, seed=5)
    assert len({image.tobytes() for image in images}) == 8


def test_sampling_changes_no_state(gan):
    before = tiny.state(gan)
    gan.sample(3)
    assert tiny.largest_difference(tiny.state(gan), before)[0] == 0.0


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_vectors_are_the_generators_outputs_on_the_latents_of_the_seeds(latent):
    gan = linear.gan(latent=latent)
    kernel, bias = (weight.numpy().astype("float64") for weight in gan.generator.weights)
    latents = latents_from_seeds(split_seeds(np.arange(4, 9)), linear.LATENT_DIM, latent)
    vectors = gan.sample(5, seed=4)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, np.array(latents) @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_latents_have_their_distribution():
    for latent, largest, deviation in (("normal", 3.0, 1.0), ("uniform", 1.0, 1 / np.sqrt(3))):
        gan = linear.gan(latent=latent)
        gan.ema_generator.layers[-1].kernel.assign(np.eye(3)[:, :2])
        gan.ema_generator.layers[-1].bias.assign(np.zeros(2))
        latents = gan.sample(4000)
        np.testing.assert_allclose(latents.mean(), 0.0, atol=0.03)
        np.testing.assert_allclose(latents.std(), deviation, atol=0.03)
        assert (np.abs(latents).max() < 1) == (largest == 1.0)


def test_large_seeds_count_on_and_start_again_at_0(linear_gan):
    last = 2**64 - 1
    rows = linear_gan.sample(3, seed=last - 1)
    # Batches of other sizes may round the last bit differently.
    np.testing.assert_allclose(rows[1], linear_gan.sample(1, seed=last)[0], rtol=1e-6)
    np.testing.assert_allclose(rows[2], linear_gan.sample(1, seed=0)[0], rtol=1e-6)
    assert not np.array_equal(linear_gan.sample(1, seed=2**32), linear_gan.sample(1, seed=0))


def test_without_a_seed_each_call_draws_fresh_examples(linear_gan):
    first, second = (linear_gan.sample(4, seed=None) for _ in range(2))
    assert first.shape == second.shape and not np.isin(first, second).any()
    np.testing.assert_array_equal(linear_gan.sample(4), linear_gan.sample(4))


@pytest.mark.parametrize("name", ["truncation", "latent_scale"])
def test_without_latents_all_rows_are_equal(linear_gan, name):
    rows = linear_gan.sample(5, **{name: 0.0})
    np.testing.assert_allclose(rows, np.tile(linear_gan.generator.weights[1].numpy(), (5, 1)))


def test_latent_scale_multiplies_the_latents(linear_gan):
    whole, half, none = (linear_gan.sample(5, latent_scale=factor) for factor in (1.0, 0.5, 0.0))
    np.testing.assert_allclose(half, (whole + none) / 2, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_truncation_conditions_the_latents_and_keeps_the_seed_of_a_row(latent):
    gan = linear.gan(latent=latent)
    latents = gan.latents_of(range(4, 9)).astype("float64")
    t = 0.7
    if latent == "normal":
        cdf, inverse = statistics.NormalDist().cdf, statistics.NormalDist().inv_cdf
        inside = cdf(t) - cdf(-t)
        expected = np.vectorize(lambda z: inverse(cdf(-t) + cdf(z) * inside))(latents)
    else:
        expected = t * latents
    kernel, bias = (weight.numpy().astype("float64") for weight in gan.generator.weights)
    rows = gan.sample(5, seed=4, truncation=t)
    np.testing.assert_allclose(rows, expected @ kernel + bias, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gan.sample(1, seed=6, truncation=t), rows[2:3], rtol=1e-5)
    generated = gan.generate(latents, truncation=t)
    np.testing.assert_allclose(generated, rows, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(gan.sample(5, truncation=1e9), gan.sample(5))


@keras.saving.register_keras_serializable(package="tests")
class TowardZero(layers.Layer):
    """A layer that says itself what truncation is."""

    def call(self, latents):
        return latents

    def truncate(self, outputs, truncation):
        return truncation * outputs


def test_a_generator_may_truncate_itself():
    latents = keras.Input((linear.LATENT_DIM,))
    vectors = layers.Dense(linear.DIMENSIONS, use_bias=False)(TowardZero()(latents))
    generator = keras.Model(latents, vectors)
    gan = ganzoo.GAN(generator, linear.discriminator())
    whole = gan.sample(5)
    np.testing.assert_allclose(gan.sample(5, truncation=0.25), 0.25 * whole, rtol=1e-5)
    np.testing.assert_array_equal(gan.sample(5, truncation=1), whole)
    path = gan.interpolate([0, 1], steps=2, truncation=0.25)
    np.testing.assert_allclose(path[[0, 2]], 0.25 * whole[:2], rtol=1e-5)
    with pytest.raises(ValueError, match=r"`truncation` must be a number in \[0, 1\].*Received"):
        gan.sample(5, truncation=1.5)


@pytest.fixture(scope="module")
def showing_labels():
    """A GAN whose samples are (label, -label)."""
    gan = linear.gan(conditional=True)
    for weight in gan.ema_generator.weights:
        weight.assign(np.zeros(weight.shape))
    shifts = np.arange(linear.NUM_CLASSES)[:, None] * [1.0, -1.0]
    gan.ema_generator.get_layer("shift").embeddings.assign(shifts)
    return lambda *arguments, **options: gan.sample(*arguments, **options)[:, 0].tolist()


def test_by_default_the_classes_take_turns(showing_labels):
    assert showing_labels(6) == [0, 1, 2, 3, 0, 1]
    assert showing_labels(6, seed=3) == [3, 0, 1, 2, 3, 0]
    assert showing_labels(6, seed=3, batch_size=4) == [3, 0, 1, 2, 3, 0]
    assert showing_labels(2, seed=2**64 - 1) == [3, 0]


def test_labels_are_one_class_or_one_for_each_row(showing_labels):
    assert showing_labels(3, labels=2) == [2, 2, 2]
    assert showing_labels(3, labels=[3, 0, 3]) == [3, 0, 3]
    assert showing_labels(5, labels=np.array([3, 0, 3, 1, 2]), batch_size=2) == [3, 0, 3, 1, 2]


@pytest.mark.parametrize(
    "labels",
    [4, -1, [0, 1], [0, 1, 4], [[0], [1], [2]], [0.0, 1.0, 2.0], "cat", [], [True, False, True]],
)
def test_wrong_labels_are_refused(showing_labels, labels):
    with pytest.raises(ValueError, match=r"`labels` must be .*Received: labels"):
        showing_labels(3, labels=labels)


def test_classes_may_be_given_by_name():
    gan = linear.gan(conditional=True)
    with pytest.raises(ValueError, match=r"this GAN knows no names. Received: labels='cat'"):
        gan.sample(2, labels="cat")
    gan.class_names = tuple(f"class {number}" for number in range(linear.NUM_CLASSES))
    for given, numbers in (("class 2", 2), (["class 1", "class 0"], [1, 0])):
        np.testing.assert_array_equal(gan.sample(2, labels=given), gan.sample(2, labels=numbers))
    with pytest.raises(ValueError, match=r"among 'class 0'.*Did you mean 'class"):
        gan.sample(2, labels="clas 2")


def test_labels_of_a_gan_without_classes_are_refused(linear_gan):
    with pytest.raises(ValueError, match=r"no classes.*Received: labels=0"):
        linear_gan.sample(3, labels=0)


@pytest.mark.parametrize(
    "name, value",
    [
        *[("n", value) for value in (0, -1, 2.0, "3", True, None)],
        *[("seed", value) for value in (-1, 1.5, "a", True, 2**64)],
        *[("truncation", value) for value in (-0.1, float("nan"), float("inf"), "a")],
        *[("latent_scale", value) for value in (-0.1, float("nan"), 1e39, "a", None)],
        *[("batch_size", value) for value in (0, -1, 2.0, None)],
    ],
)
def test_arguments_out_of_range_are_refused(linear_gan, name, value):
    with pytest.raises(ValueError, match=rf"`{name}` must be .*Received: {name}="):
        linear_gan.sample(**{"n": 2, name: value})


def test_a_gan_samples_before_it_is_compiled():
    gan = ganzoo.GAN(linear.generator(), linear.discriminator())
    latents = latents_from_seeds(split_seeds(np.arange(2)), linear.LATENT_DIM, "normal")
    np.testing.assert_allclose(gan.sample(2), gan.generator(latents), rtol=1e-5, atol=1e-6)


def test_callbacks_see_the_samples_of_the_present_weights():
    gan = linear.gan(ema_decay=None, g_optimizer=keras.optimizers.SGD(1.0))
    seen = []

    class Sample(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            bias = gan.generator.weights[1].numpy()
            np.testing.assert_allclose(gan.sample(1, truncation=0.0)[0], bias, rtol=1e-6)
            seen.append((gan.step, bias.tobytes()))

    gan.fit(linear.vectors(12), batch_size=4, verbose=0, callbacks=[Sample()])
    assert [step for step, _ in seen] == [1, 2, 3]
    assert len({bias for _, bias in seen}) == 3


def test_a_batch_is_read_while_the_next_one_is_computed():
    events = []

    class Computed:
        def __init__(self, rows):
            self.rows = rows
            events.append(f"start {rows[0]}")

        def __array__(self, dtype=None, copy=None):
            events.append(f"read {self.rows[0]}")
            return self.rows

    (found,) = in_batches(lambda rows: [Computed(rows)], 2, np.arange(5))
    assert found.tolist() == [0, 1, 2, 3, 4]
    assert events == ["start 0", "start 2", "read 0", "start 4", "read 2", "read 4"]
