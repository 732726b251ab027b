"""The training of GANs: two networks, one step, exact resume."""

from ganzoo.training.discriminator import Discriminator, DiscriminatorOutputs
from ganzoo.training.gan import GAN
from ganzoo.training.optimizer import AdversarialOptimizer
from ganzoo.training.semi_supervised import SemiSupervisedGAN

__all__ = [
    "GAN",
    "AdversarialOptimizer",
    "Discriminator",
    "DiscriminatorOutputs",
    "SemiSupervisedGAN",
]
