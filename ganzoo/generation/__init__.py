"""What a trained generator does: samples, edits, interpolations, and latents of given images."""

from ganzoo.generation.direction_scores import DirectionScores, score
from ganzoo.generation.directions import Directions
from ganzoo.generation.inversion import Projection
from ganzoo.generation.style_inversion import StyleProjection
from ganzoo.generation.trained_generator import TrainedGenerator

__all__ = [
    "DirectionScores",
    "Directions",
    "Projection",
    "StyleProjection",
    "TrainedGenerator",
    "score",
]
