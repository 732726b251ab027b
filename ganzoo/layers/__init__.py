"""Keras layers, with one technique of the papers in each file."""

from ganzoo.layers.blur import Blur2D
from ganzoo.layers.conditional_batch_normalization import ConditionalBatchNormalization
from ganzoo.layers.data_dependent_initialization import (
    has_data_dependent_layers,
    initialize_from_data,
)
from ganzoo.layers.dense_conditional_batch_normalization import (
    DenseConditionalBatchNormalization,
)
from ganzoo.layers.dense_projection import DenseProjectionHead
from ganzoo.layers.equalized_learning_rate import EqualizedLearningRate
from ganzoo.layers.global_sum_pooling import GlobalSumPooling2D
from ganzoo.layers.grouped_convolution import GroupedConv2D
from ganzoo.layers.learned_constant import LearnedConstant
from ganzoo.layers.minibatch_discrimination import MinibatchDiscrimination
from ganzoo.layers.minibatch_stddev import MinibatchStdDev
from ganzoo.layers.modulated_convolution import ModulatedConv2D
from ganzoo.layers.noise_injection import NoiseInjection
from ganzoo.layers.operator_norm import operator_norm
from ganzoo.layers.pixel_normalization import PixelNormalization
from ganzoo.layers.projection import ProjectionHead
from ganzoo.layers.resampling import (
    FilteredDownSampling2D,
    FilteredUpSampling2D,
    downsample,
    upsample,
)
from ganzoo.layers.san_head import SANHead, san_head_of
from ganzoo.layers.scaled_leaky_relu import ScaledLeakyReLU
from ganzoo.layers.self_attention import SelfAttention
from ganzoo.layers.spatial_basis import SpatialBasis
from ganzoo.layers.spectral_normalization import SpectralNormalization
from ganzoo.layers.spectral_normalize import spectral_normalize, unnormalized_layers
from ganzoo.layers.style_mapping import StyleMapping, split_at_styles
from ganzoo.layers.virtual_batch_normalization import (
    VirtualBatchNormalization,
    reference_size_of,
)
from ganzoo.layers.weight_normalization import WeightNormalization

__all__ = [
    "Blur2D",
    "ConditionalBatchNormalization",
    "DenseConditionalBatchNormalization",
    "DenseProjectionHead",
    "EqualizedLearningRate",
    "FilteredDownSampling2D",
    "FilteredUpSampling2D",
    "GlobalSumPooling2D",
    "GroupedConv2D",
    "LearnedConstant",
    "MinibatchDiscrimination",
    "MinibatchStdDev",
    "ModulatedConv2D",
    "NoiseInjection",
    "PixelNormalization",
    "ProjectionHead",
    "SANHead",
    "ScaledLeakyReLU",
    "SelfAttention",
    "SpatialBasis",
    "SpectralNormalization",
    "StyleMapping",
    "VirtualBatchNormalization",
    "WeightNormalization",
    "downsample",
    "has_data_dependent_layers",
    "initialize_from_data",
    "operator_norm",
    "reference_size_of",
    "san_head_of",
    "spectral_normalize",
    "split_at_styles",
    "unnormalized_layers",
    "upsample",
]
