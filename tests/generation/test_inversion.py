"""Latents of given images: found again, kept where the generator was trained, reproducible."""

import keras
import numpy as np
import pytest

import ganzoo
from support.gans import linear, tiny
from support.processes import run_python


def gan_of(latent="normal", num_classes=None):
    """Returns a GAN whose images vary with the latents."""
    gan = tiny.gan("dcgan", latent=latent, num_classes=num_classes)
    gan.ema_generator.layers[1].kernel.assign(4 * gan.ema_generator.layers[1].kernel)
    for layer in gan.ema_generator.layers:
        if hasattr(layer, "gamma") and num_classes is not None:
            layer.gamma.assign(1 + np.random.default_rng(3).normal(size=layer.gamma.shape))
    return gan


@pytest.fixture(scope="module")
def gan():
    return gan_of()


def distance(first, second):
    """Returns the root of the mean squared difference of each image, in gray levels."""
    squares = (first.astype("float64") - second) ** 2
    return np.sqrt(squares.mean(axis=tuple(range(1, squares.ndim))))


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_samples_are_found_again(latent, gan):
    gan = gan if latent == "normal" else gan_of(latent)
    images = gan.sample(3, seed=10_000)
    found = gan.project(images, steps=100, restarts=4, prior_weight=0.0)
    # What the best of as many random latents achieves.
    random = gan.sample(100 * 4)
    nearest = [distance(random, image).min() for image in images]
    assert (found.errors < 0.15 * np.array(nearest)).all()
    assert found.latents.shape == (3, tiny.LATENT_DIM) and found.labels is None
    assert found.errors.shape == (3,) and found.images.dtype == np.uint8
    if latent == "uniform":
        assert np.abs(found.latents).max() <= 1.0


def test_what_is_returned_fits_together(gan):
    images = tiny.images(2)
    found = gan.project(images, steps=5)
    made = gan.generate(found.latents)
    assert np.abs(made.astype(int) - found.images).max() <= 1
    # The error is that of the image before it is rounded.
    np.testing.assert_allclose(found.errors, distance(found.images, images), rtol=0.01)


def test_an_image_is_projected_alike_alone_in_any_batch_and_again(gan):
    images = gan.sample(3, seed=50)
    together = gan.project(images, steps=10, restarts=2)
    again = gan.project(images, steps=10, restarts=2)
    for first, second in zip(together, again, strict=True):
        np.testing.assert_array_equal(first, second)
    for options in ({"images": images[1]}, {"images": images, "batch_size": 4}):
        one = gan.project(**options, steps=10, restarts=2)
        row = 0 if options["images"].ndim == 3 else 1
        np.testing.assert_allclose(one.latents[row], together.latents[1], atol=1e-3)
    other = gan.project(images, steps=10, restarts=2, seed=7)
    assert np.abs(other.latents - together.latents).max() > 0.1


def test_more_restarts_are_never_worse(gan):
    images = tiny.images(3)
    errors = [gan.project(images, steps=20, restarts=n).errors for n in (1, 4)]
    assert (errors[1] <= errors[0] + 1e-3).all() and (errors[1] < errors[0] - 1e-2).any()


def test_the_class_is_found_where_none_is_given():
    gan = gan_of(num_classes=tiny.NUM_CLASSES)
    classes = np.array([2, 0, 1], "int32")
    images = gan.sample(3, seed=200, labels=classes)
    found = gan.project(images, steps=60, restarts=2, prior_weight=0.0)
    np.testing.assert_array_equal(found.labels, classes)
    given = gan.project(images, labels=classes, steps=60, restarts=2, prior_weight=0.0)
    np.testing.assert_allclose(given.errors, found.errors, atol=0.1)
    forced = gan.project(images, labels=1, steps=60, restarts=2)
    assert forced.labels.tolist() == [1, 1, 1] and forced.errors[0] > found.errors[0]


