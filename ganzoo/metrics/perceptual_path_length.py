"""The length of the path of images while latents move."""

from collections.abc import Callable

import numpy as np

from ganzoo.data import philox
from ganzoo.interpolation import INTERPOLATIONS, lerp, slerp
from ganzoo.metrics.features import check_features
from ganzoo.validation import check_choice, check_positive, check_positive_integer


def perceptual_path_length(
    generate: Callable,
    extractor: Callable,
    starts,
    ends,
    interpolation: str = "spherical",
    epsilon: float = 1e-4,
    percentiles: tuple[float, float] = (1, 99),
    batch_size: int = 50,
    seed: int = 0,
) -> float:
    """Returns the mean squared speed of the features while latents move from start to end.

        PPL = E[ |f(G(z(t))) - f(G(z(t + epsilon)))|² / epsilon² ],   t uniform in [0, 1),

    without the terms outside of the percentiles.

    Args:
        generate: Function from latents `(batch, latent_dim)` to floating images, in inference mode.
            8-bit images would not change over a step as small as epsilon.
        extractor: Function from these images to features `(batch, dimensions)`.
        starts, ends: Latents at the two ends of each path, `(count, latent_dim)`, drawn from the
            generator's latent distribution.
        interpolation: `"spherical"` for normal latents, whose norms hardly vary; `"linear"` for
            uniform or mapped latents.
        epsilon: Length of the step, as a share of the path.
        percentiles: Terms below the first and above the second percentile do not count.
        batch_size: Number of paths whose images are generated at once.
        seed: Seed of t.

    Raises:
        ValueError: If the shapes of the latents differ, images are not floating, or an argument is
            out of range.

    Deviations:
        The authors interpolate on the unit sphere, because their generator normalizes its latents.
        Here the length changes from the start's length to the end's length, which is the same for
        generators that normalize. The distance is the squared Euclidean distance of the extractor's
        features; in the paper it is LPIPS. Values of different extractors differ.

    Example:

    >>> starts, ends = np.eye(3)[:2], np.eye(3)[1:]
    >>> length = ganzoo.metrics.perceptual_path_length(lambda z: 2 * z, lambda x: x, starts, ends)
    >>> round(length / np.pi**2, 4)
    1.0

    Reference:
        [A Style-Based Generator Architecture for Generative Adversarial Networks](
        https://arxiv.org/abs/1812.04948), section 4.1, equations 2 and 3.
    """
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    check_positive("epsilon", epsilon)
    check_positive_integer("batch_size", batch_size)
    low, high = percentiles
    if not 0 <= low < high <= 100:
        raise ValueError(
            "`percentiles` must be two increasing numbers from 0 to 100. "
            f"Received: percentiles={percentiles!r}"
        )
    starts, ends = (
        check_features(name, latents) for name, latents in (("starts", starts), ("ends", ends))
    )
    if starts.shape != ends.shape:
        raise ValueError(
            "`starts` and `ends` must have the same shape. "
            f"Received: starts of shape {starts.shape}, ends of shape {ends.shape}"
        )
    interpolate = slerp if interpolation == "spherical" else lerp
    # 53 bits make a float64 in [0, 1).
    times = (philox.generator(seed, 0).random_raw(len(starts)) >> np.uint64(11)) / 2.0**53
    terms = []
    for first in range(0, len(starts), batch_size):
        rows = slice(first, first + batch_size)
        before, after = (
            _features(generate, extractor, interpolate(starts[rows], ends[rows], t))
            for t in (times[rows], times[rows] + epsilon)
        )
        terms.append(np.square(after - before).sum(axis=1) / epsilon**2)
    terms = np.concatenate(terms)
    lowest = np.percentile(terms, low, method="lower")
    highest = np.percentile(terms, high, method="higher")
    return float(terms[(terms >= lowest) & (terms <= highest)].mean())


def _features(generate, extractor, latents):
    images = generate(latents)
    if "float" not in str(images.dtype):
        raise ValueError(
            "`generate` must return floating images: 8-bit ones do not change over a step as small "
            f"as epsilon. Received: images of dtype {images.dtype}"
        )
    return check_features("features", extractor(images)).astype(np.float64)
