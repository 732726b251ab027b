"""Examples from latents and from seeds. Each seed stands for one latent vector."""

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.generation.conditioning import condition_of
from ganzoo.generation.truncation import TruncatedGenerator, check_truncation
from ganzoo.random import latents_from_seeds, split_seeds
from ganzoo.validation import check_non_negative, check_positive_integer, check_seed, describe


def check_seeds(seeds):
    """Returns a list of seeds as uint64 of shape `(n,)`, or raises `ValueError`."""
    seeds = np.atleast_1d(np.asarray(seeds, dtype=object))
    if seeds.ndim != 1 or not len(seeds):
        raise ValueError(f"`seeds` must be a list of integers. Received: seeds={seeds.tolist()!r}")
    return np.array([check_seed(seed) for seed in seeds], dtype="uint64")


def seeds_of_rows(seed, n):
    """Returns the uint64 seeds of `n` rows: of one seed and the ones after it, or of `n` seeds."""
    if np.ndim(seed) == 0:
        # Beyond the largest seed, they start again at 0.
        return np.uint64(check_seed(seed)) + np.arange(n, dtype="uint64")
    seeds = check_seeds(seed)
    if len(seeds) != n:
        raise ValueError(f"`seed` must be one seed or {n} seeds. Received: seed={describe(seed)}")
    return seeds


def check_latent_scale(latent_scale):
    """Returns a factor of the latents as float32, or raises `ValueError`."""
    value = check_non_negative("latent_scale", latent_scale)
    if value > float(np.finfo("float32").max):
        raise ValueError(
            f"`latent_scale` must be a float32 number. Received: latent_scale={latent_scale!r}"
        )
    return np.float32(value)


def as_examples(gan, outputs):
    """Returns the generator's outputs as examples: images of `gan.pixels`, or float32 vectors."""
    outputs = ops.cast(outputs, "float32")
    if len(gan.example_shape) == 3:
        return gan.pixels.from_signed(outputs)
    return outputs


def sampling_function(gan):
    """Returns the function from seeds to examples, as in `GAN.sample`, inside a graph.

    Its arguments are the low and high words of seeds, as `ganzoo.random.latents_from_seeds` takes
    them, labels, conditions or `None`, the truncation, a scalar or of shape
    `(batch, 1)` or `None`, a factor of the latents, and what is added to truncated latents and to
    truncated styles, or `None`.
    """
    generate = TruncatedGenerator(gan)

    def draw_examples(
        seeds, labels, truncation, latent_scale=1.0, latent_offsets=None, style_offsets=None
    ):
        latents = latent_scale * latents_from_seeds(seeds, gan.latent_dim, gan.latent)
        offsets = latent_offsets, style_offsets
        return as_examples(gan, generate(latents, labels, truncation, *offsets))

    return draw_examples


def compile_sampling(gan):
    """Returns the compiled function of seeds that `sample` calls."""
    draw_examples = sampling_function(gan)

    def sample_batch(low, high, labels, truncation, latent_scale):
        return draw_examples((low, high), labels, truncation, latent_scale)

    return backend.compiled(sample_batch, gan)


def sample(gan, function, n, seed, labels, truncation, batch_size, latent_scale, conditions):
    """Draws `n` examples in batches of one size; it has the arguments of `GAN.sample`."""
    check_positive_integer("n", n)
    check_positive_integer("batch_size", batch_size)
    if seed is None:
        seed = int(np.random.default_rng().integers(2**64, dtype="uint64"))
    seeds = seeds_of_rows(seed, n)
    truncation, scale = check_truncation(gan, truncation), check_latent_scale(latent_scale)
    labels = condition_of(gan, labels, conditions, n, seeds)

    def sample_batch(seeds, labels):
        return [function(*split_seeds(seeds), labels, truncation, scale)]

    (examples,) = in_batches(sample_batch, batch_size, seeds, labels)
    return examples


def in_batches(function, batch_size, *arrays):
    """Calls a function on batches of one size, and joins the results.

    A batch is read while the device computes the next one.

    Args:
        function: Function of a batch of each array that returns a list of tensors.
        batch_size: Rows of a batch, at most.
        *arrays: NumPy arrays of the same length, or `None`.

    Returns:
        A list of NumPy arrays of that length.
    """
    n = len(arrays[0])
    size = min(n, batch_size)
    batches, computing = [], None
    for start in range(0, n, size):
        # The last batch is completed with its own rows, so that one compilation serves all.
        rows = np.resize(np.arange(start, min(start + size, n)), size)
        results = function(*(None if array is None else array[rows] for array in arrays))
        if computing is not None:
            batches.append([ops.convert_to_numpy(result) for result in computing])
        computing = results
    batches.append([ops.convert_to_numpy(result) for result in computing])
    return [np.concatenate(parts)[:n] for parts in zip(*batches, strict=True)]
