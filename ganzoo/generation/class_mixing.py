"""Examples from given latents, from mixtures of classes, and along a path."""

import numpy as np
from keras import layers, ops

from ganzoo import backend
from ganzoo import interpolation as interpolations
from ganzoo.generation.conditioning import (
    check_no_conditions,
    condition_of,
    labels_of,
    numbers_of,
)
from ganzoo.generation.directions import check_directions
from ganzoo.generation.sampling import as_examples, check_latent_scale, check_seeds, in_batches
from ganzoo.generation.truncation import TruncatedGenerator, check_truncation
from ganzoo.random import latents_from_seeds, split_seeds
from ganzoo.validation import check_positive_integer, describe


def latents_of(gan, seeds):
    """Returns the latents that `GAN.sample` makes from seeds, float32 `(n, latent_dim)`."""
    latents = latents_from_seeds(split_seeds(check_seeds(seeds)), gan.latent_dim, gan.latent)
    return ops.convert_to_numpy(latents)


def compile_generation(gan):
    """Returns the compiled function that `generate` and `edit` call.

    It takes latents, labels, the truncation, what is added to latents and to styles, and new values
    of the class tables. Each but the latents may be `None`.
    """
    generate_examples = TruncatedGenerator(gan)

    def generate_batch(
        latents, labels, truncation, latent_offsets=None, style_offsets=None, tables=None
    ):
        inputs = latents, labels, truncation, latent_offsets, style_offsets
        if tables is None:
            return as_examples(gan, generate_examples(*inputs))
        replaced = zip(class_tables(gan), tables, strict=True)
        with backend.isolated(gan.inference_generator.variables, replaced):
            return as_examples(gan, generate_examples(*inputs))

    return backend.compiled(generate_batch, gan)


def generate(
    gan,
    function,
    latents,
    labels,
    batch_size,
    truncation,
    conditions,
    latent_offsets=None,
    style_offsets=None,
):
    """Makes an example from each row; it has the arguments of `GAN.generate`.

    The offsets are added to truncated latents and to truncated styles.
    """
    check_positive_integer("batch_size", batch_size)
    latents, truncation = check_latents(gan, latents), check_truncation(gan, truncation)
    if gan.num_classes is None or np.ndim(labels) != 2:
        labels = condition_of(gan, labels, conditions, len(latents))

        def generate_labeled(latents, labels, *offsets):
            return [function(latents, labels, truncation, *offsets)]

        (examples,) = in_batches(
            generate_labeled, batch_size, latents, labels, latent_offsets, style_offsets
        )
        return examples
    check_no_conditions(conditions)
    weights = _check_weights(gan, labels, len(latents))
    # The tables hold mixtures in place of classes: each batch has at most `num_classes` of them.
    size = min(batch_size, gan.num_classes, len(latents))
    mix = _mixer(gan)

    def generate_mixed(latents, weights, *offsets):
        labels = np.arange(size, dtype="int32")
        return [function(latents, labels, truncation, *offsets, mix(weights))]

    _check_tables(gan, function, generate_mixed, latents[:size], truncation)
    (examples,) = in_batches(generate_mixed, size, latents, weights, latent_offsets, style_offsets)
    return examples


def interpolate(
    gan,
    seeds,
    labels,
    steps,
    loop,
    interpolation,
    truncation,
    batch_size,
    latent_scale,
    conditions,
    easing,
    directions,
    amounts,
):
    """Makes the examples along a path; it has the arguments of `GAN.interpolate`."""
    latent_scale = check_latent_scale(latent_scale)
    moves = _keyframes_of(directions, amounts)
    if interpolation is None:
        interpolation = "spherical" if gan.latent == "normal" else "linear"
    # A list of one seed or class would be repeated, as if it were a number. One row is for all.
    lists = [values for values in (seeds, labels) if np.ndim(values)]
    lists += [rows for rows in (conditions, moves) if np.ndim(rows) == 2 and len(rows) > 1]
    seeds = check_seeds(seeds)
    if gan.condition_dim is None:
        targets = _classes(gan, labels, conditions, seeds)
    else:
        targets = condition_of(gan, labels, conditions, len(np.atleast_2d(conditions)))
    keyframes = max(len(seeds), len(targets), 1 if moves is None else len(moves))
    if keyframes < 2 or any(len(values) != keyframes for values in lists):
        raise ValueError(
            "A path needs a list of at least two seeds, two classes, two rows of conditions or two "
            "rows of amounts, all lists of the same length. A number, or one row, is for all "
            f"keyframes. Received: {len(seeds)} seed(s), {len(targets)} class(es) or condition(s), "
            f"{0 if moves is None else len(moves)} row(s) of amounts"
        )
    latents = np.resize(latent_scale * latents_of(gan, seeds), (keyframes, gan.latent_dim))
    latents = interpolations.path(latents, steps, interpolation, loop, easing)
    labels = conditions = None
    if gan.condition_dim is not None:
        conditions = np.resize(targets, (keyframes, gan.condition_dim))
        conditions = interpolations.path(conditions, steps, "linear", loop, easing)
    elif len(targets) > 1:
        labels = interpolations.class_path(targets, gan.num_classes, steps, loop, easing)
    elif len(targets):
        labels = targets[0]
    if directions is None:
        return gan.generate(latents, labels, batch_size, truncation, conditions)
    moves = np.resize(moves, (keyframes, len(directions)))
    moves = interpolations.path(moves, steps, "linear", loop, easing)
    return gan.edit(latents, directions, moves, labels, truncation, batch_size, conditions)


