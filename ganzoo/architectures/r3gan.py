"""The networks of R3GAN (Huang et al. 2024): grouped residual blocks without normalization."""

import math

import keras
from keras import layers

from ganzoo.architectures import base
from ganzoo.layers import (
    FilteredDownSampling2D,
    FilteredUpSampling2D,
    GroupedConv2D,
    SpatialBasis,
)
from ganzoo.validation import check_choice, check_positive_integer, describe

LARGEST_BASE = 4
SLOPE = 0.2
EXPANSION = 2
CLASS_FEATURES = 64
# The official code: the second moment of a leaky ReLU's output is 1.04 / 2 of its input's.
_ACTIVATION_GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))


def r3gan_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 64,
    width: int = 768,
    num_classes: int | None = None,
    blocks: int = 2,
    group_channels: int = 16,
    uniform_stages: int = 4,
    bfloat16_stages: int = 0,
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds R3GAN's generator: a learned basis, then stages of residual blocks and upsampling.

    The shorter side starts with 3 or 4 pixels. The stages up to 32 pixels (the first four) have
    `width` channels, and each further stage has half as many as the one before it, rounded up. A
    block has a 1x1 convolution to twice the channels, a grouped 3x3 convolution, and a 1x1
    convolution back, whose kernel starts at 0 (Fixup). There is no normalization and no `tanh`.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors.
        width: Channels of the first stages.
        num_classes: Number of classes of a conditional generator: its inputs are
            `[latents, labels]`.
        blocks: Residual blocks in each stage.
        group_channels: Channels in a group of the 3x3 convolutions. It must divide twice the width
            of each stage, or be larger: then there is one group.
        uniform_stages: Number of stages, from the smallest, that have `width` channels.
        bfloat16_stages: Number of stages, from the full size down, that compute in bfloat16, with
            weights in float32. The other stages follow the policy of Keras. The official code has 3
            for 32 pixels and 4 for larger images.
        condition_dim: Length of the vectors of conditions of a generator of `[latents,
            conditions]`.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to images, in [-1, 1] once trained.

    Raises:
        ValueError: If an argument is outside its range, or widths do not fit the groups.

    Example:

    >>> r3gan_generator((32, 32, 3), width=8, blocks=1).output_shape
    (None, 32, 32, 3)

    Reference:
        [The GAN is dead; long live the GAN!](https://arxiv.org/abs/2501.05441), section 4 and the
        official code, whose numbers of parameters this network has.
    """
    network = _Stages(
        "up", image_shape, width, blocks, group_channels, uniform_stages, bfloat16_stages
    )
    builder = base.GeneratorBuilder(latent_dim, num_classes, condition_dim=condition_dim)
    x = builder.latents
    if builder.condition is not None:
        length = num_classes or condition_dim
        embedding = _embedding(num_classes, CLASS_FEATURES, length, "class_embedding")
        x = layers.Concatenate(name="latents_and_class")([x, embedding(builder.condition)])
    x = network.dense(x, network.widths[0], "project")
    x = SpatialBasis(*network.sizes[0], dtype=network.dtype(0), name="basis")(x)
    for stage, size in enumerate(network.sizes):
        if stage:
            x = network.change_width(x, stage)
            x = FilteredUpSampling2D(dtype=network.dtype(stage), name=f"up_{stage}")(x)
            x = base.crop(x, size, f"up_{stage}_crop")
        x = network.residual_blocks(x, stage)
    x = network.convolution(x, image_shape[-1], "to_image", stage)
    images = layers.Activation("linear", dtype=base.full_precision(), name="images")
    return builder.model(images(x))


def r3gan_discriminator(
    image_shape: tuple[int, int, int],
    width: int = 768,
    num_classes: int | None = None,
    normalization: str = "none",
    blocks: int = 2,
    group_channels: int = 16,
    uniform_stages: int = 4,
    bfloat16_stages: int = 0,
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds R3GAN's discriminator, which mirrors the generator.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Channels of the last stages.
        num_classes: Number of classes of a conditional discriminator: its inputs are
            `[images, labels]`, and a logit is the inner product of features with an embedding of
            the class.
        normalization: `"none"`, the only choice: a block ends with a kernel that starts at 0, whose
            norm divides nothing.
        blocks: Residual blocks in each stage.
        group_channels: As for `r3gan_generator`.
        uniform_stages: Number of stages, from the smallest, that have `width` channels.
        bfloat16_stages: As for `r3gan_generator`.
        condition_dim: Length of the vectors of conditions of a discriminator of `[images,
            conditions]`, with the inner product of a linear function of them.

    Returns:
        A `keras.Model` from images in [-1, 1] to logits `(batch, 1)`.

    Raises:
        ValueError: If an argument is outside its range, or widths do not fit the groups.

    Example:

    >>> r3gan_discriminator((32, 32, 3), width=8, blocks=1).output_shape
    (None, 1)

    Reference:
        [The GAN is dead; long live the GAN!](https://arxiv.org/abs/2501.05441), section 4 and the
        official code, whose numbers of parameters this network has.
    """
    network = _Stages(
        "down", image_shape, width, blocks, group_channels, uniform_stages, bfloat16_stages
    )
    # A wrapper divides a kernel by its norm, and the last kernels of the blocks start at 0.
    check_choice("normalization", normalization, ("none",))
    builder = base.DiscriminatorBuilder(
        image_shape, num_classes, normalization, condition_dim=condition_dim
    )
    last = len(network.sizes) - 1
    x = network.convolution(builder.examples, network.widths[last], "from_image", last)
    for stage in range(last, 0, -1):
        x = network.residual_blocks(x, stage)
        x = FilteredDownSampling2D(dtype=network.dtype(stage), name=f"down_{stage}")(x)
        x = network.change_width(x, stage)
    x = network.residual_blocks(x, 0)
    pool = layers.DepthwiseConv2D(
        network.sizes[0],
        use_bias=False,
        depthwise_initializer=_normal(math.prod(network.sizes[0])),
        dtype=network.dtype(0),
        name="pool",
    )
    features = layers.Flatten(name="features")(pool(x))
    if builder.condition is None:
        logits = network.dense(features, 1, "logits", base.full_precision())
        return base.network(builder.examples, None, logits, "discriminator")
    units = network.widths[last]
    fan_in = units * (num_classes or condition_dim)
    embedding = _embedding(num_classes, units, fan_in, "class_weights", base.full_precision())
    projected = network.dense(features, units, "class_features", base.full_precision())
    product = layers.Dot(axes=1, dtype=base.full_precision(), name="logits")
    logits = product([projected, embedding(builder.condition)])
    return base.network(builder.examples, builder.condition, logits, "discriminator")


class _Stages:
    """The sizes, widths and precisions of the stages, from the smallest to the full size."""

    def __init__(
        self, direction, image_shape, width, blocks, group_channels, uniform_stages, bfloat16_stages
    ):
        self.direction = direction
        self.sizes = base.stage_sizes(image_shape, LARGEST_BASE)[::-1]
        self.blocks = check_positive_integer("blocks", blocks)
        self.group_channels = check_positive_integer("group_channels", group_channels)
        check_positive_integer("width", width)
        check_positive_integer("uniform_stages", uniform_stages)
        halvings = [max(0, stage + 1 - uniform_stages) for stage in range(len(self.sizes))]
        self.widths = [-(-width // 2**count) for count in halvings]
        for channels in self.widths:
            expanded = EXPANSION * channels
            if expanded > group_channels and expanded % group_channels:
                raise ValueError(
                    "`group_channels` must divide twice the width of each stage. "
                    f"Received: group_channels={group_channels} with a width of {channels}"
                )
        is_integer = isinstance(bfloat16_stages, int) and not isinstance(bfloat16_stages, bool)
        if not is_integer or bfloat16_stages < 0:
            raise ValueError(
                "`bfloat16_stages` must be an integer of at least 0. "
                f"Received: bfloat16_stages={describe(bfloat16_stages)}"
            )
        self._first_in_bfloat16 = len(self.sizes) - bfloat16_stages
        # Fixup with three convolutions in a block: the blocks of the network to the power -1/4.
        self._gain = _ACTIVATION_GAIN * (len(self.sizes) * self.blocks) ** -0.25

    def dtype(self, stage):
        """Returns the policy of a stage, `None` for the one of Keras."""
        return "mixed_bfloat16" if stage >= self._first_in_bfloat16 else None

    def dense(self, x, units, name, dtype=None):
        initializer = _normal(x.shape[-1])
        layer = layers.Dense(
            units, use_bias=False, kernel_initializer=initializer, dtype=dtype, name=name
        )
        return layer(x)

    def convolution(self, x, channels, name, stage, initializer=None, use_bias=False):
        """Applies a 1x1 convolution, by default without a bias and with a gain of 1."""
        layer = layers.Conv2D(
            channels,
            1,
            use_bias=use_bias,
            kernel_initializer=initializer or _normal(x.shape[-1]),
            dtype=self.dtype(stage),
            name=name,
        )
        return layer(x)

    def change_width(self, x, stage):
        """Applies a 1x1 convolution on the way up to a stage, or down from it, if widths differ."""
        channels = self.widths[stage if self.direction == "up" else stage - 1]
        if x.shape[-1] == channels:
            return x
        return self.convolution(x, channels, f"{self.direction}_{stage}_width", stage)

    def residual_blocks(self, x, stage):
        for block in range(1, self.blocks + 1):
            x = self._residual_block(x, stage, f"{self.direction}_{stage}_block_{block}")
        return x

    def _residual_block(self, x, stage, name):
        channels = x.shape[-1]
        expanded = EXPANSION * channels
        y = self.convolution(
            x, expanded, f"{name}_expand", stage, _normal(channels, self._gain), use_bias=True
        )
        y = self._activation(y, stage, f"{name}_relu_1")
        in_group = min(self.group_channels, expanded)
        grouped = GroupedConv2D(
            expanded,
            3,
            groups=expanded // in_group,
            padding="same",
            kernel_initializer=_normal(9 * in_group, self._gain),
            dtype=self.dtype(stage),
            name=f"{name}_grouped",
        )
        y = self._activation(grouped(y), stage, f"{name}_relu_2")
        y = self.convolution(y, channels, f"{name}_reduce", stage, keras.initializers.Zeros())
        return layers.Add(dtype=self.dtype(stage), name=name)([x, y])

    def _activation(self, x, stage, name):
        return layers.ReLU(negative_slope=SLOPE, dtype=self.dtype(stage), name=name)(x)


def _embedding(num_classes, units, fan_in, name, dtype=None):
    """Returns a linear layer without a bias, of classes or of vectors of conditions."""
    settings = {"dtype": dtype, "name": name}
    if num_classes is None:
        return layers.Dense(units, use_bias=False, kernel_initializer=_normal(fan_in), **settings)
    return layers.Embedding(num_classes, units, embeddings_initializer=_normal(fan_in), **settings)


def _normal(fan_in, gain=1.0):
    return keras.initializers.RandomNormal(stddev=gain / math.sqrt(fan_in))


base.families.register("r3gan")(base.Family(r3gan_generator, r3gan_discriminator))
