"""Regularizers of the two players, one per file: penalties and constraints."""

from ganzoo.regularizers.base import (
    Constraint,
    GeneratorPenalty,
    Penalty,
    Regularizer,
    WeightPenalty,
    get,
    names,
)
from ganzoo.regularizers.consistency import Consistency
from ganzoo.regularizers.dragan import DRAGAN
from ganzoo.regularizers.gradient_penalty import GradientPenalty
from ganzoo.regularizers.historical_averaging import HistoricalAveraging
from ganzoo.regularizers.lecam import LeCam
from ganzoo.regularizers.orthogonal import Orthogonal
from ganzoo.regularizers.path_length import PathLength
from ganzoo.regularizers.r1 import R1
from ganzoo.regularizers.r2 import R2
from ganzoo.regularizers.weight_clipping import WeightClipping

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "Consistency",
    "Constraint",
    "GeneratorPenalty",
    "GradientPenalty",
    "HistoricalAveraging",
    "LeCam",
    "Orthogonal",
    "PathLength",
    "Penalty",
    "Regularizer",
    "WeightClipping",
    "WeightPenalty",
    "get",
    "names",
]
