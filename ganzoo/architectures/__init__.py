"""Generators and discriminators by family, for images of any size."""

from typing import Any

import keras

from ganzoo.architectures.base import (
    CONDITIONINGS,
    GENERATOR_NORMALIZATIONS,
    MINIBATCH_FEATURES,
    NORMALIZATIONS,
    families,
)
from ganzoo.architectures.dcgan import dcgan_discriminator, dcgan_generator
from ganzoo.architectures.infogan import infogan_discriminator, infogan_generator
from ganzoo.architectures.mlp import mlp_discriminator, mlp_generator
from ganzoo.architectures.options import build_network, split_options
from ganzoo.architectures.r3gan import r3gan_discriminator, r3gan_generator
from ganzoo.architectures.resnet import resnet_discriminator, resnet_generator
from ganzoo.architectures.semi_supervised import (
    build_semi_supervised,
    semi_supervised_cnn_discriminator,
    semi_supervised_cnn_generator,
    semi_supervised_families,
    semi_supervised_mlp_discriminator,
    semi_supervised_mlp_generator,
)
from ganzoo.architectures.sngan import sngan_discriminator, sngan_generator
from ganzoo.architectures.stylegan2 import stylegan2_discriminator, stylegan2_generator
from ganzoo.validation import check_positive_integer

__all__ = [
    "CONDITIONINGS",
    "GENERATOR_NORMALIZATIONS",
    "MINIBATCH_FEATURES",
    "NORMALIZATIONS",
    "build",
    "build_semi_supervised",
    "dcgan_discriminator",
    "dcgan_generator",
    "infogan_discriminator",
    "infogan_generator",
    "mlp_discriminator",
    "mlp_generator",
    "names",
    "r3gan_discriminator",
    "r3gan_generator",
    "resnet_discriminator",
    "resnet_generator",
    "semi_supervised_cnn_discriminator",
    "semi_supervised_cnn_generator",
    "semi_supervised_mlp_discriminator",
    "semi_supervised_mlp_generator",
    "semi_supervised_names",
    "sngan_discriminator",
    "sngan_generator",
    "stylegan2_discriminator",
    "stylegan2_generator",
]


def names() -> list[str]:
    """Returns the names of the architectures, in alphabetical order."""
    return families.names()


def semi_supervised_names() -> list[str]:
    """Returns the names of the semi-supervised architectures, in alphabetical order."""
    return semi_supervised_families.names()


def build(
    name: str,
    image_shape: tuple[int, ...],
    latent_dim: int | None = None,
    width: int | None = None,
    num_classes: int | None = None,
    normalization: str | None = None,
    *,
    generator_normalization: str | None = None,
    reference_size: int | None = None,
    attention_size: int | None = None,
    conditioning: str | None = None,
    minibatch_features: str | None = None,
    packing: int = 1,
    condition_dim: int | None = None,
    **options: Any,
) -> tuple[keras.Model, keras.Model]:
    """Builds the two networks of an architecture.

    `None` stands for the default of the architecture.

    Args:
        name: One of `names()`.
        image_shape: `(height, width, channels)`, or `(d,)` for `"mlp"`.
        latent_dim: Length of the latent vectors.
        width: Width of both networks. See the architecture.
        num_classes: Number of classes of conditional networks.
        normalization: Normalization of the discriminator, one of `NORMALIZATIONS`. `"spectral"` and
            `"weight"` normalize the kernels. `"weight"` does not normalize a projection head, and
            the network starts with the same outputs as under `"none"`. `"batch"` and `"layer"`
            normalize the activations, with a scale and an offset for each channel. `"layer"` takes
            the mean and the variance over all positions and channels of an example.
        generator_normalization: `"batch"`, or `"virtual"` for `VirtualBatchNormalization`, for
            architectures with batch normalization.
        reference_size: Size of the reference batch of virtual batch normalization.
        attention_size: Shorter side of the feature maps to which both networks apply
            `SelfAttention`, for `"resnet"`.
        conditioning: How a conditional discriminator uses the classes: `"projection"`, or
            `"auxiliary"` with the outputs `[logits, class_logits]`.
        minibatch_features: `"none"`, or `"discrimination"` for `MinibatchDiscrimination` in the
            discriminator.
        packing: Examples that the discriminator sees in one row. See `ganzoo.GAN`.
        condition_dim: Length of the vectors of conditions of networks that take vectors in place of
            classes: the generator `[latents, conditions]`, the discriminator `[images,
            conditions]`, with a projection.
        **options: Further options of the architecture, for each of its networks that has them.

    Returns:
        The generator and the discriminator.

    Raises:
        ValueError: If the name is unknown or the architecture cannot be built from the arguments.

    Example:

    >>> generator, discriminator = build("dcgan", (28, 28, 1), width=8)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 1))

    Reference:
        `conditioning`: [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637),
        equation 3; [Conditional Image Synthesis with Auxiliary Classifier GANs](
        https://arxiv.org/abs/1610.09585), section 3.
    """
    family = families[name]
    check_positive_integer("packing", packing)
    both = {
        "width": width,
        "num_classes": num_classes,
        "condition_dim": condition_dim,
        "attention_size": attention_size,
    }
    generator_options = {
        "latent_dim": latent_dim,
        "normalization": generator_normalization,
        "reference_size": reference_size,
    }
    discriminator_options = {
        "normalization": normalization,
        "conditioning": conditioning,
        "minibatch_features": minibatch_features,
    }
    of_generator, of_discriminator = split_options(family, options)
    generator = build_network(
        family.generator, image_shape, **both, **generator_options, **of_generator
    )
    # The generator has checked the shape.
    *sides, channels = image_shape
    discriminator = build_network(
        family.discriminator,
        (*sides, packing * channels),
        **both,
        **discriminator_options,
        **of_discriminator,
    )
    return generator, discriminator
