"""Adversarial objectives, one per file, as functions of the discriminator's logits."""

from ganzoo.losses.base import AdversarialLoss, get, names
from ganzoo.losses.hinge import Hinge
from ganzoo.losses.least_squares import LeastSquares
from ganzoo.losses.minimax import Minimax
from ganzoo.losses.non_saturating import NonSaturating
from ganzoo.losses.relativistic_average import RelativisticAverage
from ganzoo.losses.relativistic_pairing import RelativisticPairing
from ganzoo.losses.wasserstein import Wasserstein

__all__ = [
    "AdversarialLoss",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "RelativisticAverage",
    "RelativisticPairing",
    "Wasserstein",
    "get",
    "names",
]
