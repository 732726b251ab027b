"""The gradient of a batch from parts that are computed one after another, in less memory."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ganzoo import backend
from ganzoo.numerics import at_least_float32
from ganzoo.players import PLAYERS
from ganzoo.random import BatchPart, Draws
from ganzoo.regularizers import GeneratorPenalty

# Keras's own layers cannot declare it.
_COUPLED_STOCK_LAYERS = (keras.layers.BatchNormalization,)


def check(gan, settings: dict[str, Any]) -> None:
    """Raises `ValueError` unless the loss of a batch is the mean of the losses of its parts.

    Args:
        gan: The `ganzoo.GAN`.
        settings: Settings of `compile` by name.
    """
    accumulate = settings["accumulate"]
    if accumulate == 1:
        return
    parts = [settings[name] for name in ("adversarial_loss", "generator_loss", "augment")]
    parts = [part for part in [*parts, *settings["regularizers"]] if part is not None]
    coupled = [repr(part) for part in parts if couples_examples(part)]
    for name in PLAYERS:
        for layer in getattr(gan, name)._flatten_layers():
            if is_coupled(layer):
                coupled.append(f"the {name}'s layer {layer.name!r} ({type(layer).__name__})")
    if coupled:
        raise ValueError(
            "With `accumulate`, a batch is computed in parts, so no example may depend on the "
            "others of its batch. Leave out what couples them, or save memory with `remat=True`, "
            f"which has no such limit. Received: accumulate={accumulate} with {', '.join(coupled)}"
        )


def couples_examples(part: Any) -> bool:
    """Returns whether a loss, a regularizer or an augmentation couples the examples of a batch."""
    has_state = isinstance(part, GeneratorPenalty) and part.state() is not None
    return part.batch_coupled or has_state


def is_coupled(layer: keras.layers.Layer) -> bool:
    """Returns whether a layer in training couples the examples of a batch."""
    if isinstance(layer, _COUPLED_STOCK_LAYERS):
        # Frozen, it uses its moving statistics.
        return layer.trainable
    return getattr(layer, "batch_coupled", False)


def in_parts(gan, differentiate: Callable) -> Callable:
    """Returns a function that differentiates an objective in `gan.accumulate` parts of a batch.

    Its gradients and its logs are the means over the parts. Each part starts with the state that
    the networks have before the update. Afterwards, what the parts have changed is the mean over
    them: a moving average has then moved toward the mean of the whole batch, and the vectors of
    spectral normalization do not depend on the examples.

    Args:
        gan: The `ganzoo.GAN`.
        differentiate: Function of `ganzoo.random.Draws` and of structures of rows. It returns a
            dictionary of gradients, which may be `None`, by the ids of the variables; a dictionary
            of logs; and a structure of results with a value for each row.
    """
    return lambda draws, *batch: _differentiate_in_parts(gan, differentiate, draws, batch)


def _differentiate_in_parts(gan, differentiate, draws, batch):
    count, dtypes, ids = gan.accumulate, {}, []
    size = ops.shape(keras.tree.flatten(batch)[0])[0] // count
    state = [*gan.variables, *gan.optimizer.variables]
    stock_seeds = _stock_seeds(gan)

    def of_part(index):
        part = BatchPart(index, count, size)
        rows = keras.tree.map_structure(lambda x: None if x is None else part.take(x), batch)
        values = [
            _seed_of_part(v, index) if id(v) in stock_seeds else ops.convert_to_tensor(v.value)
            for v in state
        ]
        start = list(zip(state, values, strict=True))
        with keras.StatelessScope(state_mapping=start) as scope, part.active():
            gradients, logs, results = differentiate(draws.of_part(part), *rows)
        changed = {
            str(i): scope.get_current_value(v)
            for i, (v, value) in enumerate(start)
            if scope.get_current_value(v) is not value
        }
        means = {i: v for i, v in changed.items() if keras.backend.is_float_dtype(v.dtype)}
        ids[:] = gradients
        gradients = {str(i): g for i, g in gradients.items() if g is not None}
        terms = {"gradients": gradients, "logs": logs, "state": means}
        dtypes.update(keras.tree.map_structure(lambda x: x.dtype, terms))
        last = {i: value for i, value in changed.items() if i not in means}
        return keras.tree.map_structure(at_least_float32, terms), (results, last)

    sums, (results, last) = backend.sum_of_parts(of_part, count)
    means = keras.tree.map_structure(lambda total, t: ops.cast(total / count, t), sums, dtypes)
    for i, value in means["state"].items():
        state[int(i)].assign(value)
    for i, values in last.items():
        state[int(i)].assign(values[-1])
    gradients = {i: means["gradients"].get(str(i)) for i in ids}
    return gradients, means["logs"], keras.tree.map_structure(_joined, results)


def _joined(parts):
    """Returns the rows of a batch from the rows of its parts, of shape `(count, rows, ...)`."""
    return ops.reshape(ops.swapaxes(parts, 0, 1), (-1, *parts.shape[2:]))


def _stock_seeds(gan):
    """Returns the ids of the seeds of Keras's own layers, which draw no rows of a whole batch."""
    networks = gan.generator, gan.discriminator
    own = {
        id(layer.seed_state)
        for network in networks
        for layer in network._flatten_layers()
        if hasattr(layer, "seed_state")
    }
    return {id(v) for v in gan.variables if v.name == "seed_generator_state"} - own


def _seed_of_part(state, index):
    """Returns another seed for each part, so that the parts have different noise."""
    return ops.cast(Draws(state.value, index).seed("part"), state.dtype)
