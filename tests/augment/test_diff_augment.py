import augment_equations as equations
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.augment import DiffAugment
from ganzoo.random import Draws

SIZES = {"color": 3, "translation": 1, "cutout": 1, "flip": 1}


def images_of(shape=(5, 16, 16, 3), dtype="float64"):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype)


def written_out(policy, images, draws):
    parts = policy.split(",")
    shape = (sum(SIZES[part] for part in parts), 2)
    uniforms = np.float64(draws.scope("augment").uniform("diff_augment", len(images), shape))
    results = []
    for image, u in zip(images, uniforms, strict=True):
        first = 0
        for part in parts:
            image = equations.diff_augment_part(part, image, u[first : first + SIZES[part]])
            first += SIZES[part]
        results.append(image)
    return np.stack(results)


@pytest.mark.parametrize(
    ("policy", "shape"),
    [
        ("color,translation,cutout", (5, 16, 16, 3)),
        ("cutout,flip,color", (4, 9, 14, 3)),
        ("translation,color", (6, 12, 20, 1)),
        ("cutout", (40, 7, 6, 1)),
    ],
)
def test_images_equal_the_written_out_transforms_of_the_same_draws(policy, shape):
    images, draws = images_of(shape), Draws(seed=1, step=2)
    result = DiffAugment(policy)(tf.constant(images), draws)
    assert result.dtype == tf.float64
    np.testing.assert_allclose(result, written_out(policy, images, draws), rtol=1e-6, atol=1e-6)


def test_shifts_take_all_values_up_to_an_eighth_of_the_size():
    ramp = np.broadcast_to(np.arange(1.0, 33.0)[:, None, None], (32, 32, 1))
    images = np.stack([ramp] * 600)
    rows = DiffAugment("translation")(images, Draws(0, 0)).numpy()[:, 15, 16, 0]
    shifts, counts = np.unique(16 - rows, return_counts=True)
    np.testing.assert_array_equal(shifts, np.arange(-4, 5))
    assert counts.min() > 600 / 9 - 5 * np.sqrt(600 / 9)


def test_the_center_of_a_cutout_is_uniform_from_edge_to_edge():
    images = np.ones((600, 8, 8, 1))
    holes = 1 - DiffAugment("cutout")(images, Draws(0, 0)).numpy()[..., 0]
    heights = holes.max(axis=2).sum(axis=1)
    # Centers are 0 to 8, with 2 rows on each side: at the edges 2 rows remain, next to them 3.
    values, counts = np.unique(heights, return_counts=True)
    np.testing.assert_array_equal(values, [2, 3, 4])
    np.testing.assert_allclose(counts / 600, [2 / 9, 2 / 9, 5 / 9], atol=0.1)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_shape_and_dtype_do_not_change(dtype):
    images = tf.cast(images_of((3, 8, 8, 1)), dtype)
    result = DiffAugment()(images, Draws(0, 0))
    assert result.shape == images.shape and result.dtype == images.dtype


def test_half_precision_is_augmented_in_float32():
    images = tf.cast(images_of(), "bfloat16")
    precise = DiffAugment("color")(tf.cast(images, "float32"), Draws(0, 0))
    np.testing.assert_array_equal(
        DiffAugment("color")(images, Draws(0, 0)), tf.cast(precise, "bfloat16")
    )


@pytest.mark.parametrize(
    "policy", ["hue", "color,,cutout", "", "color,color", "color, flip", ["color"]]
)
def test_an_unknown_or_a_repeated_part_is_refused(policy):
    with pytest.raises(ValueError, match=r"color, translation, cutout, flip,.*Received: policy="):
        DiffAugment(policy)


def test_a_mistyped_part_is_answered_with_the_closest_one():
    with pytest.raises(ValueError, match="Did you mean 'translation'"):
        DiffAugment("color,translate")
