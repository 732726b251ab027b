"""The residual networks of SN-GAN (Miyato et al. 2018, tables 4 to 6)."""

import math

import keras
from keras import layers

from ganzoo.architectures import base, options
from ganzoo.architectures.hierarchical_latents import HierarchicalBuilder
from ganzoo.layers import GlobalSumPooling2D, SelfAttention
from ganzoo.validation import check_choice, check_positive_integer

EPSILON = 2e-5
# Table 4 (32 pixels): all blocks have the same channels. Tables 5 (48) and 6 (128): they double.
LARGEST_UNIFORM = 32
LARGEST_MULTIPLE = 16


def resnet_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 128,
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "batch",
    reference_size: int | None = None,
    attention_size: int | None = None,
    condition_dim: int | None = None,
    hierarchical_latents: bool = False,
    embedding_dim: int | None = None,
) -> keras.Model:
    """Builds SN-GAN's residual generator: a dense layer, doubling blocks, a 3x3 convolution.

    The shorter side starts with 4 to 6 pixels. Up to 32 pixels, every block has `4 * width`
    channels. For larger images, the channels are `width` at the full size, and twice as many at
    each smaller size, up to `16 * width`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors.
        width: Unit of the numbers of channels.
        num_classes: Number of classes of a conditional generator: its inputs are
            `[latents, labels]`, and the batch normalization of its blocks depends on the class.
        normalization: `"batch"` or `"virtual"`. A conditional generator cannot have `"virtual"`.
        reference_size: Size of the reference batch of virtual batch normalization, by default 64.
        attention_size: Shorter side of the feature maps to which self-attention is applied once, or
            `None`.
        condition_dim: Length of the vectors of conditions of a generator of `[latents,
            conditions]`, whose batch normalization depends on them.
        hierarchical_latents: Whether the latents are split in equal parts, one for the dense layer
            and one for the batch normalizations of each block, as in BigGAN.
        embedding_dim: With `hierarchical_latents`, length of the embedding of a class, which all
            blocks share, by default 128.

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
        [Self-Attention GANs](https://arxiv.org/abs/1805.08318), with attention at 32 pixels;
        `hierarchical_latents`: [Large Scale GAN Training](https://arxiv.org/abs/1809.11096),
        section 3.1 and appendix B.

    Deviations:
        The 1x1 convolution of a shortcut comes before the doubling. The result is the same. A
        convolution before a batch normalization has no bias, because the normalization would
        subtract it.
    """
    check_positive_integer("width", width)
    base_size, *sizes = reversed(base.stage_sizes(image_shape, largest_base=6))
    if _is_uniform(image_shape):
        base_channels, *channels = [4 * width] * (len(sizes) + 1)
    else:
        base_channels, *channels = reversed(_growing_channels(width, len(sizes) + 1))
    _check_attention_size(attention_size, sizes)
    _check_embedding_dim(embedding_dim, hierarchical_latents, num_classes)
    if hierarchical_latents:
        check_choice("normalization", normalization, ["batch"])
        options.reference_size(reference_size, normalization)
        builder = HierarchicalBuilder(
            latent_dim, num_classes, len(sizes), embedding_dim, EPSILON, condition_dim
        )
    else:
        builder = base.GeneratorBuilder(
            latent_dim,
            num_classes,
            epsilon=EPSILON,
            normalization=normalization,
            reference_size=reference_size,
            condition_dim=condition_dim,
        )
    x = layers.Dense(math.prod(base_size) * base_channels, name="project")(builder.first_latents)
    x = layers.Reshape((*base_size, base_channels), name="project_reshape")(x)
    for block, (size, outputs) in enumerate(zip(sizes, channels, strict=True), start=1):
        builder.start_block(block)
        x = _doubling_block(builder, x, outputs, size, f"block_{block}")
        if min(size) == attention_size:
            x = SelfAttention(name="attention")(x)
    x = builder.relu(x, "last", conditional=False)
    x = layers.Conv2D(image_shape[-1], 3, padding="same", name="to_image")(x)
    return builder.image_model(x)


