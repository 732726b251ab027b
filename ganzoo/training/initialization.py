"""Initialises both networks from data, as the official code of Salimans et al. (2016) does."""

from keras import ops

from ganzoo import layers
from ganzoo.random import Draws
from ganzoo.training import feeding
from ganzoo.training.packing import pack
from ganzoo.training.sampling import draw_latents


def initialize_from_data(gan, batches):
    """Initialises the layers that ask for it, but for those that were initialised before.

    Args:
        gan: The GAN, before its first step.
        batches: Those that it will be trained on.
    """
    networks = gan.generator, gan.discriminator
    if not any(map(layers.has_data_dependent_layers, networks)):
        return
    examples, labels = feeding.first_examples(batches)
    labels = None if labels is None else ops.convert_to_tensor(labels, "int32")
    rows = len(examples) // gan.packing * gan.packing
    draws = Draws(gan.seed, 0, scope="initialization/")
    gan._reseed_layers(draws)
    latents = draw_latents(draws, rows, gan.latent_dim, gan.latent)
    packs = pack(feeding.to_unit_range(examples[:rows]), gan.packing)
    for network, inputs in zip(networks, (latents, packs), strict=True):
        takes_labels = len(network.inputs) == 2
        layers.initialize_from_data(network, [inputs, labels] if takes_labels else inputs)
