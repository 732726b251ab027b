"""The reference batch of a generator with virtual batch normalization."""

import keras
from keras import ops

from ganzoo import layers
from ganzoo.generation.sampling import draw_latents
from ganzoo.random import Draws

_STATISTICS = ("reference_mean", "reference_square")


def reference_batch(gan):
    """Returns the latents, and the labels or `None`, that virtual batch normalization refers to.

    They follow from the seed alone, so that there is nothing to save.
    """
    size = layers.reference_size_of(gan.generator)
    latents = draw_latents(Draws(gan.seed, 0, scope="reference/"), size, gan.latent_dim, gan.latent)
    if gan.num_classes is None:
        return latents, None
    return latents, ops.arange(size, dtype="int32") % gan.num_classes


def refresh(gan):
    """Computes the stored statistics of the sampler's layers anew, through its present weights.

    Training stores them on each pass of the generator, so they lag its weights by one update; and
    those of the average belong to other weights altogether.
    """
    generator = gan.sampler
    current = [(variable, variable.value) for variable in generator.variables]
    with keras.StatelessScope(state_mapping=current) as scope:
        latents, labels = reference_batch(gan)
        generator(latents if labels is None else [latents, labels], training=True)
    for variable in generator.non_trainable_variables:
        if variable.name in _STATISTICS:
            variable.assign(scope.get_current_value(variable))