def resnet_discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "spectral",
    conditioning: str = "projection",
    minibatch_features: str = "none",
    attention_size: int | None = None,
    condition_dim: int | None = None,
    head: str = "linear",
    normalization_options: dict | None = None,
    minibatch_options: dict | None = None,
) -> keras.Model:
    """Builds SN-GAN's residual discriminator: blocks, then the sum over all positions.

    Up to 32 pixels there are two halving blocks and two blocks of the same size, all with
    `2 * width` channels. For larger images, blocks halve the shorter side until it is at most 4
    pixels, with `width` channels in the first block and twice as many in each next block, up to
    `16 * width`. One more block follows.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Unit of the numbers of channels.
        num_classes: Number of classes of a conditional discriminator. See `conditioning`.
        normalization: `"spectral"` (of every kernel), `"weight"` (of every kernel except in
            self-attention), `"batch"` (before each rectifier except in the first block), `"layer"`
            (at the same positions, over each whole example) or `"none"` (for a gradient penalty).
        conditioning: With `"projection"`, a conditional discriminator has the inputs
            `[images, labels]` and a projection head as its last layer. With `"auxiliary"`, it has
            the outputs `[logits, class_logits]`, and `class_logits` has the shape
            `(batch, num_classes)`.
        minibatch_features: `"none"`, or `"discrimination"` for minibatch discrimination between the
            features and the last layer.
        attention_size: Shorter side of the feature maps to which self-attention is applied once, or
            `None`.
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

    >>> resnet_discriminator((48, 48, 3), width=4).output_shape
    (None, 1)

    Reference:
        [Spectral Normalization for Generative Adversarial Networks](
        https://arxiv.org/abs/1802.05957), tables 4 (b), 5 (b) and 6 (b);
        [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637), figure 14;
        [Self-Attention GANs](https://arxiv.org/abs/1805.08318), with attention at 32 pixels.

    Deviations:
        The 1x1 convolution of a shortcut comes after the pooling. The result is the same.
    """
    check_positive_integer("width", width)
    if is_uniform := _is_uniform(image_shape):
        sizes = base.stage_sizes(image_shape, largest_base=1)[1:3]
        channels = [2 * width] * 4
    else:
        _, *sizes = base.stage_sizes(image_shape, largest_base=4)
        channels = _growing_channels(width, len(sizes) + 1)
    _check_attention_size(attention_size, sizes)
    if attention_size is not None and normalization_options:
        raise ValueError(
            "A network with attention takes no `normalization_options`. Received: "
            f"attention_size={attention_size}, normalization_options={normalization_options!r}"
        )
    builder = base.DiscriminatorBuilder(
        image_shape,
        num_classes,
        normalization,
        epsilon=EPSILON,
        conditioning=conditioning,
        minibatch_features=minibatch_features,
        condition_dim=condition_dim,
        head=head,
        normalization_options=normalization_options,
        minibatch_options=minibatch_options,
    )
    x = builder.examples
    for block, outputs in enumerate(channels, start=1):
        x = _discriminator_block(builder, x, outputs, block <= len(sizes), block)
        if block <= len(sizes) and min(sizes[block - 1]) == attention_size:
            is_spectral = normalization == "spectral"
            x = SelfAttention(spectral_normalization=is_spectral, name="attention")(x)
    x = builder.relu(x, "last")
    x = GlobalSumPooling2D(name="sum")(x)
    # In the official code, the head for 32 pixels has no bias, and the larger heads have one.
    return builder.model(x, "glorot_uniform", use_bias=not is_uniform)


base.families.register("resnet")(base.Family(resnet_generator, resnet_discriminator))


def _is_uniform(image_shape):
    full_size, *_ = base.stage_sizes(image_shape, largest_base=6)
    return min(full_size) <= LARGEST_UNIFORM


def _check_attention_size(attention_size, sizes):
    """Raises `ValueError` if no block's feature maps have this shorter side."""
    if attention_size is not None:
        check_choice("attention_size", attention_size, [min(size) for size in sizes])


def _check_embedding_dim(embedding_dim, hierarchical_latents, num_classes):
    """Raises `ValueError` if there is no embedding of this length."""
    if embedding_dim is None:
        return
    check_positive_integer("embedding_dim", embedding_dim)
    if not hierarchical_latents or num_classes is None:
        raise ValueError(
            "`embedding_dim` is for `hierarchical_latents=True` with classes. Received: "
            f"embedding_dim={embedding_dim}, hierarchical_latents={hierarchical_latents!r}, "
            f"num_classes={num_classes!r}"
        )


def _growing_channels(width, count):
    return base.doubling_channels(width, count, LARGEST_MULTIPLE)


def _doubling_block(builder, x, channels, size, name):
    """Applies BN, ReLU, doubling, 3x3, BN, ReLU, 3x3, and adds the doubled shortcut."""

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
    """Applies ReLU, 3x3, ReLU, 3x3, and adds the shortcut; a halving block pools both.

    The first block starts with the convolution, because a rectifier would lose half of the image.
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
    """Returns a convolution, initialized as in the official code: twice the variance for 3x3."""
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
