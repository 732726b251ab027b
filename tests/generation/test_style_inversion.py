"""The styles and noise maps of given images."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.generation import style_inversion
from support.gans import tiny
from support.processes import run_python

SHORT = {"steps": 60, "samples": 200}


@pytest.fixture(scope="module")
def gan():
    return style_gan()


def style_gan(**condition):
    keras.utils.set_random_seed(1)
    generator, discriminator = ganzoo.architectures.build(
        "stylegan2", (8, 8, 1), latent_dim=6, width=2, mapping_layers=2, **condition
    )
    for layer in style_inversion.noise_layers(generator):
        layer.strength.assign(0.3)
    for variable in generator.trainable_variables:
        if "to_image" in variable.path:
            variable.assign(0.3 * variable)  # Images of random weights are mostly out of range.
    return ganzoo.GAN(generator, discriminator, num_classes=condition.get("num_classes"))


def correlation(noise):
    """The regularizer of Karras et al. 2020 in float64."""
    noise, total = np.asarray(noise, "float64"), 0.0
    while True:
        for axis in (0, 1):
            total += np.mean(noise * np.roll(noise, 1, axis)) ** 2
        if len(noise) <= 8:
            return total
        side = len(noise) // 2
        noise = noise.reshape(side, 2, side, 2).mean(axis=(1, 3))


def check_correlation():
    noise = np.random.default_rng(0).normal(size=(2, 32, 32))
    expected = sum(map(correlation, noise))
    assert float(style_inversion.correlation(noise.astype("float32"))) == pytest.approx(
        expected, rel=1e-4
    )


def test_the_correlation_of_noise_maps_is_the_paper_s():
    check_correlation()


@pytest.mark.graph
def test_styles_and_noise_make_the_image_that_was_found(gan):
    image = gan.sample(1, seed=7)
    variables = [np.array(v) for v in gan.inference_generator.variables]
    one = gan.project_styles(image, **SHORT)
    assert one.styles.shape == (1, 4, 6) and one.noise is None
    assert (one.styles == one.styles[:, :1]).all()
    start = gan.generate_from_styles(mean_style(gan))
    assert one.errors[0] < distance(start, image) / 2
    np.testing.assert_allclose(one.errors, distance(one.images, image), atol=0.5)

    found = gan.project_styles(image, space="style_rows", noise=True, **SHORT)
    assert (found.styles != found.styles[:, :1]).any()
    again = gan.generate_from_styles(found.styles, found.noise)
    assert np.abs(again.astype(int) - found.images.astype(int)).max() <= 1
    for noise in found.noise:
        assert abs(noise.mean()) < 1e-3 and abs(noise.std() - 1.0) < 1e-3
    assert (gan.generate_from_styles(found.styles) != found.images).any()
    for variable, before in zip(gan.inference_generator.variables, variables, strict=True):
        np.testing.assert_array_equal(variable, before)  # The stored maps stay.


@pytest.mark.slow
@pytest.mark.graph
def test_features_count(gan):
    image, classifier = tiny.images(1, (8, 8, 1)), ganzoo.extractors.get("digits")

    def features(found):
        return np.square(classifier(found.images) - classifier(image)).mean()

    settings = {"steps": 200, "samples": 200}
    pixels = gan.project_styles(image, **settings)
    both = gan.project_styles(image, extractor=classifier, feature_weight=10.0, **settings)
    assert features(both) < features(pixels)


def test_the_first_style_is_the_one_of_a_sample(gan):
    styles = ganzoo.generation.from_styles.styles_function(gan)(gan.latents_of([3]), None)
    images = gan.generate_from_styles(np.asarray(styles))
    assert np.abs(images.astype(int) - gan.sample(1, seed=3).astype(int)).max() <= 1
    same = gan.generate_from_styles(np.asarray(styles)[:, 0])
    np.testing.assert_array_equal(same, images)


@pytest.mark.parametrize(
    ("condition", "name", "given"),
    [
        ({"num_classes": 3}, "labels", np.array([2, 0])),
        ({"condition_dim": 2}, "conditions", np.float32([[1, 0], [0, -1]])),
    ],
    ids=["classes", "conditions"],
)
def test_styles_start_at_the_mean_style_of_the_condition(condition, name, given):
    gan = style_gan(**condition)
    images = tiny.images(2, (8, 8, 1))
    mapping, latents = gan.inference_generator.get_layer("mapping"), gan.latents_of(range(9))
    starts = [(images, given, list(given))]
    if name == "labels":
        starts += [(images[:1], None, [np.arange(9) % 3])]
    for targets, chosen, of_samples in starts:
        # The learning rate is 0 in the first step.
        found = gan.project_styles(targets, steps=1, samples=9, **{name: chosen})
        for style, condition_of_samples in zip(found.styles, of_samples, strict=True):
            shape = (9, *np.shape(given)[1:])
            styles = mapping([latents, np.broadcast_to(condition_of_samples, shape)])
            mean = np.asarray(styles)[:, 0].mean(axis=0)
            np.testing.assert_allclose(style, np.tile(mean, (4, 1)), rtol=1e-4, atol=1e-6)


def test_conditions_that_do_not_fit_are_refused(gan):
    images = tiny.images(2, (8, 8, 1))
    with pytest.raises(ValueError, match=r"no vectors of conditions\. Expected"):
        gan.project_styles(images, conditions=[1.0])
    with pytest.raises(ValueError, match=r"no classes\. Expected: labels=None"):
        gan.project_styles(images, labels=1)
    conditional = style_gan(condition_dim=2)
    with pytest.raises(ValueError, match=r"of shape \(2,\) for all samples, or \(2, 2\)"):
        conditional.project_styles(images)
    with pytest.raises(ValueError, match=r"Received: conditions.shape=\(3, 2\)"):
        conditional.project_styles(images, conditions=np.ones((3, 2)))


def test_bad_input_is_refused(gan):
    with pytest.raises(ValueError, match="Only style-based generators have styles"):
        tiny.gan().project_styles(np.zeros((16, 16, 1), "uint8"))
    with pytest.raises(ValueError, match="`space` must be one of 'style', 'style_rows'"):
        gan.project_styles(gan.sample(1), space="w")
    with pytest.raises(ValueError, match="crop and resize others first"):
        gan.project_styles(np.zeros((9, 9, 1), "uint8"))
    with pytest.raises(ValueError, match="must be one of ganzoo's extractors"):
        gan.project_styles(gan.sample(1), extractor="mnist")
    with pytest.raises(ValueError, match=r"`styles` must be floating, of shape \(n, 4, 6\)"):
        gan.generate_from_styles(np.zeros((1, 3, 6)))
    with pytest.raises(ValueError, match="`noise` must have the shapes"):
        gan.generate_from_styles(np.zeros((1, 6)), [np.zeros((1, 4, 4))])


def mean_style(gan):
    latents = gan.latents_of(range(200))
    styles = np.asarray(ganzoo.generation.from_styles.styles_function(gan)(latents, None))
    return styles[:, 0].mean(axis=0, keepdims=True)


def distance(images, others):
    return np.sqrt(np.square(images.astype(float) - others.astype(float)).mean())


JAX = """
import sys
sys.path.insert(0, "tests/generation")
import numpy as np
from test_style_inversion import SHORT, check_correlation, distance, mean_style, style_gan
check_correlation()
gan = style_gan()
image = gan.sample(1, seed=7)
found = gan.project_styles(image, space="style_rows", noise=True, **SHORT)
assert found.errors[0] < distance(gan.generate_from_styles(mean_style(gan)), image)
again = gan.generate_from_styles(found.styles, found.noise)
assert np.abs(again.astype(int) - found.images.astype(int)).max() <= 1
"""


@pytest.mark.slow
def test_jax_finds_an_image_too():
    run_python(JAX, backend="jax")
