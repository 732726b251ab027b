"""At the papers' sizes, the networks equal the papers' tables."""

import numpy as np
import pytest
from keras import layers

from ganzoo import architectures
from ganzoo.layers import SpectralNormalization
from support.shapes import without_values

CONVOLUTIONS = (layers.Conv2D, layers.Conv2DTranspose)


@pytest.fixture(autouse=True)
def shapes_only():
    with without_values():
        yield


def convolutions(network):
    """(kernel size, stride, output size, output channels) of each convolution in order."""
    rows = []
    for layer in network.layers:
        inner = layer.layer if isinstance(layer, SpectralNormalization) else layer
        if isinstance(inner, CONVOLUTIONS):
            _, height, _, channels = layer.output.shape
            rows.append((inner.kernel_size[0], inner.strides[0], height, channels))
    return rows


def main_path(network):
    """(output size, output channels) of the second convolution of each residual block."""
    blocks = [layer for layer in network.layers if isinstance(layer, layers.Add)]
    return [(layer.output.shape[1], layer.output.shape[-1]) for layer in blocks]


def kernel_count(network):
    """The number of weights in kernels, as the tables determine it."""
    return sum(
        int(np.prod(v.shape)) for v in network.trainable_variables if v.path[-6:] == "kernel"
    )


def test_dcgan_at_64_pixels():
    generator, discriminator = architectures.build("dcgan", (64, 64, 3))
    assert generator.input_shape == (None, 100)
    assert generator.get_layer("project_reshape").output.shape == (None, 4, 4, 512)
    assert convolutions(generator) == [
        (5, 2, 8, 256),
        (5, 2, 16, 128),
        (5, 2, 32, 64),
        (5, 2, 64, 3),
    ]
    assert convolutions(discriminator) == [
        (5, 2, 32, 64),
        (5, 2, 16, 128),
        (5, 2, 8, 256),
        (5, 2, 4, 512),
    ]
    strided = 25 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512)
    assert kernel_count(generator) == 100 * 4 * 4 * 512 + strided
    assert kernel_count(discriminator) == strided + 4 * 4 * 512


def test_sngan_at_32_pixels():
    generator, discriminator = architectures.build("sngan", (32, 32, 3))
    assert generator.input_shape == (None, 128)
    assert generator.get_layer("project_reshape").output.shape == (None, 4, 4, 512)
    assert convolutions(generator) == [
        (4, 2, 8, 256),
        (4, 2, 16, 128),
        (4, 2, 32, 64),
        (3, 1, 32, 3),
    ]
    assert convolutions(discriminator) == [
        (3, 1, 32, 64),
        (4, 2, 16, 64),
        (3, 1, 16, 128),
        (4, 2, 8, 128),
        (3, 1, 8, 256),
        (4, 2, 4, 256),
        (3, 1, 4, 512),
    ]
    assert kernel_count(discriminator) == (
        9 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512)
        + 16 * (64 * 64 + 128 * 128 + 256 * 256)
        + 4 * 4 * 512
    )
    slopes = {layer.negative_slope for layer in discriminator.layers if "relu" in layer.name}
    assert slopes == {0.1}


def test_sngan_at_48_pixels_starts_from_6():
    generator, _ = architectures.build("sngan", (48, 48, 3))
    assert generator.get_layer("project_reshape").output.shape == (None, 6, 6, 512)


def test_infogan_at_28_pixels():
    generator, discriminator = architectures.build("infogan", (28, 28, 1))
    assert generator.input_shape == (None, 64)
    assert generator.get_layer("hidden").units == 1024
    assert generator.get_layer("project_reshape").output.shape == (None, 7, 7, 128)
    assert convolutions(generator) == [(4, 2, 14, 64), (4, 2, 28, 1)]
    assert convolutions(discriminator) == [(4, 2, 14, 64), (4, 2, 7, 128)]
    assert discriminator.get_layer("features").output.shape == (None, 1024)
    strided = 16 * (64 + 64 * 128)
    assert kernel_count(generator) == 64 * 1024 + 1024 * 7 * 7 * 128 + strided
    assert kernel_count(discriminator) == strided + 7 * 7 * 128 * 1024 + 1024


@pytest.mark.parametrize(
    ("side", "start", "generator_blocks", "discriminator_blocks"),
    [
        (32, 256, [256, 256, 256], [(16, 128), (8, 128), (8, 128), (8, 128)]),
        (48, 512, [256, 128, 64], [(24, 64), (12, 128), (6, 256), (3, 512), (3, 1024)]),
        (
            128,
            1024,
            [1024, 512, 256, 128, 64],
            [(64, 64), (32, 128), (16, 256), (8, 512), (4, 1024), (4, 1024)],
        ),
    ],
)
def test_resnet_equals_tables_4_to_6(side, start, generator_blocks, discriminator_blocks):
    generator, discriminator = architectures.build("resnet", (side, side, 3))
    base = side // 2 ** len(generator_blocks)
    assert generator.get_layer("project_reshape").output.shape == (None, base, base, start)
    sizes = [base * 2 ** (block + 1) for block in range(len(generator_blocks))]
    assert main_path(generator) == list(zip(sizes, generator_blocks, strict=True))
    assert main_path(discriminator) == discriminator_blocks


def test_resnet_at_32_pixels_has_the_official_number_of_weights():
    generator, discriminator = architectures.build("resnet", (32, 32, 3))
    block = 2 * 9 * 256 * 256 + 256 * 256
    assert kernel_count(generator) == 128 * 4 * 4 * 256 + 3 * block + 9 * 256 * 3
    assert kernel_count(discriminator) == (
        (9 * 3 * 128 + 9 * 128 * 128 + 3 * 128)
        + (2 * 9 * 128 * 128 + 128 * 128)
        + 2 * (2 * 9 * 128 * 128)
        + 128
    )
    assert not discriminator.get_layer("logits").layer.use_bias


def test_mlp_equals_the_toy_experiments():
    generator, discriminator = architectures.build("mlp", (2,))
    assert generator.input_shape == (None, 2)
    assert kernel_count(generator) == 2 * 512 + 2 * 512 * 512 + 512 * 2
    assert kernel_count(discriminator) == 2 * 512 + 2 * 512 * 512 + 512
