"""The latents whose images are nearest to given images, by gradient descent."""

import math
from typing import NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.generation import adam
from ganzoo.generation.conditioning import condition_of
from ganzoo.generation.sampling import as_examples, in_batches
from ganzoo.numerics import to_signed_range
from ganzoo.random import latents_from_seeds, split_seeds
from ganzoo.validation import (
    check_non_negative,
    check_positive,
    check_positive_integer,
    check_seed,
)


class Projection(NamedTuple):
    """What `GAN.project` finds: NumPy arrays with a row for each image.

    Attributes:
        latents: float32 of shape `(n, latent_dim)`.
        labels: int32 of shape `(n,)`, the given conditions, or `None` without both.
        images: The images that the generator makes from these, as from `GAN.sample`.
        errors: float32 of shape `(n,)`, the root of the mean squared difference to the given image:
            of images in gray levels from 0 to 255.
    """

    latents: np.ndarray
    labels: np.ndarray | None
    images: np.ndarray
    errors: np.ndarray


def compile_projection(gan, features_of=None):
    """Returns the compiled function that `project` calls.

    Args:
        gan: The GAN.
        features_of: Function from images in [-1, 1] to features that are compared, or `None`.
    """

    def project_batch(
        targets, low, high, labels, steps, learning_rate, prior_weight, feature_weight
    ):
        axes = tuple(range(1, len(gan.example_shape) + 1))
        target_features = None if features_of is None else features_of(targets)

        def outputs_of(latents):
            return ops.cast(gan(latents if labels is None else [latents, labels]), "float32")

        def differences_of(outputs):
            """Returns the mean squared differences of pixels, and of all that is compared."""
            of_pixels = ops.mean(ops.square(outputs - targets), axis=axes)
            if features_of is None:
                return of_pixels, of_pixels
            features = ops.square(features_of(outputs) - target_features)
            return of_pixels, of_pixels + feature_weight * ops.mean(features, axis=1)

        def objective(latents):
            prior = prior_weight * ops.mean(ops.square(latents), axis=1) / 2.0
            return ops.sum(differences_of(outputs_of(latents))[1] + prior)

        def update(step, state):
            latents, mean, square = state
            gradient = backend.input_gradient(objective, latents)
            direction, mean, square = adam.direction(gradient, mean, square, step)
            progress = ops.cast(step, "float32") / ops.cast(steps, "float32")
            rate = learning_rate * (1.0 + ops.cos(math.pi * progress)) / 2.0
            latents = latents - rate * direction
            if gan.latent == "uniform":
                # Each step has other seeds: their upper words count the steps.
                words = low, high ^ ops.cast(step + 1, "uint32")
                drawn = latents_from_seeds(words, gan.latent_dim, "uniform")
                clipped = ops.clip(latents, -1.0, 1.0)
                outside = ops.where(progress < 0.5, drawn, clipped)
                latents = ops.where(ops.abs(latents) < 1.0, latents, outside)
            return latents, mean, square

        latents = latents_from_seeds((low, high), gan.latent_dim, gan.latent)
        zeros = ops.zeros_like(latents)
        latents, *_ = ops.fori_loop(0, steps, update, (latents, zeros, zeros))
        outputs = as_shown(gan, outputs_of(latents))
        of_pixels, distances = differences_of(outputs)
        return latents, as_examples(gan, outputs), ops.sqrt(of_pixels), ops.sqrt(distances)

    return backend.compiled(project_batch, gan)


def as_shown(gan, outputs):
    """Returns the generator's outputs as their examples are: images are clipped to [-1, 1]."""
    return ops.clip(outputs, -1.0, 1.0) if len(gan.example_shape) == 3 else outputs


def project(
    gan,
    function,
    images,
    labels,
    steps,
    restarts,
    seed,
    learning_rate,
    prior_weight,
    batch_size,
    conditions,
    feature_weight,
):
    """Finds the latents of images; it has the arguments of `GAN.project`."""
    steps = np.int32(check_positive_integer("steps", steps))
    check_positive_integer("restarts", restarts)
    check_positive_integer("batch_size", batch_size)
    check_seed(seed)
    learning_rate = np.float32(check_positive("learning_rate", learning_rate))
    prior_weight = np.float32(check_non_negative("prior_weight", prior_weight))
    feature_weight = np.float32(check_non_negative("feature_weight", feature_weight))
    if gan.latent == "uniform":
        prior_weight = np.float32(0.0)  # All latents in the cube are equally likely.
    targets = check_images(gan, images)
    n = len(targets)
    if gan.num_classes is None or labels is not None or conditions is not None:
        labels = condition_of(gan, labels, conditions, n)
        classes = None if labels is None else labels[:, None]
    else:
        classes = np.tile(np.arange(gan.num_classes, dtype="int32"), (n, 1))
    tried = 1 if classes is None else classes.shape[1]

    # There is one row for each image, start and class that is tried.
    starts = np.uint64(seed) + np.arange(restarts, dtype="uint64")
    image, start, of_class = map(np.ravel, np.indices((n, restarts, tried)))
    row_labels = None if classes is None else classes[image, of_class]

    def project_batch(image, seeds, labels):
        settings = steps, learning_rate, prior_weight, feature_weight
        return function(targets[image], *split_seeds(seeds), labels, *settings)

    latents, examples, errors, distances = in_batches(
        project_batch, batch_size, image, starts[start], row_labels
    )
    best = distances.reshape(n, -1).argmin(axis=1) + np.arange(n) * restarts * tried
    gray_levels = 127.5 if len(gan.example_shape) == 3 else 1.0
    return Projection(
        latents[best],
        None if row_labels is None else row_labels[best],
        examples[best],
        gray_levels * errors[best],
    )


def check_images(gan, images):
    """Returns images as a float32 batch in [-1, 1], or vectors as float32."""
    images = np.asarray(images)
    if images.shape == gan.example_shape:
        images = images[None]
    if images.shape[1:] != gan.example_shape or not len(images):
        raise ValueError(
            f"`images` must be one of shape {gan.example_shape}, or a batch of them: crop and "
            "resize others first, as `ganzoo project` and `ganzoo.data.load(size=...)` do. "
            f"Received: images of shape {images.shape}"
        )
    is_image, is_floating = len(gan.example_shape) == 3, np.issubdtype(images.dtype, np.floating)
    if not is_floating and not (is_image and images.dtype in ("uint8", "uint16")):
        raise ValueError(
            "`images` must be uint8 or uint16 images, or floating; vectors must be floating. "
            f"Received: images of dtype {images.dtype}"
        )
    if is_floating and not np.isfinite(images).all():
        raise ValueError("`images` must be finite. Received: images with NaN or infinity")
    if is_image and is_floating:
        images = gan.pixels.to_signed(images)
    if is_image and is_floating and np.abs(images).max() > 1.0:
        raise ValueError(
            "Floating `images` must be in [-1, 1]. "
            f"Received: values from {images.min():g} to {images.max():g}"
        )
    return ops.convert_to_numpy(to_signed_range(ops.convert_to_tensor(images))).astype("float32")
