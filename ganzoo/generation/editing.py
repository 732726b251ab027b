"""Examples from latents that are moved along directions."""

import numpy as np

from ganzoo.generation.class_mixing import check_latents, generate
from ganzoo.generation.truncation import truncating_layer


def edit(
    gan,
    latents,
    directions,
    amounts,
    labels=None,
    truncation=None,
    batch_size=64,
    conditions=None,
):
    """Makes an example from each moved row; it has the arguments of `GAN.edit`.

    It does not check that the directions belong to the generator, which takes a hash of all
    weights: before many calls, `directions.check(gan)` once does.
    """
    latents = check_latents(gan, latents)
    offsets = offsets_of(gan, directions, amounts, len(latents))
    function = gan._generation()
    return generate(gan, function, latents, labels, batch_size, truncation, conditions, *offsets)


def offsets_of(gan, directions, amounts, n):
    """Returns what amounts of directions add to latents and to styles; `None` for nothing.

    Raises:
        ValueError: If the directions are of another space than the generator's.
    """
    offsets = directions.offsets(amounts, n)
    mapping = truncating_layer(gan.inference_generator)
    of_styles = directions.space == "styles"
    if of_styles and mapping is None:
        raise ValueError(f"This generator has no styles. Received: {directions!r}")
    dimensions = mapping.output.shape[2] if of_styles else gan.latent_dim
    if offsets.shape[1] != dimensions:
        raise ValueError(
            f"The directions must have {dimensions} dimensions, as the generator's "
            f"{directions.space}. Received: {directions!r}"
        )
    if of_styles:
        return None, _of_rows(offsets, mapping.output.shape[1], directions.rows)
    return offsets, None


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
