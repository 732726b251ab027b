"""Paths between latents and between classes, against their formulas."""

import numpy as np
import pytest

from ganzoo.interpolation import class_path, lerp, path, slerp

STARTS, ENDS = np.random.default_rng(0).normal(size=(2, 5, 6))
TIMES = np.linspace(0, 1, 5)


def test_a_spherical_path_follows_shoemakes_formula_with_linear_lengths():
    starts, ends = (np.linalg.norm(z, axis=1) for z in (STARTS, ENDS))
    a, b = STARTS / starts[:, None], ENDS / ends[:, None]
    angles = np.arccos((a * b).sum(axis=1))
    for t in TIMES:
        points = (np.sin((1 - t) * angles)[:, None] * a + np.sin(t * angles)[:, None] * b) / np.sin(
            angles
        )[:, None]
        expected = ((1 - t) * starts + t * ends)[:, None] * points
        np.testing.assert_allclose(slerp(STARTS, ENDS, t), expected, rtol=1e-12, atol=1e-12)


def test_each_row_may_have_its_own_time_and_one_row_many_times():
    together = slerp(STARTS, ENDS, TIMES)
    for row, t in enumerate(TIMES):
        np.testing.assert_array_equal(together[row], slerp(STARTS[row], ENDS[row], t))
    assert slerp(STARTS[0], ENDS[0], TIMES).shape == (5, 6)


@pytest.mark.parametrize("offset", [0.0, 1e-12, 1e-8, 1e-4])
def test_opposite_points_are_joined_by_a_half_circle(offset):
    start = STARTS[0]
    end = -start + offset * ENDS[0]
    points = slerp(start, end, TIMES)
    radius = np.linalg.norm(start)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), radius, rtol=1e-3)
    cosines = points @ start / radius / np.linalg.norm(points, axis=1)
    np.testing.assert_allclose(cosines, np.cos(np.pi * TIMES), atol=1e-3)
    np.testing.assert_allclose(points[-1], end, atol=1e-7)
    np.testing.assert_array_equal(points, slerp(start, end, TIMES))


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_between_points_of_the_same_direction_only_the_length_changes(factor):
    points = slerp(STARTS, factor * STARTS, 0.5)
    np.testing.assert_allclose(points, (1 + factor) / 2 * STARTS, rtol=1e-12)


def test_normal_latents_keep_their_length_and_uniform_latents_stay_in_the_cube():
    random = np.random.default_rng(1)
    starts, ends = random.normal(size=(2, 100, 64))
    spherical, linear = slerp(starts, ends, 0.5), lerp(starts, ends, 0.5)
    assert 7 < np.linalg.norm(spherical, axis=1).mean() < 9 < 8 * np.sqrt(2)
    assert np.linalg.norm(linear, axis=1).mean() < 6
    starts, ends = random.uniform(-1, 1, size=(2, 100, 64))
    assert np.abs(lerp(starts, ends, 0.3)).max() < 1 < np.abs(slerp(starts, ends, 0.5)).max()


def test_a_straight_path_is_exact_at_both_ends():
    for t, expected in ((0.0, STARTS), (1.0, ENDS), (0.25, 0.75 * STARTS + 0.25 * ENDS)):
        np.testing.assert_array_equal(lerp(STARTS, ENDS, t), expected)


@pytest.mark.parametrize("interpolation", ["spherical", "linear"])
def test_a_path_goes_through_its_keyframes_and_a_loop_returns_to_the_first(interpolation):
    keyframes = STARTS.astype("float32")
    between = slerp if interpolation == "spherical" else lerp
    points = path(keyframes, 4, interpolation)
    assert points.shape == (17, 6) and points.dtype == np.float32
    np.testing.assert_array_equal(points[::4], keyframes)
    np.testing.assert_allclose(points[5], between(keyframes[1], keyframes[2], 0.25), rtol=1e-6)
    loop = path(keyframes, 4, interpolation, loop=True)
    np.testing.assert_array_equal(loop[:17], points)
    assert len(loop) == 20
    np.testing.assert_allclose(loop[18], between(keyframes[4], keyframes[0], 0.5), rtol=1e-6)


def test_classes_turn_into_each_other_linearly():
    weights = class_path([2, 0, 0], num_classes=3, steps=4)
    assert weights.dtype == np.float32 and weights.shape == (9, 3)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights[1], [0.25, 0, 0.75])
    np.testing.assert_array_equal(weights[4:], np.tile([1, 0, 0], (5, 1)))


@pytest.mark.parametrize(
    "call",
    [
        lambda: slerp(0 * STARTS, ENDS, 0.5),
        lambda: slerp(np.ones(1), -np.ones(1), 0.5),
        lambda: path(STARTS, 0),
        lambda: path(STARTS, 2, "cubic"),
        lambda: path(STARTS[0], 2),
        lambda: path(np.ones((2, 2), int), 2),
        lambda: class_path([0, 3], 3, 2),
        lambda: class_path([-1], 3, 2),
        lambda: class_path([0.5], 3, 2),
        lambda: class_path([], 3, 2),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"Received:"):
        call()


def test_a_smooth_path_slows_down_at_its_keyframes():
    keyframes = np.array([[0.0], [1.0], [3.0]])
    points = path(keyframes, 4, "linear", easing="smooth").ravel()
    t = np.array([0.0, 0.25, 0.5, 0.75])
    eased = 3 * t**2 - 2 * t**3
    np.testing.assert_allclose(points, [*eased, *(1 + 2 * eased), 3.0], atol=1e-12)
    weights = class_path([0, 1], 2, 4, easing="smooth")
    np.testing.assert_allclose(weights[:4, 1], eased, atol=1e-7)
    with pytest.raises(ValueError, match="`easing` must be one of 'linear', 'smooth'"):
        path(keyframes, 4, "linear", easing="slow")
