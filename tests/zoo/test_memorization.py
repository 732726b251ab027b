"""Distances to the training images, and which images the card shows."""

import numpy as np
import pytest

from ganzoo.zoo.memorization import Nearest, Pixels, _distinct, _most_alike, _nearest
from support.gans import tiny


def brute_force(rows, columns):
    """Returns all distances: root mean squares of pixel differences."""
    rows, columns = (x.reshape(len(x), -1).astype("float64") for x in (rows, columns))
    return np.sqrt(((rows[:, None] - columns) ** 2).mean(axis=2))


def test_distances_are_root_mean_squares_to_the_nearest_training_image():
    samples, training, real = (tiny.images(n, (6, 6, 1), seed=n) for n in (20, 30, 12))
    facts, picture = Nearest(samples, training, real, {"pixels": Pixels()}).measure()
    for name, images in (("samples", samples), ("real", real)):
        expected = brute_force(images, training).min(axis=1)
        found = facts["spaces"]["pixels"][name]
        np.testing.assert_allclose(found["median"], np.median(expected), rtol=1e-5)
        np.testing.assert_allclose(found["nearest_hundredth"], np.percentile(expected, 1), 1e-5)
        np.testing.assert_allclose(found["least"], expected.min(), rtol=1e-5)
    assert (facts["samples"], facts["real"], facts["training"]) == (20, 12, 30)
    # Three panels of 8 rows and 2 columns.
    assert picture.shape[0] > 8 * 60 and picture.shape[1] > 6 * 60


def test_a_copy_has_distance_zero():
    training = tiny.images(30, (6, 6, 1))
    samples = np.concatenate([tiny.images(10, (6, 6, 1), seed=1), training[7:8]])
    facts, _ = Nearest(samples, training, None, {"pixels": Pixels()}).measure()
    assert facts["spaces"]["pixels"]["samples"]["least"] == 0.0
    assert facts["spaces"]["pixels"]["real"]["least"] > 0.0


def test_without_a_test_split_training_images_are_compared_with_the_others():
    samples, training = tiny.images(9, (6, 6, 1), seed=1), tiny.images(30, (6, 6, 1))
    facts, _ = Nearest(samples, training, None, {"pixels": Pixels()}).measure()
    distances = brute_force(training[:9], training)
    distances[np.arange(9), np.arange(9)] = np.inf
    expected = np.median(distances.min(axis=1))
    np.testing.assert_allclose(facts["spaces"]["pixels"]["real"]["median"], expected, rtol=1e-5)
    assert facts["real_are_training"] and facts["real"] == 9


@pytest.mark.parametrize("twice", [False, True])
def test_near_copies_are_shown_first_even_if_an_image_occurs_twice(twice):
    rng = np.random.default_rng(0)
    training = rng.integers(0, 256, (30, 64, 64, 1), dtype="uint8")
    training[:, 32, 32] = np.arange(30)[:, None]
    samples = rng.integers(0, 256, (20, 64, 64, 1), dtype="uint8")
    samples[13] = np.clip(training[7].astype(int) + 1, 0, 255)  # Not among the first samples.
    if twice:
        training = np.concatenate([training, training[7:8]])
    distances, indices = _nearest(Pixels()(samples), Pixels()(training))
    order = _most_alike(Pixels()(training), _distinct(training), distances, indices)
    assert order[0] == 13 and indices[13] in (7, 30)


def test_distances_are_relative_to_those_between_training_images():
    # Two similar images and two different ones: a distance of 1 to the latter is nearer.
    training = np.array([[0.0], [2.0], [100.0], [150.0]], "float32")
    rows, indices = np.array([1.0, 1.0]), np.array([0, 2])
    assert list(_most_alike(training, np.arange(4), rows, indices)) == [1, 0]
    assert list(_most_alike(training[[0, 0]], np.array([0]), rows, np.array([0, 0]))) == [0, 1]


def test_the_nearest_image_is_to_the_right_of_each():
    training = np.repeat(np.arange(0, 250, 10, dtype="uint8"), 64 * 64).reshape(-1, 64, 64, 1)
    samples = training[[20, 3]] + 1
    _, picture = Nearest(samples, training, None, {"pixels": Pixels()}).measure()
    # The caption takes 24 pixels; 2 pixels lie between images of 64 pixels.
    row = picture[24 + 2 + 32, :, 0]
    assert (row[2 + 32], row[2 + 64 + 2 + 32]) == (201, 200)


def test_neighbors_agree_with_a_search_of_all_distances():
    rows, columns = tiny.images(25, (6, 6, 1), seed=1), tiny.images(40, (6, 6, 1))
    distances, indices = _nearest(Pixels()(rows), Pixels()(columns))
    expected = brute_force(rows, columns)
    np.testing.assert_array_equal(indices, expected.argmin(axis=1))
    np.testing.assert_allclose(distances, expected.min(axis=1), rtol=1e-5)
    distances, indices = _nearest(Pixels()(columns[:9]), Pixels()(columns), 1)
    expected = brute_force(columns[:9], columns)
    np.testing.assert_array_equal(indices, expected.argsort(axis=1)[:, 1])
    np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, 1], rtol=1e-5)
