"""Ways between latents, and between classes: pure functions of NumPy arrays."""

import numpy as np

from ganzoo.validation import check_choice, check_positive_integer

INTERPOLATIONS = ("spherical", "linear")
# Below it, rounding errors decide the direction from a vector to one at this sine of an angle.
_SMALLEST_SINE = 1e-8


def lerp(starts, ends, t):
    """Returns the points at `t` of the straight lines, (1 - t) start + t end.

    It is the way for uniform latents, whose cube is convex, and for weights of classes.

    Args:
        starts, ends: Floating arrays whose last axis are the coordinates.
        t: Number, or array that broadcasts against their other axes: 0 is the start, 1 the end.

    Example:

    >>> lerp(np.array([0.0, 2.0]), np.array([1.0, 0.0]), 0.5)
    array([0.5, 1. ])
    """
    starts, ends = np.asarray(starts), np.asarray(ends)
    t = np.asarray(t, np.float64)[..., None]
    # In this form both ends are exact.
    points = (1.0 - t) * starts.astype(np.float64) + t * ends.astype(np.float64)
    return points.astype(starts.dtype)


def slerp(starts, ends, t):
    """Returns the points at `t` of the great circles, with lengths that go over linearly.

        ((1 - t) |start| + t |end|) (sin((1 - t) angle) a + sin(t angle) b) / sin(angle)

    for the unit vectors a of the start and b of the end. It is the way for normal latents: their
    lengths hardly vary, and the middle of a straight line is shorter than any of them. Of the many
    great circles between opposite points, it takes one that depends on the start alone.

    Args:
        starts, ends: Floating arrays whose last axis are the coordinates, none of them 0.
        t: Number, or array that broadcasts against their other axes: 0 is the start, 1 the end.

    Raises:
        ValueError: If a row is zero, or a way between opposite points has but one dimension.

    Example:

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 3.0]), [0.0, 0.5, 1.0]).round(2).tolist()
    [[1.0, 0.0], [1.41, 1.41], [0.0, 3.0]]

    Reference:
        [Sampling Generative Networks](https://arxiv.org/abs/1609.04468), on interpolation;
        [Animating rotation with quaternion curves](https://doi.org/10.1145/325165.325242).

    Deviations:
        White takes a and b for the latents themselves in the formula above, which is the same if
        they have one length.
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


def path(keys, steps, interpolation="spherical", loop=False):
    """Returns the points of a way through keys, one after the other.

    Args:
        keys: Floating array of shape `(keys, coordinates)`.
        steps: Steps from each key to the next.
        interpolation: `"spherical"` or `"linear"`.
        loop: Whether the way goes on from the last key to the first. It then ends one step before
            the first key, so that an animation of it repeats without a halt.

    Returns:
        Array of shape `((keys - 1) * steps + 1, coordinates)`, or `(keys * steps, coordinates)`
        of a loop; every `steps`-th row is a key.

    Raises:
        ValueError: If an argument is out of its range, or keys cannot be interpolated so.

    Example:

    >>> path(np.array([[0.0], [1.0], [5.0]]), steps=2, interpolation="linear").ravel().tolist()
    [0.0, 0.5, 1.0, 3.0, 5.0]
    """
    keys = np.asarray(keys)
    if keys.ndim != 2 or not keys.size or not np.issubdtype(keys.dtype, np.floating):
        raise ValueError(
            "`keys` must be floating, of shape (keys, coordinates). "
            f"Received: keys of dtype {keys.dtype} and shape {keys.shape}"
        )
    check_positive_integer("steps", steps)
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    interpolate = slerp if interpolation == "spherical" else lerp
    t = np.arange(steps) / steps
    ends = np.roll(keys, -1, axis=0) if loop else keys[1:]
    ways = [interpolate(*way, t) for way in zip(keys, ends, strict=False)]
    points = np.concatenate([*ways, *([] if loop else [keys[-1:]])])
    # Rounding leaves the keys themselves alone.
    points[::steps] = keys
    return points


def class_path(classes, num_classes, steps, loop=False):
    """Returns the weights of the classes along a way from class to class.

    Args:
        classes: Integers in [0, num_classes), the keys of the way.
        num_classes: Number of classes.
        steps, loop: As for `path`.

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
    return path(np.eye(num_classes, dtype=np.float32)[classes], steps, "linear", loop)


def _across(starts, ends, cosines):
    """Returns the unit vectors at a right angle to the starts, in the planes of both; and sines."""
    across = ends - cosines * starts
    sines = np.linalg.norm(across, axis=-1, keepdims=True)
    is_parallel = sines < _SMALLEST_SINE
    if is_parallel.any():
        if starts.shape[-1] == 1 and (cosines < 0).any():
            raise ValueError(
                "There is no great circle in one dimension: interpolate linearly. "
                "Received: points on both sides of 0"
            )
        # Of all axes, the one that is the farthest from the start's direction.
        axis = np.eye(starts.shape[-1])[np.abs(starts).argmin(axis=-1)]
        axis = axis - (axis * starts).sum(axis=-1, keepdims=True) * starts
        across = np.where(is_parallel, axis, across)
    norms = np.linalg.norm(across, axis=-1, keepdims=True)
    return across / np.where(norms > 0, norms, 1.0), sines