@pytest.fixture(scope="module")
def showing_latents():
    """GANs whose vectors are their latents."""
    gans = {}
    for latent in ("normal", "uniform"):
        gans[latent] = linear.gan(latent=latent)
        kernel, bias = gans[latent].ema_generator.weights
        kernel.assign(np.eye(3)[:, :2])
        bias.assign(np.zeros(2))
    return gans


def test_the_prior_draws_normal_latents_to_the_origin(showing_latents):
    gan, target = showing_latents["normal"], np.array([[1.0, -2.0]], "float32")
    for weight in (0.0, 0.5):
        found = gan.project(target, steps=300, learning_rate=0.1, prior_weight=weight)
        # The minimum of mean((z[:2] - x)²) + weight mean(z²) / 2, over 2 and 3 numbers.
        expected = target[0] / (1 + weight / 3)
        np.testing.assert_allclose(found.latents[0, :2], expected, atol=1e-3)
        np.testing.assert_allclose(found.images[0], found.latents[0, :2], rtol=1e-5)
        error = np.sqrt(np.mean((expected - target) ** 2))
        np.testing.assert_allclose(found.errors, error, atol=1e-3)


def test_uniform_latents_stay_in_their_cube(showing_latents):
    target = np.array([[0.5, -2.0]], "float32")
    found = showing_latents["uniform"].project(target, steps=200)
    np.testing.assert_allclose(found.latents[0, :2], [0.5, -1.0], atol=1e-3)
    assert np.abs(found.latents).max() <= 1.0


def test_components_that_leave_the_cube_are_drawn_again_at_first(showing_latents):
    gan, target = showing_latents["uniform"], np.array([[3.0, 0.0]], "float32")
    # Two of three steps are in the first half, and each of them leaves the cube.
    ends = [
        gan.project(target, steps=3, restarts=1, seed=seed, learning_rate=50.0).latents[0, 0]
        for seed in range(3)
    ]
    drawn = [
        gan.project(target, steps=1, restarts=1, seed=seed, learning_rate=50.0).latents[0, 0]
        for seed in range(3)
    ]
    assert ends == [1.0] * 3
    assert len(set(drawn)) == 3 and np.abs(drawn).max() < 1.0


class LinearFeatures:
    """An extractor whose features are a matrix product of the pixels."""

    def __init__(self, matrix):
        self.matrix = matrix.astype("float32")

    def prepare(self, images):
        return images

    def differentiable_features(self, images):
        pixels = keras.ops.reshape(images / 127.5 - 1.0, (-1, len(self.matrix)))
        return keras.ops.matmul(pixels, self.matrix)


def test_pixels_and_features_are_weighted_squares():
    rng = np.random.default_rng(0)
    matrix, to_features = 0.5 * np.eye(3, 4), rng.standard_normal((4, 2))
    matrix += 0.1 * rng.standard_normal((3, 4))
    latents, images = keras.Input((3,)), keras.Input((2, 2, 1))
    dense = keras.layers.Dense(4, use_bias=False)
    generator = keras.Model(latents, keras.layers.Reshape((2, 2, 1))(dense(latents)))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    gan = ganzoo.GAN(generator, keras.Model(images, logits))
    gan.ema_generator.weights[0].assign(matrix)
    target = rng.uniform(-0.9, 0.9, (2, 2, 2, 1)).astype("float32")
    settings = {"steps": 500, "restarts": 1, "prior_weight": 0.06, "learning_rate": 0.1}
    for weight in (0.0, 2.0):
        found = gan.project(
            target, **settings, extractor=LinearFeatures(to_features), feature_weight=weight
        )
        # mean((z A - x)^2) + weight mean(((z A - x) B)^2) + 0.06 mean(z^2) / 2, by least squares.
        metric = np.eye(4) / 4 + weight * to_features @ to_features.T / 2
        normal = matrix @ metric @ matrix.T + 0.06 / 2 * np.eye(3) / 3
        expected = np.linalg.solve(normal, matrix @ metric @ target.reshape(2, 4).T).T
        np.testing.assert_allclose(found.latents, expected, atol=2e-3)
        # The errors are the ones of images, whose pixels are clipped.
        shown = np.clip(expected @ matrix, -1, 1)
        pixels = np.square(shown - target.reshape(2, 4)).mean(axis=1)
        np.testing.assert_allclose(found.errors, 127.5 * np.sqrt(pixels), rtol=5e-3)
        in_gray_levels = 127.5 * (target + 1)
        np.testing.assert_allclose(found.errors, distance(found.images, in_gray_levels), rtol=1e-2)
    assert (shown != expected @ matrix).any()
    plain = gan.project(target, **settings)
    zero = gan.project(target, **settings, extractor=LinearFeatures(to_features), feature_weight=0)
    np.testing.assert_allclose(plain.latents, zero.latents, atol=1e-5)


