"""The players' objectives, one per file.

An adversarial loss is a function of the discriminator's logits. There are three more kinds:
`FeatureMatching` is an objective of the generator alone, `AuxiliaryClassifier` is a term of the
class logits for both players, and `SemiSupervised` is the loss of a discriminator that is a
classifier. `get` finds a loss of each kind by its name.
"""

from ganzoo.losses.auxiliary_classifier import AuxiliaryClassifier, get_classifier_loss
from ganzoo.losses.base import (
    AdversarialLoss,
    Loss,
    adversarial_names,
    get,
    get_adversarial_loss,
    names,
)
from ganzoo.losses.feature_matching import FeatureMatching, get_generator_loss
from ganzoo.losses.hinge import Hinge
from ganzoo.losses.least_squares import LeastSquares
from ganzoo.losses.minimax import Minimax
from ganzoo.losses.non_saturating import NonSaturating
from ganzoo.losses.relativistic_average import RelativisticAverage
from ganzoo.losses.relativistic_pairing import RelativisticPairing
from ganzoo.losses.semi_supervised import SemiSupervised
from ganzoo.losses.top_k import TopK
from ganzoo.losses.wasserstein import Wasserstein

__all__ = [
    "AdversarialLoss",
    "AuxiliaryClassifier",
    "FeatureMatching",
    "Hinge",
    "LeastSquares",
    "Loss",
    "Minimax",
    "NonSaturating",
    "RelativisticAverage",
    "RelativisticPairing",
    "SemiSupervised",
    "TopK",
    "Wasserstein",
    "adversarial_names",
    "get",
    "get_adversarial_loss",
    "get_classifier_loss",
    "get_generator_loss",
    "names",
]
