"""The residual networks of SN-GAN (Miyato et al. 2018, tables 4 to 6)."""

import math

import keras
from keras import layers

from ganzoo.architectures import base
from ganzoo.layers import GlobalSumPooling2D, SelfAttention
from ganzoo.validation import check_choice, check_positive_integer

EPSILON = 2e-5
# Table 4 (32 pixels) has the same channels everywhere; in tables 5 (48) and 6 (128) they double.
LARGEST_UNIFORM = 32
LARGEST_MULTIPLE = 16


def resnet_generator(
    image_shape,
    latent_dim=128,
    width=64,
    num_classes=None,
    normalization="batch",
    reference_size=base.REFERENCE_SIZE,
    attention_size=None,
):
    """Builds SN-GAN's residual generator: a dense layer, doubling blocks, a 3x3 convolution.

    The shorter side begins with 4 to 6 pixels. Up to 32 pixels, every block has `4 * width`
    channels; beyond, the channels are `width` at the full size, and twice as many at each smaller
    size, up to `16 * width`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors.
        width: Unit of the numbers of channels.
        num_classes: Number of classes of a conditional generator: its inputs are
            `[latents, labels]`, and the batch normalization of its blocks is the class's.
        normalization: `"batch"`, or in its place `"virtual"`, which is not for a conditional
            generator.
        reference_size: Size of the reference batch of virtual batch normalization.
        attention_size: Shorter side of the feature maps that self-attention is applied to, once, or
            `None` for none.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to images in [-1, 1].

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> resnet_generator((48, 48, 3), width=4).output_shape
    (None, 48, 48, 3)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), tables 4 (a), 5 (a) and 6 (a);
        [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637), figure 14;
        [Self-Attention GANs](https://arxiv.org/abs/1805.08318), which attend at 32 pixels.

    Deviations:
        The 1x1 convolution of a shortcut comes before the doubling, with which it commutes. A
        convolution before a batch normalization has no bias, as it would be subtracted again.
    """
    check_positive_integer("width", width)
    base_size, *sizes = reversed(base.stage_sizes(image_shape, largest_base=6))
    if _is_uniform(image_shape):
        base_channels, *channels = [4 * width] * (len(sizes) + 1)
    else:
        base_channels, *channels = reversed(_growing_channels(width, len(sizes) + 1))
    _check_attention_size(attention_size, sizes)
    builder = base.GeneratorBuilder(
        latent_dim,
        num_classes,
        epsilon=EPSILON,
        normalization=normalization,
        reference_size=reference_size,
    )
    x = layers.Dense(math.prod(base_size) * base_channels, name="project")(builder.latents)
    x = layers.Reshape((*base_size, base_channels), name="project_reshape")(x)
    for block, (size, outputs) in enumerate(zip(sizes, channels, strict=True), start=1):
        x = _doubling_block(builder, x, outputs, size, f"block_{block}")
        if min(size) == attention_size:
            x = SelfAttention(name="attention")(x)
    x = builder.relu(x, "last", conditional=False)
    x = layers.Conv2D(image_shape[-1], 3, padding="same", name="to_image")(x)
    return builder.image_model(x)


