"""GANs for Keras 3: stabilizing techniques, one model that trains through `fit`, a model zoo."""

from ganzoo import (
    architectures,
    augment,
    callbacks,
    data,
    distribution,
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
from ganzoo.presets import list_models
from ganzoo.training import GAN, AdversarialOptimizer, SemiSupervisedGAN, gan_from_recipe
from ganzoo.version import __version__

__all__ = [
    "GAN",
    "AdversarialOptimizer",
    "SemiSupervisedGAN",
    "__version__",
    "architectures",
    "augment",
    "callbacks",
    "data",
    "distribution",
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
