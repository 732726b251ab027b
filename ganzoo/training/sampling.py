"""Drawing examples from a GAN, each from a seed of its own."""

import numpy as np
from keras import ops

from ganzoo.random import latents_from_seeds, split_seeds
from ganzoo.training import backend
from ganzoo.validation import check_non_negative, check_positive_integer, check_seed


def draw_latents(draws, rows, latent_dim, distribution):
    """Returns the latents of a training step, of shape `(rows, latent_dim)`."""
    if distribution == "normal":
        return draws.normal("latents", rows, (latent_dim,))
    return draws.uniform("latents", rows, (latent_dim,), minval=-1.0)


def check_labels(labels, n, seed, num_classes):
    """Returns int32 labels of shape `(n,)` to sample with, or `None` without classes."""
    if num_classes is None:
        if labels is not None:
            raise ValueError(
                f"This GAN has no classes. Expected: labels=None. Received: labels={labels!r}"
            )
        return None
    if labels is None:
        return ((seed % num_classes + np.arange(n)) % num_classes).astype("int32")
    labels = np.asarray(labels)
    if labels.shape not in ((), (n,)) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"`labels` must be one class or {n} classes. Received: labels={labels!r}")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"`labels` must be classes from 0 to {num_classes - 1}. Received: labels={labels!r}"
        )
    return np.broadcast_to(labels, n).astype("int32")


def draw_examples(gan, seeds, labels, truncation):
    """Returns the examples of these seeds as `GAN.sample` gives them, in a graph.

    Args:
        gan: The GAN.
        seeds: Low and high words, as `ganzoo.random.latents_from_seeds` takes them.
        labels: Integer labels of shape `(batch,)`, or `None`.
        truncation: Factor of the latents, a scalar or of shape `(batch, 1)`.
    """
    latents = truncation * latents_from_seeds(seeds, gan.latent_dim, gan.latent)
    examples = ops.cast(gan(latents if labels is None else [latents, labels]), "float32")
    if len(gan.example_shape) == 3:
        return ops.cast(ops.round(ops.clip((examples + 1.0) * 127.5, 0.0, 255.0)), "uint8")
    return examples


def compile_sampling(gan):
    """Returns the compiled function of seeds that `sample` calls."""

    def sample_batch(low, high, labels, truncation):
        return draw_examples(gan, (low, high), labels, truncation)

    return backend.compiled(sample_batch, gan)


def sample(gan, sampling_function, n, seed, labels, truncation, batch_size):
    """Draws `n` examples in batches of one size; the arguments are those of `GAN.sample`."""
    check_positive_integer("n", n)
    check_positive_integer("batch_size", batch_size)
    check_seed(seed)
    truncation = np.float32(check_non_negative("truncation", truncation))
    labels = check_labels(labels, n, seed, gan.num_classes)
    size = min(n, batch_size)
    rows = []
    for start in range(0, n, size):
        # The last call draws a whole batch too, so that one compilation serves all.
        seeds = np.uint64(seed) + np.arange(start, start + size, dtype="uint64")
        batch_labels = None if labels is None else np.resize(labels[start:], size)
        examples = sampling_function(*split_seeds(seeds), batch_labels, truncation)
        rows.append(ops.convert_to_numpy(examples))
    return np.concatenate(rows)[:n]
