"""Paths between latents, and between classes: pure functions of NumPy arrays."""

from typing import Any

import numpy as np

from ganzoo.validation import check_choice, check_positive_integer

INTERPOLATIONS = ("spherical", "linear")
# What becomes of the share t of the way from a keyframe to the next one.
EASINGS = {"linear": lambda t: t, "smooth": lambda t: t * t * (3.0 - 2.0 * t)}
# If the sine of the angle of two vectors is smaller, rounding errors decide the direction.
_SMALLEST_SINE = 1e-8


def lerp(starts: Any, ends: Any, t: Any) -> np.ndarray:
    """Returns the points at `t` of the straight lines, (1 - t) start + t end.

    Use it for uniform latents, because their cube is convex, and for weights of classes.

    Args:
        starts, ends: Floating arrays. The last axis holds the coordinates.
        t: Number, or array that broadcasts against their other axes. 0 is the start, 1 is the end.

    Example:

    >>> lerp(np.array([0.0, 2.0]), np.array([1.0, 0.0]), 0.5)
    array([0.5, 1. ])
    """
    starts, ends = np.asarray(starts), np.asarray(ends)
    t = np.asarray(t, np.float64)[..., None]
    # In this form both ends are exact.
    points = (1.0 - t) * starts.astype(np.float64) + t * ends.astype(np.float64)
    return points.astype(starts.dtype)


def slerp(starts: Any, ends: Any, t: Any) -> np.ndarray:
    """Returns the points at `t` of the great circles, with lengths that change linearly.

        ((1 - t) |start| + t |end|) (sin((1 - t) angle) a + sin(t angle) b) / sin(angle)

    for the unit vectors a of the start and b of the end. Use it for normal latents: they have
    almost the same length, and the middle of a straight line between two of them is shorter.
    Between opposite points there are many great circles. The function uses one that depends on the
    start alone.

    Args:
        starts, ends: Floating arrays. The last axis holds the coordinates. No row may be zero.
        t: Number, or array that broadcasts against their other axes. 0 is the start, 1 is the end.

    Raises:
        ValueError: If a row is zero, or if opposite points have only one dimension.

    Example:

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 3.0]), [0.0, 0.5, 1.0]).round(2).tolist()
    [[1.0, 0.0], [1.41, 1.41], [0.0, 3.0]]

    Reference:
        [Sampling Generative Networks](https://arxiv.org/abs/1609.04468), on interpolation;
        [Animating rotation with quaternion curves](https://doi.org/10.1145/325165.325242).

    Deviations:
        In White's formula, a and b are the latents themselves. The result is the same if they have
        the same length.
    """
    starts, ends = np.asarray(starts), np.asarray(ends)
    dtype = starts.dtype
    starts, ends = starts.astype(np.float64), ends.astype(np.float64)
    t = np.asarray(t, np.float64)[..., None]
    start_norms, end_norms = (np.linalg.norm(z, axis=-1, keepdims=True) for z in (starts, ends))
    if not (start_norms.all() and end_norms.all()):
        raise ValueError("Latents to interpolate spherically must not be 0. Received: a zero row")
    starts, ends = starts / start_norms, ends / end_norms
    cosines = np.clip((starts * ends).sum(axis=-1, keepdims=True), -1.0, 1.0)
    across, sines = _across(starts, ends, cosines)
    angles = np.arctan2(sines, cosines) * t
    points = np.cos(angles) * starts + np.sin(angles) * across
    points = points * ((1.0 - t) * start_norms + t * end_norms)
    return points.astype(dtype)


def path(
    keyframes: Any,
    steps: int,
    interpolation: str = "spherical",
    loop: bool = False,
    easing: str = "linear",
) -> np.ndarray:
    """Returns the points of a path through keyframes, one after the other.

    Args:
        keyframes: Floating array of shape `(keyframes, coordinates)`.
        steps: Steps from each keyframe to the next.
        interpolation: `"spherical"` or `"linear"`.
        loop: Whether the path returns from the last keyframe to the first. It then ends one step
            before the first keyframe, so that an animation of it repeats without a pause.
        easing: `"linear"`, or `"smooth"`: the path starts slowly at each keyframe and slows down
            before the next one, by `3 t**2 - 2 t**3`.

    Returns:
        Array of shape `((keyframes - 1) * steps + 1, coordinates)`, or for a loop
        `(keyframes * steps, coordinates)`. Every `steps`-th row is a keyframe.

    Raises:
        ValueError: If an argument is out of its range, or if the keyframes cannot be interpolated.

    Example:

    >>> path(np.array([[0.0], [1.0], [5.0]]), steps=2, interpolation="linear").ravel().tolist()
    [0.0, 0.5, 1.0, 3.0, 5.0]
    """
    keyframes = np.asarray(keyframes)
    is_right = keyframes.ndim == 2 and keyframes.size
    if not is_right or not np.issubdtype(keyframes.dtype, np.floating):
        raise ValueError(
            "`keyframes` must be floating, of shape (keyframes, coordinates). "
            f"Received: keyframes of dtype {keyframes.dtype} and shape {keyframes.shape}"
        )
    check_positive_integer("steps", steps)
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    interpolate = slerp if interpolation == "spherical" else lerp
    t = EASINGS[check_choice("easing", easing, EASINGS)](np.arange(steps) / steps)
    ends = np.roll(keyframes, -1, axis=0) if loop else keyframes[1:]
    pieces = [interpolate(*piece, t) for piece in zip(keyframes, ends, strict=False)]
    points = np.concatenate([*pieces, *([] if loop else [keyframes[-1:]])])
    # The keyframes themselves are exact.
    points[::steps] = keyframes
    return points


def class_path(
    classes: Any, num_classes: int, steps: int, loop: bool = False, easing: str = "linear"
) -> np.ndarray:
    """Returns the weights of the classes along a path from class to class.

    Args:
        classes: Integers in [0, num_classes), the keyframes of the path.
        num_classes: Number of classes.
        steps, loop, easing: As for `path`.

    Returns:
        float32 array of shape `(points, num_classes)`, whose rows sum to 1.

    Raises:
        ValueError: If an argument is out of its range.

    Example:

    >>> class_path([0, 2], num_classes=3, steps=2).tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]]
    """
    check_positive_integer("num_classes", num_classes)
    classes = np.asarray(classes)
    is_right = classes.ndim == 1 and classes.size and np.issubdtype(classes.dtype, np.integer)
    if not is_right or classes.min() < 0 or classes.max() >= num_classes:
        raise ValueError(
            f"`classes` must be a list of classes from 0 to {num_classes - 1}. "
            f"Received: classes={classes.tolist()!r}"
        )
    return path(np.eye(num_classes, dtype=np.float32)[classes], steps, "linear", loop, easing)


def _across(starts, ends, cosines):
    """Returns the unit vectors that are orthogonal to the starts in the planes, and the sines."""
    across = ends - cosines * starts
    sines = np.linalg.norm(across, axis=-1, keepdims=True)
    is_parallel = sines < _SMALLEST_SINE
    if is_parallel.any():
        if starts.shape[-1] == 1 and (cosines < 0).any():
            raise ValueError(
                "There is no great circle in one dimension: interpolate linearly. "
                "Received: points on both sides of 0"
            )
        # The axis that is the farthest from the start's direction.
        axis = np.eye(starts.shape[-1])[np.abs(starts).argmin(axis=-1)]
        axis = axis - (axis * starts).sum(axis=-1, keepdims=True) * starts
        across = np.where(is_parallel, axis, across)
    norms = np.linalg.norm(across, axis=-1, keepdims=True)
    return across / np.where(norms > 0, norms, 1.0), sines