def resnet_discriminator(
    image_shape,
    width=64,
    num_classes=None,
    normalization="spectral",
    conditioning="projection",
    minibatch_features="none",
    attention_size=None,
):
    """Builds SN-GAN's residual discriminator: blocks, then the sum over all positions.

    Up to 32 pixels there are two halving blocks and two at the same size, all of `2 * width`
    channels. Beyond, blocks halve the shorter side until it is at most 4 pixels, with `width`
    channels in the first and twice as many in each next one, up to `16 * width`; one more block
    follows.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Unit of the numbers of channels.
        num_classes: Number of classes of a conditional discriminator, see `conditioning`.
        normalization: `"spectral"` or `"weight"` (of every kernel, the latter not in
            self-attention), or in their place `"batch"` (before the rectifiers, but for the first
            block's), `"layer"` (likewise, over all of an example) or `"none"` (as a gradient
            penalty wants).
        conditioning: `"projection"`: a conditional discriminator's inputs are `[images, labels]`,
            and its last layer is a projection head; or `"auxiliary"`: its outputs are
            `[logits, class_logits]`, with logits of the classes of shape `(batch, num_classes)`.
        minibatch_features: `"none"`, or `"discrimination"`: minibatch discrimination between the
            features and the last layer.
        attention_size: Shorter side of the feature maps that self-attention is applied to, once, or
            `None` for none.

    Returns:
        A `keras.Model` from images in [-1, 1] to logits `(batch, 1)`.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> resnet_discriminator((48, 48, 3), width=4).output_shape
    (None, 1)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), tables 4 (b), 5 (b) and 6 (b);
        [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637), figure 14;
        [Self-Attention GANs](https://arxiv.org/abs/1805.08318), which attend at 32 pixels.

    Deviations:
        The 1x1 convolution of a shortcut comes after the pooling, with which it commutes.
    """
    check_positive_integer("width", width)
    if is_uniform := _is_uniform(image_shape):
        sizes = base.stage_sizes(image_shape, largest_base=1)[1:3]
        channels = [2 * width] * 4
    else:
        _, *sizes = base.stage_sizes(image_shape, largest_base=4)
        channels = _growing_channels(width, len(sizes) + 1)
    _check_attention_size(attention_size, sizes)
    builder = base.DiscriminatorBuilder(
        image_shape,
        num_classes,
        normalization,
        epsilon=EPSILON,
        conditioning=conditioning,
        minibatch_features=minibatch_features,
    )
    x = builder.examples
    for block, outputs in enumerate(channels, start=1):
        x = _discriminator_block(builder, x, outputs, block <= len(sizes), block)
        if block <= len(sizes) and min(sizes[block - 1]) == attention_size:
            is_spectral = normalization == "spectral"
            x = SelfAttention(spectral_normalization=is_spectral, name="attention")(x)
    x = builder.relu(x, "last")
    x = GlobalSumPooling2D(name="sum")(x)
    # The official code's head for 32 pixels has no bias, the larger ones have.
    return builder.model(x, "glorot_uniform", use_bias=not is_uniform)


base.families.register("resnet")(base.Family(resnet_generator, resnet_discriminator))


def _is_uniform(image_shape):
    full_size, *_ = base.stage_sizes(image_shape, largest_base=6)
    return min(full_size) <= LARGEST_UNIFORM


def _check_attention_size(attention_size, sizes):
    """Raises `ValueError` if no block's feature maps have this shorter side."""
    if attention_size is not None:
        check_choice("attention_size", attention_size, [min(size) for size in sizes])


def _growing_channels(width, count):
    return base.doubling_channels(width, count, LARGEST_MULTIPLE)


def _doubling_block(builder, x, channels, size, name):
    """BN, ReLU, doubling, 3x3, BN, ReLU, 3x3, added to the doubled shortcut."""

    def double(x, path):
        x = layers.UpSampling2D(interpolation="nearest", name=f"{name}_{path}up")(x)
        return base.crop(x, size, f"{name}_{path}crop")

    shortcut = double(_convolution(channels, 1, f"{name}_shortcut")(x), "shortcut_")
    x = double(builder.relu(x, f"{name}_in"), "")
    x = _convolution(channels, 3, f"{name}_conv_1", use_bias=False)(x)
    x = builder.relu(x, f"{name}_mid")
    x = _convolution(channels, 3, f"{name}_conv_2")(x)
    return layers.Add(name=name)([x, shortcut])


def _discriminator_block(builder, x, channels, halves, block):
    """ReLU, 3x3, ReLU, 3x3, pooled where it halves, added to the pooled shortcut.

    The first block begins with the convolution: a rectifier would lose half of the image.
    """
    name = f"block_{block}"
    is_first = block == 1
    inputs = x.shape[-1]

    def pool(x, path):
        if not halves:
            return x
        return layers.AveragePooling2D(2, padding="same", name=f"{name}_{path}pool")(x)

    shortcut = pool(x, "shortcut_")
    if halves or inputs != channels:
        shortcut = builder.apply(_convolution(channels, 1, f"{name}_shortcut"), shortcut)
    if not is_first:
        x = builder.relu(x, f"{name}_in")
    hidden = channels if is_first else inputs
    x = builder.apply(_convolution(hidden, 3, f"{name}_conv_1"), x)
    x = builder.relu(x, f"{name}_mid", normalized=not is_first)
    x = builder.apply(_convolution(channels, 3, f"{name}_conv_2"), x)
    return layers.Add(name=name)([pool(x, ""), shortcut])


def _convolution(channels, kernel_size, name, use_bias=True):
    """Returns a convolution with the official code's initialization, twice the variance for 3x3."""
    return layers.Conv2D(
        channels,
        kernel_size,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=1.0 if kernel_size == 1 else 2.0, mode="fan_avg", distribution="uniform"
        ),
        name=name,
    )
