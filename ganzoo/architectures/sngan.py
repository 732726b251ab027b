"""The convolutional networks of SN-GAN (Miyato et al. 2018, table 3)."""

import math

import keras
from keras import layers

from ganzoo.architectures import base

LARGEST_BASE = 6
EPSILON = 2e-5


def sngan_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 128,
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "batch",
    reference_size: int | None = None,
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds the generator of SN-GAN's CNN: 4x4 transposed convolutions, then a 3x3 convolution.

    The shorter side starts with 4 to 6 pixels, as in the paper: 4 for 32 pixels and 6 for 48. The
    channels are `width` at the full size, and twice as many at each smaller size, up to
    `8 * width`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors.
        width: Channels at the full size.
        num_classes: Number of classes of a conditional generator: its inputs are
            `[latents, labels]`, and its batch normalization depends on the class.
        normalization: `"batch"` or `"virtual"`. A conditional generator cannot have `"virtual"`.
        reference_size: Size of the reference batch of virtual batch normalization, by default 64.
        condition_dim: Length of the vectors of conditions of a generator of `[latents,
            conditions]`, whose batch normalization depends on them.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to images in [-1, 1].

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> sngan_generator((32, 32, 3), width=8).output_shape
    (None, 32, 32, 3)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), table 3 (a).

    Deviations:
        A layer before a batch normalization has no bias, because the normalization would subtract
        it.
    """
    base_size, *sizes = reversed(base.stage_sizes(image_shape, LARGEST_BASE))
    base_channels, *channels = reversed(base.doubling_channels(width, len(sizes) + 1))
    builder = base.GeneratorBuilder(
        latent_dim,
        num_classes,
        epsilon=EPSILON,
        normalization=normalization,
        reference_size=reference_size,
        condition_dim=condition_dim,
    )
    x = layers.Dense(
        math.prod(base_size) * base_channels,
        kernel_initializer=base.small_normal(),
        name="project",
    )(builder.latents)
    x = layers.Reshape((*base_size, base_channels), name="project_reshape")(x)
    for stage, (size, outputs) in enumerate(zip(sizes, channels, strict=True), start=1):
        x = builder.transposed_convolution(x, outputs, 4, size, f"up_{stage}")
    x = layers.Conv2D(
        image_shape[-1], 3, padding="same", kernel_initializer=base.small_normal(), name="to_image"
    )(x)
    return builder.image_model(x)


def sngan_discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "spectral",
    conditioning: str = "projection",
    minibatch_features: str = "none",
    condition_dim: int | None = None,
    head: str = "linear",
    normalization_options: dict | None = None,
    minibatch_options: dict | None = None,
) -> keras.Model:
    """Builds the discriminator of SN-GAN's CNN: pairs of 3x3 and strided 4x4 convolutions.

    Every kernel is spectrally normalized; the rectifiers have a slope of 0.1 below zero. Its stages
    mirror the generator's.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Channels at the full size.
        num_classes: Number of classes of a conditional discriminator. See `conditioning`.
        normalization: `"spectral"` or `"weight"` (of every kernel), `"batch"` (after every
            convolution except the first), `"layer"` (at the same positions, over each whole
            example) or `"none"` (for a gradient penalty).
        conditioning: With `"projection"`, a conditional discriminator has the inputs
            `[images, labels]` and a projection head as its last layer. With `"auxiliary"`, it has
            the outputs `[logits, class_logits]`, and `class_logits` has the shape
            `(batch, num_classes)`.
        minibatch_features: `"none"`, or `"discrimination"` for minibatch discrimination between the
            features and the last layer.
        condition_dim: Length of the vectors of conditions of a discriminator of `[images,
            conditions]`, with a projection.
        head: `"linear"`, or `"san"` for a `SANHead` as the last layer, without spectral
            normalization.
        normalization_options: Further arguments of each `SpectralNormalization`, such as
            `{"power_iterations": 5}`, for `normalization="spectral"` without a projection.
        minibatch_options: Arguments of the `MinibatchDiscrimination`: `num_kernels`, `kernel_dim`
            and `include_self`.

    Returns:
        A `keras.Model` from images in [-1, 1] to logits `(batch, 1)`.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> sngan_discriminator((32, 32, 3), width=8).output_shape
    (None, 1)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), table 3 (b).
    """
    stages = len(base.stage_sizes(image_shape, LARGEST_BASE)) - 1
    *channels, last_channels = base.doubling_channels(width, stages + 1)
    builder = base.DiscriminatorBuilder(
        image_shape,
        num_classes,
        normalization,
        0.1,
        EPSILON,
        conditioning,
        minibatch_features,
        condition_dim,
        head,
        normalization_options,
        minibatch_options,
    )
    x = builder.examples
    for stage, outputs in enumerate(channels, start=1):
        x = builder.convolution(x, outputs, 3, 1, f"conv_{stage}", normalized=stage > 1)
        x = builder.convolution(x, outputs, 4, 2, f"down_{stage}")
    x = builder.convolution(x, last_channels, 3, 1, f"conv_{stages + 1}")
    return builder.model(x, base.small_normal())


base.families.register("sngan")(base.Family(sngan_generator, sngan_discriminator))
