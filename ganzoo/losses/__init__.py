"""The players' objectives, one per file.

Adversarial losses are functions of the discriminator's logits; `get` finds them by their name.
Beside them stand what the generator may minimize instead (`FeatureMatching`), what class logits add
(`AuxiliaryClassifier`), and the loss of a discriminator that is a classifier (`SemiSupervised`).
"""

from ganzoo.losses.auxiliary_classifier import AuxiliaryClassifier, get_classifier_loss
from ganzoo.losses.base import AdversarialLoss, get, names
from ganzoo.losses.feature_matching import FeatureMatching, get_generator_loss
from ganzoo.losses.hinge import Hinge
from ganzoo.losses.least_squares import LeastSquares
from ganzoo.losses.minimax import Minimax
from ganzoo.losses.non_saturating import NonSaturating
from ganzoo.losses.relativistic_average import RelativisticAverage
from ganzoo.losses.relativistic_pairing import RelativisticPairing
from ganzoo.losses.semi_supervised import SemiSupervised
from ganzoo.losses.wasserstein import Wasserstein

__all__ = [
    "AdversarialLoss",
    "AuxiliaryClassifier",
    "FeatureMatching",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "RelativisticAverage",
    "RelativisticPairing",
    "SemiSupervised",
    "Wasserstein",
    "get",
    "get_classifier_loss",
    "get_generator_loss",
    "names",
]