def _keyframes_of(directions, amounts):
    """Returns the amounts of each keyframe, `(keyframes, k)`; one row is for all; or `None`."""
    if (directions is None) != (amounts is None):
        raise ValueError(
            "`directions` and `amounts` belong together. "
            f"Received: directions={describe(directions)}, amounts={describe(amounts)}"
        )
    if directions is None:
        return None
    check_directions(directions)
    if not isinstance(amounts, dict):
        return directions.table(amounts, len(amounts) if np.ndim(amounts) == 2 else 1)
    lengths = {len(amount) for amount in amounts.values() if np.ndim(amount)}
    if len(lengths) > 1:
        raise ValueError(
            "The amounts of all directions must be for the same number of keyframes. "
            f"Received: {sorted(lengths)} amounts"
        )
    return directions.table(amounts, lengths.pop() if lengths else 1)


def _classes(gan, labels, conditions, seeds):
    """Returns the classes of the keyframes of a path, of shape `(0,)` without classes."""
    labels = numbers_of(gan, labels)
    if labels is None and gan.num_classes is not None:
        labels = labels_of(seeds, gan.num_classes)[0]
    classes = np.zeros(0, int) if labels is None else np.atleast_1d(labels)
    condition_of(gan, labels, conditions, len(classes))
    return classes


def class_tables(gan):
    """Returns the variables of the inference generator that hold a row for each class."""
    tables = []
    # Keras has no public method that lists the layers within a layer.
    for layer in gan.inference_generator._flatten_layers():
        # A layer that has such weights says so. Keras's `Embedding` may have other rows.
        tables += getattr(layer, "class_tables", [])
        if isinstance(layer, layers.Embedding) and layer.input_dim == gan.num_classes:
            tables.append(layer.embeddings)
    return list({id(table): table for table in tables}.values())


def _mixer(gan):
    """Returns the function from weights of the classes to class tables of mixtures."""
    variables = class_tables(gan)
    tables = [ops.convert_to_numpy(variable).astype(np.float64) for variable in variables]

    def mix(weights):
        # A table has `num_classes` rows, even where there are fewer mixtures.
        weights = np.resize(weights, (gan.num_classes, gan.num_classes)).astype(np.float64)
        # In float64, a weight of 1 gives exactly the row of its class.
        return [
            (weights @ table).astype("float64" if variable.dtype == "float64" else "float32")
            for table, variable in zip(tables, variables, strict=True)
        ]

    return mix


def _check_tables(gan, function, generate_mixed, latents, truncation):
    """Raises unless the generator uses labels in the class tables alone."""
    # Each row has another class than the label that stands for its mixture.
    labels = np.arange(1, len(latents) + 1, dtype="int32") % gan.num_classes
    (mixed,) = generate_mixed(latents, np.eye(gan.num_classes)[labels], None, None)
    mixed, expected = map(ops.convert_to_numpy, (mixed, function(latents, labels, truncation)))
    difference = np.abs(mixed.astype(np.float64) - expected).max()
    # Rounding differs where a batch is computed in another order: by a gray level at most.
    level = {"uint8": 1.0, "uint16": 257.0}.get(mixed.dtype.name)
    if difference > (level or 1e-3 * np.abs(expected).max()):
        raise ValueError(
            "Classes can be mixed where labels go to `ConditionalBatchNormalization` and "
            "`Embedding` layers alone, and to layers of your own that list their weights with a "
            "row for each class as `class_tables`. Received: a generator that uses labels in "
            "another layer"
        )


def check_latents(gan, latents):
    """Returns latents as float32, or raises `ValueError`."""
    latents = np.asarray(latents)
    is_right = latents.ndim == 2 and latents.shape[1] == gan.latent_dim and len(latents)
    if not is_right or not np.issubdtype(latents.dtype, np.floating):
        raise ValueError(
            f"`latents` must be floating, of shape (n, {gan.latent_dim}). "
            f"Received: latents of dtype {latents.dtype} and shape {latents.shape}"
        )
    if not np.isfinite(latents).all():
        raise ValueError("`latents` must be finite. Received: latents with NaN or infinity")
    return latents.astype("float32")


def _check_weights(gan, weights, n):
    weights = np.asarray(weights)
    is_right = weights.shape == (n, gan.num_classes) and np.issubdtype(weights.dtype, np.floating)
    if not is_right or not np.isfinite(weights).all():
        raise ValueError(
            f"Weights of the classes must be finite and floating, of shape {(n, gan.num_classes)}. "
            f"Received: labels of dtype {weights.dtype} and shape {weights.shape}"
        )
    return weights
