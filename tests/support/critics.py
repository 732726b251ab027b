"""Discriminators as penalties see them."""

from ganzoo.training import Critic
from ganzoo.training.judge import Judge


def critic_of(discriminator, labels=None):
    """Returns the critic that the training step makes of a discriminator."""
    judge = Judge(discriminator)
    return Critic(lambda examples: judge(examples, labels).logits, discriminator.variables)
