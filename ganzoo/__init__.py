"""GANs for Keras 3: stabilising techniques, one model that trains through `fit`, a model zoo."""

from ganzoo import architectures, callbacks, data, layers, losses, recipes, regularizers
from ganzoo.training import GAN, AdversarialOptimizer, gan_from_recipe

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "AdversarialOptimizer",
    "architectures",
    "callbacks",
    "data",
    "gan_from_recipe",
    "layers",
    "losses",
    "recipes",
    "regularizers",
]
