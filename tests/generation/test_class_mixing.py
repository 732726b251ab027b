"""Examples of given latents, of mixed classes, and along a way."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.generation.class_mixing import class_tables
from ganzoo.interpolation import path
from support.gans import linear, tiny

LATENTS = np.random.default_rng(0).uniform(-1, 1, (4, tiny.LATENT_DIM)).astype("float32")


@pytest.fixture(scope="module")
def gan():
    """A conditional GAN whose classes differ."""
    gan = tiny.gan("dcgan", num_classes=tiny.NUM_CLASSES, latent="uniform")
    random = np.random.default_rng(5)
    for table in class_tables(gan):
        table.assign(random.normal(size=table.shape, scale=0.5) + (table.name == "gamma"))
    return gan


@pytest.fixture(scope="module")
def linear_gan():
    return linear.gan(conditional=True)


def gray_levels(first, second):
    return np.abs(first.astype(int) - second.astype(int)).max()


def test_the_latents_of_seeds_are_those_that_are_sampled(gan, linear_gan):
    seeds = [7, 2**64 - 1, 3]
    assert gan.latents_of(seeds).shape == (3, tiny.LATENT_DIM)
    images = gan.generate(gan.latents_of(seeds), labels=[0, 2, 1])
    assert images.dtype == np.uint8
    assert gray_levels(images, gan.sample(3, seeds, labels=[0, 2, 1])) <= 1
    vectors = linear_gan.generate(linear_gan.latents_of(5), labels=1)
    np.testing.assert_allclose(vectors, linear_gan.sample(1, 5, labels=1), rtol=1e-6)


def test_a_mixture_of_one_class_is_that_class(gan):
    for label in range(tiny.NUM_CLASSES):
        weights = np.eye(tiny.NUM_CLASSES)[[label] * 4]
        np.testing.assert_array_equal(gan.generate(LATENTS, weights), gan.generate(LATENTS, label))


def test_a_mixture_is_the_network_with_the_mixed_tables(gan):
    weights = np.random.default_rng(1).dirichlet(np.ones(tiny.NUM_CLASSES), 4)
    images = gan.generate(LATENTS, weights)
    mixed = gan.ema_generator.__class__.from_config(gan.ema_generator.get_config())
    for row in range(4):
        mixed.set_weights(gan.ema_generator.get_weights())
        for layer in mixed.layers:
            if isinstance(layer, ganzoo.layers.ConditionalBatchNormalization):
                for table in (layer.gamma, layer.beta):
                    values = table.numpy().astype("float64")
                    table.assign(np.tile(weights[row] @ values, (tiny.NUM_CLASSES, 1)))
        one = np.asarray(mixed([LATENTS[row : row + 1], np.zeros(1, "int32")], training=False))
        expected = np.round(np.clip((one + 1) * 127.5, 0, 255))
        assert gray_levels(images[row], expected[0]) <= 1
    ends = [gan.generate(LATENTS, label) for label in range(tiny.NUM_CLASSES)]
    assert min(gray_levels(images, end) for end in ends) > 20


def test_embeddings_of_a_mixture_are_the_mixture_of_embeddings(linear_gan):
    latents = np.random.default_rng(0).normal(size=(11, linear.LATENT_DIM)).astype("float32")
    weights = np.random.default_rng(1).dirichlet(np.ones(linear.NUM_CLASSES), 11)
    kernel, bias, embeddings = (w.numpy() for w in linear_gan.ema_generator.weights)
    expected = latents @ kernel + bias + weights @ embeddings
    # More rows than classes, and batches smaller than either.
    for batch_size in (3, 64):
        vectors = linear_gan.generate(latents, weights, batch_size=batch_size)
        np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-6)


def test_generating_changes_no_state(gan):
    before = tiny.state(gan)
    gan.generate(LATENTS, np.full((4, tiny.NUM_CLASSES), 1 / 3))
    assert tiny.largest_difference(tiny.state(gan), before)[0] == 0.0


def test_labels_that_go_elsewhere_cannot_be_mixed():
    latents, labels = keras.Input((2,)), keras.Input((), dtype="int32")
    # Keras's own one-hot layer: the classes' weights are a kernel.
    classes = keras.layers.CategoryEncoding(3, output_mode="one_hot")(
        keras.layers.Reshape((1,))(labels)
    )
    outputs = keras.layers.Dense(4)(keras.layers.Concatenate()([latents, classes]))
    vectors, taken = keras.Input((4,)), keras.Input((), dtype="int32")
    shown = keras.layers.Add()([vectors, keras.layers.Embedding(3, 4)(taken)])
    gan = ganzoo.GAN(
        keras.Model([latents, labels], outputs),
        keras.Model([vectors, taken], keras.layers.Dense(1)(shown)),
        num_classes=3,
    )
    assert gan.generate(np.ones((2, 2)), labels=[0, 2]).shape == (2, 4)
    with pytest.raises(ValueError, match=r"Classes can be mixed.*Received"):
        gan.generate(np.ones((2, 2)), np.eye(3)[:2])


@pytest.mark.parametrize(
    "arguments",
    [
        {"latents": LATENTS[:, :3]},
        {"latents": LATENTS.astype(int)},
        {"latents": LATENTS * np.nan},
        {"latents": LATENTS[:0]},
        {"labels": None},
        {"labels": 3},
        {"labels": [0, 1]},
        {"labels": np.ones((4, 2))},
        {"labels": np.ones((3, 3))},
        {"labels": np.eye(3, dtype=int)[[0, 1, 2, 0]]},
        {"labels": np.full((4, 3), np.nan)},
        {"labels": np.eye(3)[[0, 1, 2, 0]], "conditions": [1.0]},
        {"batch_size": 0},
    ],
)
def test_what_cannot_be_generated_is_refused(gan, arguments):
    with pytest.raises(ValueError, match=r"Received: "):
        gan.generate(**{"latents": LATENTS, "labels": 0, **arguments})


# Ways.


@pytest.mark.parametrize("latent, interpolation", [("normal", "spherical"), ("uniform", "linear")])
def test_the_way_fits_the_distribution_of_the_latents(latent, interpolation):
    gan = linear.gan(latent=latent)
    for given, expected in ((None, interpolation), ("linear", "linear")):
        way = path(0.5 * gan.latents_of([3, 8, 1]), 4, expected)
        settings = {"truncation": 0.7, "latent_scale": 0.5}
        vectors = gan.interpolate([3, 8, 1], steps=4, interpolation=given, **settings)
        truncated = gan.generate(way, truncation=0.7)
        np.testing.assert_allclose(vectors, truncated, rtol=1e-5, atol=1e-6)


def test_a_way_goes_through_its_samples_and_turns_back_in_a_loop(gan):
    frames = gan.interpolate([4, 9, 1], labels=1, steps=3)
    assert frames.shape == (7, *tiny.IMAGE_SHAPE)
    samples = gan.sample(3, [4, 9, 1], labels=1)
    assert gray_levels(frames[::3], samples) <= 1
    loop = gan.interpolate([4, 9, 1], labels=1, steps=3, loop=True)
    assert len(loop) == 9 and gray_levels(loop[:7], frames) <= 1
    backwards = gan.interpolate([1, 4], labels=1, steps=3)
    assert gray_levels(loop[6:], backwards[:3]) <= 1
    # By default, the class is the first sample's.
    assert gray_levels(gan.interpolate([4, 9, 1], steps=3), frames) <= 1


def test_classes_turn_into_each_other_alone_or_with_the_latents(gan):
    alone = gan.interpolate(5, labels=[0, 2], steps=4)
    assert gray_levels(alone[[0, 4]], gan.sample(2, [5, 5], labels=[0, 2])) <= 1
    middle = gan.generate(gan.latents_of(5), np.array([[0.5, 0.0, 0.5]]))
    assert gray_levels(alone[2:3], middle) <= 1
    both = gan.interpolate([5, 6], labels=[0, 2], steps=4)
    assert gray_levels(both[[0, 4]], gan.sample(2, [5, 6], labels=[0, 2])) <= 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"seeds": [1]},
        {"seeds": []},
        {"seeds": [1, -1]},
        {"seeds": [1, 2], "labels": [0, 1, 2]},
        {"seeds": [1, 2], "labels": [0]},
        {"seeds": [1], "labels": [0, 2]},
        {"seeds": [1, 2], "labels": [0, 3]},
        {"seeds": [1, 2], "labels": "cat"},
        {"seeds": [1, 2], "steps": 0},
        {"seeds": [1, 2], "interpolation": "cubic"},
        {"seeds": [1, 2], "truncation": -1},
        {"seeds": [1, 2], "truncation": 1e39},
        {"seeds": [1, 2], "latent_scale": -1},
    ],
)
def test_ways_that_there_are_not_are_refused(gan, arguments):
    with pytest.raises(ValueError, match=r"Received: "):
        gan.interpolate(**arguments)


class ClassShift(keras.layers.Layer):
    """A layer of one's own that says which weights have a row for each class."""

    def build(self, input_shapes):
        (_, width), _ = input_shapes
        self.table = self.add_weight(shape=(linear.NUM_CLASSES, width))
        self.inner = keras.layers.Embedding(linear.NUM_CLASSES, width)
        self.inner.build(())

    @property
    def class_tables(self):
        return [self.table, self.inner.embeddings]

    def call(self, inputs):
        x, labels = inputs
        return x + keras.ops.take(self.table, labels, axis=0) + self.inner(labels)


def test_a_layer_of_ones_own_declares_its_tables():
    latents, labels = keras.Input((linear.LATENT_DIM,)), keras.Input((), dtype="int32")
    vectors = ClassShift()([keras.layers.Dense(linear.DIMENSIONS)(latents), labels])
    gan = ganzoo.GAN(
        keras.Model([latents, labels], vectors),
        linear.discriminator(conditional=True),
        num_classes=linear.NUM_CLASSES,
    )
    z = gan.latents_of([5])
    ends = [gan.generate(z, label) for label in (0, 2)]
    mixed = gan.generate(z, np.array([[0.25, 0.0, 0.75, 0.0]]))
    np.testing.assert_allclose(mixed, 0.25 * ends[0] + 0.75 * ends[1], rtol=1e-5)
