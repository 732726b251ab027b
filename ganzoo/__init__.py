"""GANs for Keras 3: stabilizing techniques, one model that trains through `fit`, a model zoo."""

from ganzoo import (
    architectures,
    augment,
    callbacks,
    data,
    distribution,
    drawing,
    export,
    extractors,
    generation,
    interpolation,
    layers,
    losses,
    metrics,
    plot,
    presets,
    random,
    recipes,
    regularizers,
    runs,
    schedules,
    studies,
    synthesis,
    training,
)
from ganzoo.layers import spectral_normalize
from ganzoo.presets import list_models
from ganzoo.runs import train
from ganzoo.training import GAN, AdversarialOptimizer, SemiSupervisedGAN
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
    "drawing",
    "export",
    "extractors",
    "generation",
    "interpolation",
    "layers",
    "list_models",
    "losses",
    "metrics",
    "plot",
    "presets",
    "random",
    "recipes",
    "regularizers",
    "runs",
    "schedules",
    "spectral_normalize",
    "studies",
    "synthesis",
    "train",
    "training",
]


def __dir__():
    return __all__
