import augment_equations as equations
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.augment import transforms

FOUR = [4.0, 0.0, -3.0, 1.0]
CASES = {
    "add_brightness": [([0.3, -0.5, 0.0, 1.0],)],
    "scale_contrast": [([0.5, 1.5, 0.0, 1.0],)],
    "scale_saturation": [([0.5, 2.0, 0.0, 1.0],)],
    "rotate90": [([0, 1, 2, 3],)],
    "translate": [(FOUR, [-1.0, 2.0, 5.0, 0.0]), (FOUR, [0.0, -4.0, 5.0, 2.0], "reflect")],
    "cut_out": [([0.0, 6.0, 3.5, 9.9], [4.0, 0.0, 2.2, 9.9], 5.0, 4)],
}
EVERY = [(name, *arguments) for name, cases in CASES.items() for arguments in cases]
IDENTITIES = {
    "add_brightness": (0.0,),
    "rotate90": (0,),
    "translate": (0.0, 0.0),
    "cut_out": (2.0, 3.0, 0, 0),
}


def images_of(channels=3, dtype="float64"):
    return np.random.default_rng(0).uniform(-1, 1, (4, 6, 6, channels)).astype(dtype)


def apply(name, images, arguments):
    return getattr(transforms, name)(
        images, *(np.array(a) if isinstance(a, list) else a for a in arguments)
    )


def expected(name, images, arguments):
    def of_image(i):
        return [a[i] if isinstance(a, list) else a for a in arguments]

    function = getattr(equations, name)
    return np.stack([function(image, *of_image(i)) for i, image in enumerate(images)])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("case", EVERY, ids=lambda case: case[0])
def test_each_image_is_transformed_as_written_out(case, channels):
    name, *arguments = case
    images = images_of(channels)
    result = apply(name, tf.constant(images), arguments)
    assert result.dtype == tf.float64
    np.testing.assert_allclose(result, expected(name, images, arguments), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["flip"])
def test_transforms_without_parameters_are_as_written_out(name, channels):
    images = images_of(channels)
    result = getattr(transforms, name)(tf.constant(images))
    np.testing.assert_allclose(result, expected(name, images, ()), rtol=1e-12, atol=1e-12)


def test_only_rotation_needs_square_images():
    images = images_of()[:, :4]
    for border in ("zero", "reflect"):
        arguments = ([3.0, 0.0, -3.0, 1.0], [-1.0, 2.0, 5.0, 0.0], border)
        np.testing.assert_array_equal(
            apply("translate", images, arguments), expected("translate", images, arguments)
        )
    with pytest.raises(ValueError, match=r"square.*Received: images of shape \(4, 4, 6, 3\)"):
        transforms.rotate90(images, np.zeros(4))


@pytest.mark.parametrize("name", IDENTITIES)
def test_a_transform_without_strength_changes_no_bit(name):
    images = images_of(dtype="float32")
    parameters = [np.full(4, p) for p in IDENTITIES[name][:2]]
    result = apply(name, images, [*parameters, *IDENTITIES[name][2:]])
    np.testing.assert_array_equal(result, images)


HUES = [0.4, -3.1, 2.0, 0.0]
RECOLORINGS = {
    "scale_around_gray": ([0.5, 1.5, 0.0, 1.0], lambda f: (f, f, 0 * f, 0 * f)),
    "scale_saturation": ([0.5, 2.0, 0.0, 1.0], lambda f: (1 + 0 * f, f, 0 * f, 0 * f)),
    "rotate_hue": (HUES, lambda f: (1 + 0 * f, np.cos(f), np.sin(f), 0 * f)),
    "add_brightness": ([0.3, -0.5, 0.0, 1.0], lambda f: (1 + 0 * f, 1 + 0 * f, 0 * f, f)),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", RECOLORINGS)
def test_each_change_of_colors_is_a_recoloring(name, channels):
    parameters, recoloring = RECOLORINGS[name]
    images = images_of(channels)
    result = transforms.recolor(tf.constant(images), *recoloring(np.array(parameters)))
    np.testing.assert_allclose(result, expected(name, images, [parameters]), atol=1e-12)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_luma_is_flipped_by_a_recoloring(channels):
    images, one = images_of(channels), np.ones(4)
    result = transforms.recolor(tf.constant(images), -one, one, 0 * one, 0 * one)
    np.testing.assert_allclose(result, expected("flip_luma", images, ()), atol=1e-12)


def test_luma_saturation_and_hue_keep_their_invariants():
    images, one = tf.constant(images_of()), np.ones(4)
    luma = np.mean(images, axis=3)
    turned = transforms.recolor(images, one, np.cos(1.3) * one, np.sin(1.3) * one, 0 * one)
    np.testing.assert_allclose(np.mean(turned, axis=3), luma, atol=1e-12)
    gray = transforms.scale_saturation(images, np.zeros(4))
    np.testing.assert_allclose(gray, np.repeat(luma[..., None], 3, axis=3), atol=1e-12)
    third = 2 * np.pi / 3  # Red becomes green, green blue.
    turned = transforms.recolor(images, one, np.cos(third) * one, np.sin(third) * one, 0 * one)
    np.testing.assert_allclose(turned, np.roll(images, 1, axis=3), atol=1e-12)


def test_the_papers_transforms_of_red():
    red, one = tf.constant([[[[1.0, 0.0, 0.0]]]]), np.ones(1)
    for recoloring, expected in [
        ((-one, one, 0 * one, 0 * one), [1 / 3, -2 / 3, -2 / 3]),
        ((one, 0 * one, 0 * one, 0 * one), [1 / 3, 1 / 3, 1 / 3]),
        ((one, -one / 2, one * np.sqrt(0.75), 0 * one), [0, 1, 0]),
    ]:
        result = transforms.recolor(red, *recoloring)
        np.testing.assert_allclose(result[0, 0, 0], expected, atol=1e-6)


def test_colors_need_three_channels_or_one():
    with pytest.raises(ValueError, match=r"three channels.*Received: images of shape"):
        transforms.recolor(images_of(2), *[np.zeros(4)] * 4)


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case[0])
def test_first_and_second_derivatives_equal_finite_differences(case):
    name, *arguments = case
    x, direction = images_of(), np.random.default_rng(1).normal(size=(4, 6, 6, 3))

    @tf.function(autograph=False)
    def derivatives(x):
        """The gradient of sum(T(x)^3) / 6, and the derivative of its product with a direction."""
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(apply(name, x, arguments) ** 3) / 6
            gradient = inner.gradient(value, x)
            slope = tf.reduce_sum(gradient * direction)
        return gradient, slope, outer.gradient(slope, x)

    def cost(x):
        return np.sum(expected(name, x, arguments) ** 3) / 6

    gradient, slope, curvature = derivatives(tf.constant(x))
    step = 1e-5
    along = (cost(x + step * direction) - cost(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(slope, along, rtol=1e-6)
    ahead, behind = (derivatives(tf.constant(x + s * direction))[0] for s in (step, -step))
    np.testing.assert_allclose(
        curvature, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-8 * np.abs(gradient).max()
    )
