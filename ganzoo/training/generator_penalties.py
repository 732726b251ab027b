"""The penalties of a generator in its update, with the state that they keep."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from ganzoo import backend
from ganzoo.layers import reference_size_of, split_at_styles
from ganzoo.numerics import check_scalar


class PenalizedGenerator(NamedTuple):
    """The generator as its penalties call it. Its state does not change.

    Attributes:
        rows: Number of examples of the update.
        draw_inputs: Function of a number of rows, at most `rows`, and `ganzoo.random.Draws`. It
            returns inputs of `mapping`: latents, or a list of latents and the classes of the first
            of these rows.
        mapping: Function of these inputs that returns styles `(rows, layers, style_dim)` in
            training mode. A generator without styles has the latents themselves, as one layer.
        synthesis: Function of styles and of the inputs that returns examples in training mode.
    """

    rows: Any
    draw_inputs: Callable
    mapping: Callable
    synthesis: Callable


def check(generator, regularizers, kind):
    """Raises `ValueError` if a generator cannot have the penalties of this kind."""
    for part in regularizers:
        if isinstance(part, kind) and reference_size_of(generator) is not None:
            raise ValueError(
                f"`{type(part).__name__}` draws examples of its own, and this generator takes each "
                "batch together with a reference batch: use `generator_normalization='batch'`. "
                f"Received: {part.name!r} with virtual batch normalization"
            )


def split(generator):
    """Returns the functions `mapping` and `synthesis` of a `PenalizedGenerator`."""
    parts = split_at_styles(generator)
    if parts is not None:
        layer, rest = parts
        return (
            lambda inputs: layer(inputs, training=True),
            lambda styles, inputs: _only(rest(styles, training=True)),
        )

    def synthesis(styles, inputs):
        latents = styles[:, 0]
        inputs = [latents, inputs[1]] if isinstance(inputs, list) else latents
        return _only(generator(inputs, training=True))

    def mapping(inputs):
        return ops.expand_dims(inputs[0] if isinstance(inputs, list) else inputs, 1)

    return mapping, synthesis


def terms(gan, rows, labels, k, draws):
    """Returns each penalty of the generator in an update by name, and the new values of the states.

    Args:
        gan: The `ganzoo.GAN`.
        rows: Number of rows of the discriminator.
        labels: int32 classes of shape `(rows,)`, or `None`.
        k: Index of the update in this step.
        draws: The `ganzoo.random.Draws` of the update.

    Returns:
        A dictionary of scalars, and one of the values of the variables of each state, by its name.
    """

    def draw_inputs(rows, draws):
        latents = draws.latents(rows, gan.latent_dim, gan.latent)
        return latents if labels is None else [latents, labels[:rows]]

    generator = PenalizedGenerator(rows * gan.packing, draw_inputs, *gan._split_generator)
    update = gan._step.value * gan.generator_steps + k
    costs, new_values = {}, {}
    for part in gan._generator_penalties:
        state = gan._part_state("generator", part)
        costs[part.name], values = _lazily(
            gan, part, state, generator, draws.scope(part.name), ops.equal(update % part.every, 0)
        )
        if state is not None:
            new_values[f"generator/{part.name}"] = values
    return costs, new_values


def _lazily(gan, part, state, generator, draws, is_due):
    """Returns a penalty of an update, 0 unless it is due, and the new values of its state."""
    variables = [] if state is None else state.variables

    def penalty():
        # What the pass changes in the generator's state is lost: state that changes in a branch of
        # a graph fails on several backends.
        with backend.isolated(gan.variables) as scope:
            cost = gan._part_now(part).penalty(generator, draws, state)
        check_scalar(f"`{type(part).__name__}.penalty`", cost)
        values = [ops.convert_to_tensor(scope.get_current_value(v)) for v in variables]
        return ops.cast(part.every * cost, keras.config.floatx()), values

    def nothing():
        values = [ops.convert_to_tensor(v) for v in variables]
        return ops.zeros((), keras.config.floatx()), values

    return penalty() if part.every == 1 else ops.cond(is_due, penalty, nothing)


def _only(outputs):
    (examples,) = keras.tree.flatten(outputs)
    return examples
