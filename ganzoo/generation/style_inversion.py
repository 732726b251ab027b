"""The styles, and the noise maps, with which a style-based generator comes nearest to an image."""

import math
from typing import NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.generation import adam
from ganzoo.generation.conditioning import condition_of, labels_of
from ganzoo.generation.inversion import as_shown, check_images
from ganzoo.generation.sampling import as_examples, in_batches
from ganzoo.generation.truncation import TruncatedGenerator, truncating_layer
from ganzoo.layers import NoiseInjection
from ganzoo.random import latents_from_seeds, split_seeds
from ganzoo.validation import (
    check_choice,
    check_non_negative,
    check_positive,
    check_positive_integer,
    check_seed,
)

SPACES = ("style", "style_rows")
_RAMP_UP, _RAMP_DOWN = 0.05, 0.25  # Shares of the steps.
_JITTER, _JITTER_END = 0.05, 0.75
_SMALLEST_VARIANCE = 1e-8
_SMALLEST_MAP = 8  # The last level of the pyramid of a noise map.


class StyleProjection(NamedTuple):
    """What `GAN.project_styles` finds: NumPy arrays with a row for each image.

    Attributes:
        styles: float32 of shape `(n, num_rows, style_dim)`.
        noise: List of float32 arrays `(n, height, width)`, the noise maps of the layers in their
            order, or `None` where the stored maps were kept.
        images: The images that the generator makes from these, as from `GAN.sample`.
        errors: float32 of shape `(n,)`, the root of the mean squared difference to the given image
            in gray levels.
    """

    styles: np.ndarray
    noise: list[np.ndarray] | None
    images: np.ndarray
    errors: np.ndarray


def noise_layers(network):
    """Returns the layers of a network that add stored noise."""
    # Keras has no public method that lists the layers within a layer.
    layers = network._flatten_layers()
    return [layer for layer in layers if isinstance(layer, NoiseInjection)]


def with_noise(network, maps, call):
    """Returns what `call` returns while the noise layers of a network have other maps."""
    stored = [layer.map for layer in noise_layers(network)]
    with backend.isolated(network.variables, zip(stored, maps, strict=True)):
        return call()


def correlation(noise):
    """Returns how much neighbors in noise maps `(batch, height, width)` are alike, a scalar.

        sum of mean(n * roll_x(n))**2 + mean(n * roll_y(n))**2

    over the map and its halves by means of 2 x 2, down to 8 x 8.

    Reference:
        Karras et al. 2020, https://arxiv.org/abs/1912.04958, appendix D, equation 7.
    """
    total = 0.0
    while True:
        for axis in (1, 2):
            product = ops.mean(noise * ops.roll(noise, 1, axis=axis), axis=(1, 2))
            total = total + ops.sum(ops.square(product))
        if min(noise.shape[1:]) <= _SMALLEST_MAP:
            return total
        # On JAX, Keras computes wrong strides from a single number for the size.
        noise = ops.average_pool(noise[..., None], 2, strides=2)[..., 0]


def compile_style_projection(gan, by_row, moves_noise, features_of):
    """Returns the compiled function that finds the styles of one image.

    Args:
        gan: A `ganzoo.GAN` with a style-based generator.
        by_row: Whether each row of the styles is free.
        moves_noise: Whether the noise maps are free.
        features_of: Function from images in [-1, 1] to features, or `None`.
    """
    generator = TruncatedGenerator(gan)
    inference = gan.inference_generator
    _, rows, dimensions = truncating_layer(inference).output.shape
    free = rows * dimensions if by_row else dimensions
    maps = noise_layers(inference) if moves_noise else []
    shapes = [tuple(layer.map.shape) for layer in maps]
    ends = np.cumsum([free, *map(math.prod, shapes)])

    def styles_of(point):
        styles = ops.reshape(point[:, :free], (1, -1, dimensions))
        return ops.broadcast_to(styles, (1, rows, dimensions))

    def maps_of(point):
        parts = ops.split(point, [int(end) for end in ends[:-1]], axis=1)[1:] if maps else []
        return [ops.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]

    def images_of(styles, noise):
        if not maps:
            return ops.cast(generator.from_styles(styles), "float32")
        images = with_noise(inference, noise, lambda: generator.from_styles(styles))
        return ops.cast(images, "float32")

    def project_one(target, start, spread, low, high, steps, learning_rate, *weights):
        noise_weight, feature_weight = weights
        target_features = None if features_of is None else features_of(target)

        def objective(point, jitter):
            noise = maps_of(point)
            images = images_of(styles_of(point + jitter), noise)
            value = ops.mean(ops.square(images - target))
            if features_of is not None:
                difference = features_of(images) - target_features
                value = value + feature_weight * ops.mean(ops.square(difference))
            return value + noise_weight * sum(correlation(one[None]) for one in noise)

        def normalized(point):
            """Gives each noise map a mean of 0 and a variance of 1."""
            parts = [point[:, :free]]
            for noise in maps_of(point):
                noise = noise - ops.mean(noise)
                noise = noise / ops.sqrt(ops.mean(ops.square(noise)) + _SMALLEST_VARIANCE)
                parts.append(ops.reshape(noise, (1, -1)))
            return ops.concatenate(parts, axis=1)

        def update(step, state):
            point, mean, square = state
            progress = ops.cast(step, "float32") / ops.cast(steps, "float32")
            ramp = 0.5 - 0.5 * ops.cos(math.pi * ops.minimum(1.0, (1.0 - progress) / _RAMP_DOWN))
            rate = learning_rate * ramp * ops.minimum(1.0, progress / _RAMP_UP)
            strength = ops.square(ops.maximum(0.0, 1.0 - progress / _JITTER_END))
            words = low, high ^ ops.cast(step + 1, "uint32")
            jitter = latents_from_seeds(words, free, "normal") * (spread * _JITTER * strength)
            jitter = ops.pad(jitter, ((0, 0), (0, int(ends[-1]) - free)))
            gradient = backend.input_gradient(lambda point: objective(point, jitter), point)
            direction, mean, square = adam.direction(gradient, mean, square, step)
            point = point - rate * direction
            return (normalized(point) if maps else point), mean, square

        start = ops.convert_to_tensor(start)
        if maps:
            stored = [ops.reshape(ops.cast(m.map, "float32"), (1, -1)) for m in maps]
            start = ops.concatenate([start, *stored], axis=1)
        zeros = ops.zeros_like(start)
        point, *_ = ops.fori_loop(0, steps, update, (start, zeros, zeros))
        styles, noise = styles_of(point), maps_of(point)
        images = images_of(styles, noise)
        difference = as_shown(gan, images) - target
        error = ops.sqrt(ops.mean(ops.square(difference), axis=(1, 2, 3)))
        return styles, as_examples(gan, images), error, *(one[None] for one in noise)

    return backend.compiled(project_one, gan)


