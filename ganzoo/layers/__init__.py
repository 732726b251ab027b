"""Keras layers: one stabilising technique of the papers in each file."""

from ganzoo.layers.conditional_batch_normalization import ConditionalBatchNormalization
from ganzoo.layers.global_sum_pooling import GlobalSumPooling2D
from ganzoo.layers.projection import ProjectionHead
from ganzoo.layers.spectral_normalization import SpectralNormalization

__all__ = [
    "ConditionalBatchNormalization",
    "GlobalSumPooling2D",
    "ProjectionHead",
    "SpectralNormalization",
]
