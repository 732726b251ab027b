"""Regularizers of the discriminator, one per file: penalties and constraints."""

from ganzoo.regularizers.base import Constraint, Penalty, Regularizer, get, names
from ganzoo.regularizers.gradient_penalty import GradientPenalty
from ganzoo.regularizers.r1 import R1
from ganzoo.regularizers.r2 import R2
from ganzoo.regularizers.weight_clipping import WeightClipping

__all__ = [
    "R1",
    "R2",
    "Constraint",
    "GradientPenalty",
    "Penalty",
    "Regularizer",
    "WeightClipping",
    "get",
    "names",
]
