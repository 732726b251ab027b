"""DCGAN (Radford et al. 2016): strided 5x5 convolutions with batch normalization."""

import math

import keras
from keras import layers

from ganzoo.architectures import base

KERNEL_SIZE = 5
LARGEST_BASE = 6


def dcgan_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "batch",
    reference_size: int | None = None,
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds the generator of DCGAN: a dense layer, then 5x5 transposed convolutions of stride 2.

    The shorter side starts with 4 to 6 pixels. Images of 64 pixels have the paper's four doublings
    from 4, and images of 32 pixels have three. The channels are `width` before the last layer, and
    twice as many at each smaller size, up to `8 * width`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors.
        width: Channels before the last layer.
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

    >>> dcgan_generator((28, 28, 1), width=8).output_shape
    (None, 28, 28, 1)

    Reference:
        [Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
        Networks](https://arxiv.org/abs/1511.06434), figure 1.

    Deviations:
        The width is 64, as in most implementations. In the figure it is 128. A layer before a batch
        normalization has no bias, because the normalization would subtract it.
    """
    base_size, *sizes = reversed(base.stage_sizes(image_shape, LARGEST_BASE))
    base_channels, *channels = reversed(base.doubling_channels(width, len(sizes)))
    builder = base.GeneratorBuilder(
        latent_dim,
        num_classes,
        normalization=normalization,
        reference_size=reference_size,
        condition_dim=condition_dim,
    )
    x = layers.Dense(
        math.prod(base_size) * base_channels,
        use_bias=False,
        kernel_initializer=base.small_normal(),
        name="project",
    )(builder.latents)
    x = layers.Reshape((*base_size, base_channels), name="project_reshape")(x)
    x = builder.relu(x, "project")
    stages = zip(sizes, [*channels, image_shape[-1]], strict=True)
    for stage, (size, outputs) in enumerate(stages, start=1):
        x = builder.transposed_convolution(
            x, outputs, KERNEL_SIZE, size, f"up_{stage}", normalized=stage < len(sizes)
        )
    return builder.image_model(x)


def dcgan_discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "batch",
    conditioning: str = "projection",
    minibatch_features: str = "none",
    condition_dim: int | None = None,
    head: str = "linear",
    normalization_options: dict | None = None,
    minibatch_options: dict | None = None,
) -> keras.Model:
    """Builds the discriminator of DCGAN: 5x5 convolutions of stride 2 with leaky ReLU.

    Its stages mirror the generator's.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Channels of the first convolution.
        num_classes: Number of classes of a conditional discriminator. See `conditioning`.
        normalization: `"batch"` (after every convolution except the first), `"layer"` (over each
            whole example), `"spectral"` or `"weight"` (of every kernel), or `"none"` (for a
            gradient penalty).
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

    >>> dcgan_discriminator((28, 28, 1), width=8).output_shape
    (None, 1)

    Reference:
        [Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
        Networks](https://arxiv.org/abs/1511.06434), section 3.
    """
    stages = len(base.stage_sizes(image_shape, LARGEST_BASE)) - 1
    channels = base.doubling_channels(width, stages)
    builder = base.DiscriminatorBuilder(
        image_shape,
        num_classes,
        normalization,
        slope=0.2,
        conditioning=conditioning,
        minibatch_features=minibatch_features,
        condition_dim=condition_dim,
        head=head,
        normalization_options=normalization_options,
        minibatch_options=minibatch_options,
    )
    x = builder.examples
    for stage, outputs in enumerate(channels, start=1):
        x = builder.convolution(
            x, outputs, KERNEL_SIZE, strides=2, name=f"down_{stage}", normalized=stage > 1
        )
    return builder.model(x, base.small_normal())


base.families.register("dcgan")(base.Family(dcgan_generator, dcgan_discriminator))
