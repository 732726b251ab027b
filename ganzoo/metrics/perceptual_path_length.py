"""The length of the way that images take while latents move."""

import numpy as np

from ganzoo.data import philox
from ganzoo.interpolation import INTERPOLATIONS, lerp, slerp
from ganzoo.metrics.features import check_features
from ganzoo.validation import check_choice, check_positive, check_positive_integer


def perceptual_path_length(
    generate,
    extractor,
    starts,
    ends,
    interpolation="spherical",
    epsilon=1e-4,
    percentiles=(1, 99),
    batch_size=50,
    seed=0,
):
    """Returns the mean squared speed of the features while latents move from start to end.

        PPL = E[ |f(G(z(t))) - f(G(z(t + epsilon)))|² / epsilon² ],   t uniform in [0, 1),

    without the outermost percentiles of the terms.

    Args:
        generate: Function from latents `(batch, latent_dim)` to floating images: 8-bit ones do not
            change over a step as small as epsilon. It must be in inference mode.
        extractor: Function from these images to features `(batch, dimensions)`.
        starts, ends: Latents of the two ends of each way, `(count, latent_dim)`, drawn from the
            generator's own distribution.
        interpolation: `"spherical"` for normal latents, whose norms hardly vary; `"linear"` for
            uniform or for mapped ones.
        epsilon: Length of the step, as a share of the way.
        percentiles: The terms below the first and above the second are left out.
        batch_size: Number of ways that images are generated for at once.
        seed: Seed of t.

    Raises:
        ValueError: If latents do not fit, images are not floating, or an argument is out of range.

    Deviations:
        The authors' spherical interpolation runs on the unit sphere, because their generator
        normalizes its latents; here their length goes from that of the start to that of the end,
        which is the same for generators that normalize. The distance is the squared Euclidean one
        of the extractor's features, LPIPS in the paper: figures of different extractors differ.

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
            "`starts` and `ends` must have one shape. "
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
