"""Initializes both networks from data, as in the official code of Salimans et al. (2016)."""

from keras import ops

from ganzoo import layers
from ganzoo.numerics import to_signed_range
from ganzoo.random import Draws, reseed_layers
from ganzoo.training import reference_batch
from ganzoo.training.discriminator import pack


def initialize_from_data(gan, first_examples):
    """Initializes the layers that start from data and have not been initialized yet.

    Args:
        gan: The GAN. After its first step, nothing is done.
        first_examples: Function without arguments that returns examples and their labels or `None`.
    """
    if gan.step > 0:
        return
    if not any(map(layers.has_data_dependent_layers, (gan.generator, gan.discriminator))):
        return
    examples, labels = first_examples()
    if labels is not None:
        dtype = gan._label_dtype
        labels = None if dtype is None else ops.convert_to_tensor(labels, dtype)
    rows = len(examples) // gan.packing * gan.packing
    draws = Draws(gan.seed, 0, scope="initialization/")
    reseed_layers(gan.variables, draws)
    latents, latent_labels = draws.latents(rows, gan.latent_dim, gan.latent), labels
    if layers.reference_size_of(gan.generator) is not None:
        latents, latent_labels = reference_batch.prepend(gan, latents, labels)
    packs = pack(to_signed_range(examples[:rows]), gan.packing)
    for network, *network_inputs in (
        (gan.generator, latents, latent_labels),
        (gan.discriminator, packs, labels),
    ):
        layers.initialize_from_data(network, network_inputs[: len(network.inputs)])
