"""GANs for Keras 3: stabilizing techniques, one model that trains through `fit`, a model zoo."""

from ganzoo import onednn

# Before a room imports TensorFlow.
onednn.enable()

from ganzoo import (  # noqa: E402
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
from ganzoo.layers import spectral_normalize  # noqa: E402
from ganzoo.presets import list_models  # noqa: E402
from ganzoo.runs import train  # noqa: E402
from ganzoo.training import GAN, AdversarialOptimizer, SemiSupervisedGAN  # noqa: E402
from ganzoo.version import __version__  # noqa: E402

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