def test_features_with_gradients_are_those_of_the_classifier():
    classifier = ganzoo.extractors.get("digits")
    images = tiny.images(3, (32, 32, 1))
    found = classifier.differentiable_features(keras.ops.convert_to_tensor(images, "float32"))
    np.testing.assert_allclose(found, classifier.features(images), rtol=1e-4, atol=1e-4)


def test_extractors_that_do_not_fit_are_refused(gan):
    image = gan.sample(1)
    with pytest.raises(ValueError, match=r"one of ganzoo's extractors.*Received: 'mnist'"):
        gan.project(image, extractor="mnist")
    with pytest.raises(ValueError, match=r"takes images of 3 channel.*Received"):
        gan.project(image, extractor=ganzoo.extractors.get("cifar10"))
    with pytest.raises(ValueError, match=r"one of ganzoo's extractors.*shape \(2,\)"):
        linear.gan().project(linear.vectors(1), extractor=ganzoo.extractors.get("mnist"))


FIND = """
import numpy as np
from support.gans import linear

gan = linear.gan(conditional=True, latent="uniform")
random = np.random.default_rng(0)
for weight in gan.ema_generator.weights:
    weight.assign(random.normal(size=weight.shape))
found = gan.project(linear.vectors(3), steps=40, restarts=2)
way = gan.interpolate([1, 2], labels=[0, 2], steps=3)
"""


@pytest.mark.slow
def test_jax_finds_the_same(tmp_path):
    path = str(tmp_path / "found.npz")
    save = f"np.savez({path!r}, **found._asdict(), way=way)"
    run_python(FIND + save, backend="jax", without_tensorflow=True)
    here = {}
    exec(FIND, here)
    with np.load(path) as jax:
        np.testing.assert_array_equal(jax["labels"], here["found"].labels)
        for name in ("latents", "images", "errors"):
            np.testing.assert_allclose(jax[name], getattr(here["found"], name), atol=1e-3)
        np.testing.assert_allclose(jax["way"], here["way"], atol=1e-5)


def test_projecting_changes_no_state(gan):
    before = tiny.state(gan)
    gan.project(tiny.images(1), steps=2, restarts=1)
    assert tiny.largest_difference(tiny.state(gan), before)[0] == 0.0


@pytest.mark.parametrize(
    "arguments",
    [
        {"images": tiny.images(2)[:, :8]},
        {"images": tiny.images(2)[:0]},
        {"images": tiny.images(2).astype("int64")},
        {"images": tiny.images(2).astype("float32")},
        {"images": np.full((1, *tiny.IMAGE_SHAPE), np.nan)},
        {"labels": 0},
        {"steps": 0},
        {"restarts": 0},
        {"seed": -1},
        {"learning_rate": 0},
        {"prior_weight": -1},
        {"feature_weight": -1},
        {"batch_size": 0},
    ],
)
def test_what_cannot_be_projected_is_refused(gan, arguments):
    with pytest.raises(ValueError, match=r"Received: "):
        gan.project(**{"images": tiny.images(2), **arguments})


def test_conditions_of_a_gan_with_classes_are_refused():
    with pytest.raises(ValueError, match=r"no vectors of conditions.*Received: conditions="):
        tiny.gan(num_classes=tiny.NUM_CLASSES).project(tiny.images(1), conditions=[1.0])
