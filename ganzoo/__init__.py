"""GANs for Keras 3: stabilising techniques, one model that trains through `fit`, a model zoo."""

from ganzoo import architectures, data, layers, losses, regularizers
from ganzoo.training import GAN, AdversarialOptimizer

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "AdversarialOptimizer",
    "architectures",
    "data",
    "layers",
    "losses",
    "regularizers",
]
