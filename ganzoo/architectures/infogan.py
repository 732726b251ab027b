"""The networks of InfoGAN (Chen et al. 2016), with which Lucic et al. (2018) compared losses."""

import math

import keras
from keras import layers

from ganzoo.architectures import base

KERNEL_SIZE = 4
LARGEST_BASE = 8
FEWEST_STAGES = 2
SLOPE = 0.2


def infogan_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 64,
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "batch",
    reference_size: int | None = None,
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds the generator of InfoGAN: two dense layers, then 4x4 transposed convolutions.

    Images of up to 32 pixels have the papers' two doublings. Larger images start with a shorter
    side of 5 to 8 pixels. The channels are `width` before the last layer, and twice as many at each
    smaller size, up to `8 * width`. The first dense layer has `16 * width` units.

    Only the architecture is InfoGAN's: there is no mutual-information term.

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

    >>> infogan_generator((28, 28, 1), width=8).output_shape
    (None, 28, 28, 1)

    Reference:
        [InfoGAN](https://arxiv.org/abs/1606.03657), appendix C.1;
        [Are GANs Created Equal?](https://arxiv.org/abs/1711.10337), section 5.

    Deviations:
        The images are the tanh of the last layer, in [-1, 1], and not its sigmoid. The rectifiers
        are leaky, as in the code of Lucic et al. In InfoGAN's generator they are not leaky. Beyond
        32 pixels the papers keep two doublings and enlarge the second dense layer. A layer before a
        batch normalization has no bias, because the normalization would subtract it.
    """
    base_size, *sizes = reversed(base.stage_sizes(image_shape, LARGEST_BASE, FEWEST_STAGES))
    base_channels, *channels = reversed(base.doubling_channels(width, len(sizes)))
    builder = base.GeneratorBuilder(
        latent_dim,
        num_classes,
        SLOPE,
        normalization=normalization,
        reference_size=reference_size,
        condition_dim=condition_dim,
    )
    x = builder.latents
    for name, units in ("hidden", 16 * width), ("project", math.prod(base_size) * base_channels):
        x = layers.Dense(units, use_bias=False, kernel_initializer=base.small_normal(), name=name)(
            x
        )
        x = builder.relu(x, name)
    x = layers.Reshape((*base_size, base_channels), name="project_reshape")(x)
    stages = zip(sizes, [*channels, image_shape[-1]], strict=True)
    for stage, (size, outputs) in enumerate(stages, start=1):
        x = builder.transposed_convolution(
            x, outputs, KERNEL_SIZE, size, f"up_{stage}", normalized=stage < len(sizes)
        )
    return builder.image_model(x)


def infogan_discriminator(
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
    """Builds the discriminator of InfoGAN: 4x4 convolutions of stride 2, then a dense layer.

    Its stages mirror the generator's. Its features are the `16 * width` units of the dense layer.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Channels of the first convolution.
        num_classes: Number of classes of a conditional discriminator. See `conditioning`.
        normalization: `"batch"` (after every layer except the first and the last), `"layer"` (over
            each whole example), `"spectral"` or `"weight"` (of every kernel), or `"none"` (for a
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

    >>> infogan_discriminator((28, 28, 1), width=8).output_shape
    (None, 1)

    Reference:
        [InfoGAN](https://arxiv.org/abs/1606.03657), appendix C.1;
        [Are GANs Created Equal?](https://arxiv.org/abs/1711.10337), section 5.
    """
    stages = len(base.stage_sizes(image_shape, LARGEST_BASE, FEWEST_STAGES)) - 1
    channels = base.doubling_channels(width, stages)
    builder = base.DiscriminatorBuilder(
        image_shape,
        num_classes,
        normalization,
        SLOPE,
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
    x = layers.Flatten(name="flatten")(x)
    x = builder.dense(x, 16 * width, base.small_normal(), "dense")
    return builder.model(x, base.small_normal())


base.families.register("infogan")(base.Family(infogan_generator, infogan_discriminator))
