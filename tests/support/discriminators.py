"""Discriminators as penalties see them."""

from ganzoo.training import Discriminator, DiscriminatorOutputs
from ganzoo.training.discriminator import StatelessDiscriminator


def stateless(network, labels=None):
    """Returns the discriminator that the training step gives to penalties."""
    discriminator = Discriminator(network)
    return StatelessDiscriminator(
        lambda examples: discriminator(examples, labels).logits, network.variables
    )


def outputs_of(discriminator, examples):
    """Returns the outputs that the training step gives to penalties."""
    return DiscriminatorOutputs(
        logits=discriminator(examples),
        examples=examples,
        input_gradient=lambda: discriminator.gradient(examples),
    )
