"""The reference batch of a generator with virtual batch normalization."""

from keras import ops

from ganzoo import backend, layers
from ganzoo.random import Draws

_STATISTICS = ("reference_mean", "reference_square")


def reference_batch(gan):
    """Returns the reference latents, and the reference labels or `None`.

    They are a function of the seed alone, so that nothing has to be saved.
    """
    size = layers.reference_size_of(gan.generator)
    draws = Draws(gan.seed, 0, scope="reference/")
    latents = draws.latents(size, gan.latent_dim, gan.latent)
    if gan.num_classes is None:
        return latents, None
    return latents, ops.arange(size, dtype="int32") % gan.num_classes


def prepend(gan, latents, labels):
    """Returns the latents and the labels of a pass, with the reference batch before them.

    Args:
        gan: A GAN whose generator has virtual batch normalization.
        latents: Latents of shape `(rows, latent_dim)`.
        labels: int32 classes of shape `(rows,)`, or `None`.
    """
    reference, reference_labels = reference_batch(gan)
    latents = ops.concatenate([reference, latents])
    if reference_labels is None:
        return latents, labels
    return latents, ops.concatenate([reference_labels, labels])


def refresh(gan):
    """Computes the stored statistics of the inference generator with its current weights.

    Each training pass of the generator stores its statistics, so they lag its weights by one
    update. The statistics that the average has stored belong to other weights altogether.
    """
    generator = gan.inference_generator
    with backend.isolated(generator.variables) as scope:
        latents, labels = reference_batch(gan)
        generator(latents if labels is None else [latents, labels], training=True)
    for variable in generator.non_trainable_variables:
        if variable.name in _STATISTICS:
            variable.assign(scope.get_current_value(variable))
