"""Examples with the coarse styles of one sample and the fine styles of another one."""

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.generation.class_mixing import check_latents
from ganzoo.generation.conditioning import condition_of
from ganzoo.generation.sampling import as_examples, in_batches
from ganzoo.generation.truncation import TruncatedGenerator, check_truncation, truncating_layer
from ganzoo.validation import check_positive_integer, describe


def compile_mixing(gan):
    """Returns the compiled function that `mix_styles` calls.

    It takes the latents and labels of both sides, the truncation, and for each row of the styles
    whether it is the one of the other side.
    """
    generator = TruncatedGenerator(gan)

    def mix_batch(latents, labels, other_latents, other_labels, truncation, is_other):
        styles = generator.styles(latents, labels, truncation)
        others = generator.styles(other_latents, other_labels, truncation)
        # Bit for bit the styles of one side: a sum of products would round.
        mixed = ops.where(is_other[None, :, None], others, styles)
        return as_examples(gan, generator.from_styles(mixed))

    return backend.compiled(mix_batch, gan)


def mix_styles(
    gan,
    function,
    latents,
    other_latents,
    rows,
    labels,
    other_labels,
    truncation,
    batch_size,
    conditions,
):
    """Makes an example from each pair; it has the arguments of `GAN.mix_styles`."""
    check_positive_integer("batch_size", batch_size)
    latents, other_latents = check_latents(gan, latents), check_latents(gan, other_latents)
    if len(latents) != len(other_latents):
        raise ValueError(
            "Both sides must have as many latents. "
            f"Received: {len(latents)} latents and {len(other_latents)} other latents"
        )
    is_other = _chosen_rows(gan, rows)
    labels = condition_of(gan, labels, conditions, len(latents))
    other_labels = condition_of(gan, other_labels, conditions, len(latents))
    truncation = check_truncation(gan, truncation)

    def mix_batch(*batch):
        return [function(*batch, truncation, is_other)]

    (examples,) = in_batches(mix_batch, batch_size, latents, labels, other_latents, other_labels)
    return examples


def compiled_mixing(gan):
    """Returns `compile_mixing`, or raises `ValueError` for a generator without styles."""
    if truncating_layer(gan.inference_generator) is None:
        raise ValueError(
            "Only style-based generators have styles to mix, such as the architecture "
            f"'stylegan2'. Received: {gan.inference_generator!r}"
        )
    return compile_mixing(gan)


def _chosen_rows(gan, rows):
    """Returns a Boolean for each row of the styles."""
    count = truncating_layer(gan.inference_generator).output.shape[1]
    numbers = np.asarray(list(rows) if np.iterable(rows) else rows)
    is_integer = np.issubdtype(numbers.dtype, np.integer)
    if numbers.ndim != 1 or not numbers.size or not is_integer:
        raise ValueError(
            f"`rows` must be a list of integers from 0 to {count - 1}. "
            f"Received: rows={describe(rows)}"
        )
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(
            f"The styles have the rows 0 to {count - 1}, from coarse to fine. "
            f"Received: rows from {numbers.min()} to {numbers.max()}"
        )
    return np.isin(np.arange(count), numbers)
