"""Statistics of batch normalization from fresh samples, in place of moving averages."""

import contextlib

import keras
import numpy as np
from keras import ops

from ganzoo.generation.conditioning import condition_of
from ganzoo.generation.sampling import seeds_of_rows
from ganzoo.validation import check_positive_integer, check_seed

_NAMES = ("moving_mean", "moving_variance")


def set_standing_statistics(gan, batches, batch_size, seed, conditions):
    """Sets the statistics; it has the arguments of `GAN.set_standing_statistics`."""
    check_positive_integer("batches", batches)
    check_seed(seed)
    if check_positive_integer("batch_size", batch_size) < 2:
        raise ValueError(
            "`batch_size` must be at least 2, because statistics of one example say nothing. "
            f"Received: batch_size={batch_size}"
        )
    network = gan.inference_generator
    # Keras has no public method that lists the layers within a layer.
    layers = [
        layer
        for layer in network._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if not layers:
        raise ValueError(
            "The generator has no batch normalization, so that there is nothing to set. "
            f"Received: {network!r}"
        )
    sizes = np.random.default_rng(seed).integers(2, batch_size + 1, batches)
    sums = [[0.0 for _ in _NAMES] for _ in layers]
    all_seeds = seeds_of_rows(seed, sizes.sum())
    with _batch_statistics(network, layers):
        for seeds in np.split(all_seeds, np.cumsum(sizes)[:-1]):
            latents = gan.latents_of(seeds)
            labels = condition_of(gan, None, conditions, len(seeds), seeds)
            network(latents if labels is None else [latents, labels], training=True)
            for layer, totals in zip(layers, sums, strict=True):
                for index, name in enumerate(_NAMES):
                    value = ops.convert_to_numpy(getattr(layer, name))
                    totals[index] = totals[index] + value.astype("float64")
    for layer, totals in zip(layers, sums, strict=True):
        for name, total in zip(_NAMES, totals, strict=True):
            getattr(layer, name).assign(total / batches)


@contextlib.contextmanager
def _batch_statistics(network, layers):
    """Lets a pass in training mode leave the statistics of its batch in the layers.

    After an error or an interrupt, the network is as it was before.
    """
    settings = [(layer, layer.momentum, layer.trainable) for layer in layers]
    state = [(v, ops.convert_to_numpy(v)) for v in network.non_trainable_variables]
    try:
        for layer in layers:
            layer.momentum, layer.trainable = 0.0, True
        yield
    except BaseException:
        for variable, value in state:
            variable.assign(value)
        raise
    finally:
        for layer, momentum, trainable in settings:
            layer.momentum, layer.trainable = momentum, trainable
