"""The model that trains, and what its one step is made of."""

from ganzoo.recipes.build import gan_from_recipe
from ganzoo.training.critic import Critic
from ganzoo.training.gan import GAN
from ganzoo.training.optimizer import AdversarialOptimizer
from ganzoo.training.semi_supervised import SemiSupervisedGAN

__all__ = ["GAN", "AdversarialOptimizer", "Critic", "SemiSupervisedGAN", "gan_from_recipe"]
