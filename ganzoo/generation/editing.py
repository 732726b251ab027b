"""Examples from latents that are moved along directions."""

import numpy as np

from ganzoo import backend
from ganzoo.generation.class_mixing import check_latents
from ganzoo.generation.conditioning import condition_of
from ganzoo.generation.directions import Directions
from ganzoo.generation.sampling import as_examples, in_batches
from ganzoo.generation.truncation import TruncatedGenerator, check_truncation, truncating_layer
from ganzoo.validation import check_positive_integer, describe


def compile_editing(gan):
    """Returns the compiled function that `edit` calls.

    It takes latents, labels, the truncation, and what is added to latents and to styles; `None` for
    nothing.
    """
    generate_examples = TruncatedGenerator(gan)

    def edit_batch(latents, labels, truncation, latent_offsets, style_offsets):
        outputs = generate_examples(latents, labels, truncation, latent_offsets, style_offsets)
        return as_examples(gan, outputs)

    return backend.compiled(edit_batch, gan)


def edit(gan, function, latents, directions, amounts, labels, truncation, batch_size, conditions):
    """Makes an example from each moved row; it has the arguments of `GAN.edit`."""
    if not isinstance(directions, Directions):
        raise ValueError(
            "`directions` must be a `ganzoo.generation.Directions`, as `gan.directions` returns "
            f"it. Received: directions={describe(directions)}"
        )
    check_positive_integer("batch_size", batch_size)
    latents = check_latents(gan, latents)
    labels = condition_of(gan, labels, conditions, len(latents))
    truncation = check_truncation(gan, truncation)
    directions.check(gan)
    offsets = directions.offsets(amounts, len(latents))
    of_latents, of_styles = offsets, None
    mapping = truncating_layer(gan.inference_generator)
    dimensions = gan.latent_dim
    if directions.space == "styles":
        if mapping is None:
            raise ValueError(f"This generator has no styles. Received: {directions!r}")
        _, rows, dimensions = mapping.output.shape
        of_latents, of_styles = None, _of_rows(offsets, rows, directions.rows)
    if offsets.shape[1] != dimensions:
        raise ValueError(
            f"The directions must have {dimensions} dimensions, as the generator's "
            f"{directions.space}. Received: {directions!r}"
        )

    def edit_batch(latents, labels, offsets):
        if directions.space == "styles":
            return [function(latents, labels, truncation, None, offsets)]
        return [function(latents, labels, truncation, offsets, None)]

    moved = of_latents if of_styles is None else of_styles
    (examples,) = in_batches(edit_batch, batch_size, latents, labels, moved)
    return examples


def _of_rows(offsets, count, chosen):
    """Returns the offsets of all rows of the styles, `(n, rows, dimensions)`."""
    rows = np.zeros((len(offsets), count, offsets.shape[1]), "float32")
    chosen = range(count) if chosen is None else chosen
    if max(chosen) >= count:
        raise ValueError(
            f"The styles have {count} rows. Received: directions of the rows {list(chosen)}"
        )
    rows[:, list(chosen)] = offsets[:, None]
    return rows
