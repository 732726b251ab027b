"""GANs for Keras 3: stabilising techniques, one model that trains through `fit`, a model zoo."""

from ganzoo import (
    architectures,
    augment,
    callbacks,
    data,
    devices,
    interpolation,
    layers,
    losses,
    metrics,
    plot,
    recipes,
    regularizers,
    schedules,
)
from ganzoo.layers import spectral_normalize
from ganzoo.training import GAN, AdversarialOptimizer, SemiSupervisedGAN, gan_from_recipe
from ganzoo.zoo import list_models

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "AdversarialOptimizer",
    "SemiSupervisedGAN",
    "architectures",
    "augment",
    "callbacks",
    "data",
    "devices",
    "gan_from_recipe",
    "interpolation",
    "layers",
    "list_models",
    "losses",
    "metrics",
    "plot",
    "recipes",
    "regularizers",
    "schedules",
    "spectral_normalize",
]