def project_styles(
    gan,
    function,
    styles_function,
    images,
    labels,
    conditions,
    space,
    samples,
    seed,
    steps,
    *numbers,
):
    """Finds the styles of images one by one; it has the arguments of `GAN.project_styles`."""
    steps = np.int32(check_positive_integer("steps", steps))
    learning_rate, noise_weight, feature_weight = numbers
    learning_rate = np.float32(check_positive("learning_rate", learning_rate))
    weights = [
        np.float32(check_non_negative("noise_weight", noise_weight)),
        np.float32(check_non_negative("feature_weight", feature_weight)),
    ]
    check_seed(seed)
    targets = check_images(gan, images)
    given = _conditions_of_starts(gan, labels, conditions, len(targets))
    starts = {}
    results = []
    for target, condition in zip(targets, given, strict=True):
        key = None if condition is None else condition.tobytes()
        if key not in starts:
            starts[key] = _mean_style(gan, styles_function, samples, condition)
        mean, spread = starts[key]
        if space == "style_rows":
            rows = truncating_layer(gan.inference_generator).output.shape[1]
            mean = np.tile(mean, (1, rows))
        words = split_seeds(np.array([seed], "uint64"))
        settings = spread, *words, steps, learning_rate, *weights
        found = function(target[None], mean, *settings)
        results.append([ops.convert_to_numpy(part) for part in found])
    styles, examples, errors, *noise = (
        np.concatenate(parts) for parts in zip(*results, strict=True)
    )
    return StyleProjection(styles, noise or None, examples, 127.5 * errors)


def check_space(gan, space, moves_noise):
    """Raises `ValueError` if the generator has no styles, or no noise maps to move."""
    check_choice("space", space, SPACES)
    if truncating_layer(gan.inference_generator) is None:
        raise ValueError(
            "Only style-based generators have styles: use `gan.project` for latents. "
            f"Received: {gan.inference_generator!r}"
        )
    if moves_noise and not noise_layers(gan.inference_generator):
        raise ValueError(
            "This generator has no layers with noise maps. Expected: noise=False. "
            "Received: noise=True"
        )


def _conditions_of_starts(gan, labels, conditions, n):
    """Returns the class or the conditions of each image; `None` for the mean of all classes."""
    if gan.condition_dim is None and labels is None and conditions is None:
        return [None] * n
    found = condition_of(gan, labels, conditions, n)
    return [None] * n if found is None else list(found)


def _mean_style(gan, styles_function, samples, condition):
    """Returns the mean of w, `(1, dimensions)`, and its root mean squared distance to w."""
    seeds = np.arange(check_positive_integer("samples", samples), dtype="uint64")
    conditions = labels_of(seeds, gan.num_classes)
    if condition is not None:
        conditions = np.repeat(condition[None], len(seeds), axis=0)
    latents = gan.latents_of(seeds)
    # All rows of the styles are the same.
    (styles,) = in_batches(
        lambda *batch: [styles_function(*batch)[:, 0]], 1000, latents, conditions
    )
    styles = styles.astype("float64")
    mean = styles.mean(axis=0)
    spread = np.sqrt(np.square(styles - mean).sum(axis=1).mean())
    return mean[None].astype("float32"), np.float32(spread)
