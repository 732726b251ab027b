"""What a trained generator does: samples, interpolations, and latents of given images."""

from ganzoo.generation.inversion import Projection
from ganzoo.generation.trained_generator import TrainedGenerator

__all__ = ["Projection", "TrainedGenerator"]
