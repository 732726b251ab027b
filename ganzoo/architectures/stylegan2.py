"""The networks of StyleGAN2 (Karras et al. 2020), for small images."""

import itertools
import math

import keras
from keras import layers

from ganzoo.architectures import base
from ganzoo.layers import (
    Blur2D,
    EqualizedLearningRate,
    FilteredDownSampling2D,
    FilteredUpSampling2D,
    LearnedConstant,
    MinibatchStdDev,
    ModulatedConv2D,
    NoiseInjection,
    PixelNormalization,
    ScaledLeakyReLU,
    SpectralNormalization,
    StyleMapping,
)
from ganzoo.validation import check_choice, check_positive_integer

LARGEST_BASE = 4
# Layers of the discriminator's mapping of the classes, and their learning rate.
CLASS_LAYERS, CLASS_RATE = 8, 0.01
NORMALIZATIONS = ("none", "spectral")
BLOCKS = ("residual", "plain")
MINIBATCH_FEATURES = ("stddev", "none")


def stylegan2_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 512,
    width: int = 64,
    num_classes: int | None = None,
    max_channels: int | None = None,
    style_dim: int | None = None,
    mapping_layers: int = 8,
    style_mixing: float = 0.9,
    latent: str = "normal",
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds the generator of StyleGAN2: a mapping network and a synthesis network with skips.

    The generator has two layers of these names. `mapping` is a `ganzoo.layers.StyleMapping` from
    latents (and labels or conditions) to styles `(batch, rows, style_dim)`. `synthesis` is a
    `keras.Model` from styles to images, and has two rows of styles for each size of its feature
    maps.

    The synthesis starts from a learned constant, with a shorter side of 3 or 4 pixels. Each size
    has an upsampling convolution (except the first), a convolution, and a 1x1 convolution to an
    image, which is added to the enlarged image of the size before. Noise is added after each
    convolution. The `to_image` of a size shares its row with the first convolution of the next.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors.
        width: Channels at the full size. Each smaller size has twice as many.
        num_classes: Number of classes of a conditional generator: its inputs are
            `[latents, labels]`.
        max_channels: Largest number of channels. By default `8 * width`.
        style_dim: Length of a style. By default `latent_dim`.
        mapping_layers: Number of dense layers of the mapping network.
        style_mixing: Probability of style mixing in training, in [0, 1).
        latent: Distribution of the second latents of style mixing, the `latent` of `ganzoo.GAN`.
        condition_dim: Length of the vectors of conditions of a generator of `[latents,
            conditions]`.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to images, without bounds: images of the
        data are in [-1, 1].

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> generator = stylegan2_generator((32, 32, 3), latent_dim=16, width=8, mapping_layers=2)
    >>> styles = generator.get_layer("mapping")(keras.ops.ones((2, 16)))
    >>> images = generator.get_layer("synthesis")(styles)
    >>> tuple(styles.shape), tuple(images.shape)
    ((2, 8, 16), (2, 32, 32, 3))

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        figures 2 (d) and 7 (b), appendix B; the numbers of channels and the classes: [Training
        Generative Adversarial Networks with Limited Data](https://arxiv.org/abs/2006.06676).

    Deviations:
        Sides that are no power of two: halves are rounded up, and an enlarged map is cropped.
    """
    sizes = base.stage_sizes(image_shape, LARGEST_BASE)[::-1]
    channels = _channels(width, max_channels, len(sizes))[::-1]
    latent_dim = check_positive_integer("latent_dim", latent_dim)
    style_dim = check_positive_integer("style_dim", style_dim or latent_dim)
    latents = keras.Input((latent_dim,), name="latents")
    condition = base.condition_input(num_classes, condition_dim)
    styles = StyleMapping(
        2 * len(sizes),
        style_dim,
        check_positive_integer("mapping_layers", mapping_layers),
        num_classes,
        mixing=style_mixing,
        latent=latent,
        condition_dim=condition_dim,
        dtype=base.full_precision(),
        name="mapping",
    )(latents if condition is None else [latents, condition])
    x = _synthesis(sizes, channels, image_shape[-1], style_dim)(styles)
    x = layers.Activation("linear", dtype=base.full_precision(), name="images")(x)
    return base.network(latents, condition, x, "generator")


def stylegan2_discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    num_classes: int | None = None,
    normalization: str = "none",
    conditioning: str = "projection",
    minibatch_features: str = "stddev",
    group_size: int = 4,
    max_channels: int | None = None,
    blocks: str = "residual",
    condition_dim: int | None = None,
) -> keras.Model:
    """Builds the discriminator of StyleGAN2: halving blocks and the minibatch standard deviation.

    A 1x1 convolution is followed by blocks of two 3x3 convolutions, of which the second halves the
    sides, until the shorter side is 3 or 4 pixels. Then come the minibatch standard deviation, a
    3x3 convolution, and two dense layers.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        width: Channels at the full size. Each smaller size has twice as many.
        num_classes: Number of classes of a conditional discriminator. See `conditioning`.
        normalization: `"none"` for equalized learning rates, or `"spectral"` for spectral
            normalization of every kernel in their place.
        conditioning: With `"projection"`, a conditional discriminator has the inputs
            `[images, labels]`, and its logit is the scaled inner product of the image's features
            and of what a mapping network makes of the class. With `"auxiliary"`, it has the
            outputs `[logits, class_logits]`, and `class_logits` has the shape
            `(batch, num_classes)`.
        minibatch_features: `"stddev"` or `"none"`.
        group_size: Examples in a group of the minibatch standard deviation. It must divide the
            number of examples of an update.
        max_channels: Largest number of channels. By default `8 * width`.
        blocks: `"residual"`, or `"plain"` for blocks without a shortcut.
        condition_dim: Length of the vectors of conditions of a discriminator of `[images,
            conditions]`, with a projection.

    Returns:
        A `keras.Model` from images in [-1, 1] to logits `(batch, 1)`.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> stylegan2_discriminator((32, 32, 3), width=8).output_shape
    (None, 1)

    Reference:
        [Analyzing and Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958),
        figure 7 (c), appendix B; classes and `blocks`: [Training Generative Adversarial Networks
        with Limited Data](https://arxiv.org/abs/2006.06676), appendix D.

    Deviations:
        Sides that are no power of two: halves are rounded up. The embedding of the classes has no
        bias: the embedding of each class contains it.
    """
    sizes = base.stage_sizes(image_shape, LARGEST_BASE)
    channels = _channels(width, max_channels, len(sizes))
    check_choice("normalization", normalization, NORMALIZATIONS)
    check_choice("conditioning", conditioning, base.CONDITIONINGS)
    check_choice("minibatch_features", minibatch_features, MINIBATCH_FEATURES)
    check_choice("blocks", blocks, BLOCKS)
    base.check_auxiliary(conditioning, num_classes)
    network = _DiscriminatorLayers(normalization == "spectral")
    images = keras.Input(image_shape, name="images")
    condition = base.condition_input(num_classes, condition_dim)
    x = network.convolution(images, channels[0], 1, "from_image")
    for stage, (inputs, outputs) in enumerate(itertools.pairwise(channels), start=1):
        x = network.block(x, inputs, outputs, blocks == "residual", f"stage_{stage}")
    if minibatch_features == "stddev":
        x = MinibatchStdDev(group_size, name="minibatch_stddev")(x)
    x = network.convolution(x, channels[-1], 3, "last_conv")
    x = network.dense(layers.Flatten(name="last_flatten")(x), channels[-1], "last_dense")
    features = layers.Flatten(name="features")(x)
    if condition is None or conditioning == "auxiliary":
        outputs = network.linear(features, 1, "logits")
    else:
        outputs = network.projection(features, condition, num_classes)
    if conditioning == "auxiliary":
        outputs, condition = [outputs, network.linear(features, num_classes, "class_logits")], None
    return base.network(images, condition, outputs, "discriminator")


base.families.register("stylegan2")(base.Family(stylegan2_generator, stylegan2_discriminator))


def _channels(width, max_channels, count):
    """Returns the channels of each size, from the full size to the smallest."""
    width = check_positive_integer("width", width)
    largest = 8 * width if max_channels is None else max_channels
    largest = check_positive_integer("max_channels", largest)
    return [min(width * 2**stage, largest) for stage in range(count)]


def _synthesis(sizes, channels, image_channels, style_dim):
    """Returns the network from styles to images.

    Args:
        sizes: The sizes of the feature maps, `(height, width)`, from the smallest.
        channels: The channels at each size.
        image_channels: The channels of an image.
        style_dim: Length of a style.
    """
    styles = keras.Input((2 * len(sizes), style_dim), name="styles")
    x = LearnedConstant((*sizes[0], channels[0]), name="constant")(styles)
    image = None
    for stage, (size, outputs) in enumerate(zip(sizes, channels, strict=True)):
        name, row = f"size_{min(size)}", 2 * stage
        if stage:
            x = _styled(x, styles, outputs, row - 1, size, f"{name}_conv_0", upsample=True)
        x = _styled(x, styles, outputs, row, size, f"{name}_conv_1")
        to_image = ModulatedConv2D(
            image_channels,
            1,
            row=row + 1,
            demodulate=False,
            dtype=base.full_precision(),
            name=f"{name}_to_image",
        )([x, styles])
        if stage:
            settings = {"dtype": base.full_precision()}
            image = FilteredUpSampling2D(name=f"{name}_up", **settings)(image)
            image = base.crop(image, size, f"{name}_crop")
            to_image = layers.Add(name=f"{name}_image", **settings)([image, to_image])
        image = to_image
    return keras.Model(styles, image, name="synthesis")


def _styled(x, styles, channels, row, size, name, upsample=False):
    """Applies a modulated 3x3 convolution, noise, and the rectifier."""
    x = ModulatedConv2D(channels, 3, row=row, upsample=upsample, name=name)([x, styles])
    x = base.crop(x, size, f"{name}_crop")
    x = NoiseInjection(name=f"{name}_noise")(x)
    return ScaledLeakyReLU(name=f"{name}_relu")(x)


class _DiscriminatorLayers:
    """The layers of the discriminator, under equalized learning rates or spectral normalization."""

    def __init__(self, is_spectral):
        self.is_spectral = is_spectral

    def _apply(self, layer, x, rate=1.0):
        if self.is_spectral:
            return SpectralNormalization(layer, name=layer.name)(x)
        return EqualizedLearningRate(layer, rate, name=layer.name)(x)

    def convolution(self, x, channels, kernel_size, name, halves=False):
        """Convolves and rectifies; halves the sides with a filter first if chosen."""
        if halves:
            x = Blur2D(name=f"{name}_blur")(x)
        convolution = layers.Conv2D(
            channels,
            kernel_size,
            strides=2 if halves else 1,
            padding="valid" if halves else "same",
            kernel_initializer=EqualizedLearningRate.initializer(),
            name=name,
        )
        return ScaledLeakyReLU(name=f"{name}_relu")(self._apply(convolution, x))

    def block(self, x, inputs, outputs, is_residual, name):
        """Applies two convolutions, of which the second halves the sides, and the shortcut."""
        shortcut = x
        x = self.convolution(x, inputs, 3, f"{name}_conv_0")
        x = self.convolution(x, outputs, 3, f"{name}_conv_1", halves=True)
        if not is_residual:
            return x
        shortcut = FilteredDownSampling2D(name=f"{name}_shortcut_down")(shortcut)
        convolution = layers.Conv2D(
            outputs,
            1,
            use_bias=False,
            kernel_initializer=EqualizedLearningRate.initializer(),
            name=f"{name}_shortcut",
        )
        x = layers.Add(name=f"{name}_sum")([x, self._apply(convolution, shortcut)])
        return layers.Rescaling(math.sqrt(0.5), name=name)(x)

    def dense(self, x, units, name, rate=1.0):
        """Applies a dense layer and rectifies."""
        return ScaledLeakyReLU(name=f"{name}_relu")(self._dense(x, units, name, rate))

    def linear(self, x, units, name):
        """Applies a dense layer in full precision."""
        return self._dense(x, units, name, dtype=base.full_precision())

    def _dense(self, x, units, name, rate=1.0, **settings):
        initializer = EqualizedLearningRate.initializer(rate)
        dense = layers.Dense(units, kernel_initializer=initializer, name=name, **settings)
        return self._apply(dense, x, rate)

    def projection(self, features, condition, num_classes):
        """Returns the logits: the inner product with the mapped condition, scaled to unit variance.

        Args:
            features: Tensor of shape `(batch, units)`.
            condition: Labels, or vectors of conditions.
            num_classes: Number of classes, or `None` for vectors.
        """
        units = features.shape[-1]
        features = self.linear(features, units, "projection")
        if num_classes is None:
            x = self._dense(condition, units, "condition_embedding")
        else:
            embedding = layers.Embedding(
                num_classes,
                units,
                embeddings_initializer=EqualizedLearningRate.initializer(),
                name="class_embedding",
            )
            x = self._apply(embedding, condition)
        x = PixelNormalization(name="class_normalization")(x)
        for layer in range(1, CLASS_LAYERS + 1):
            x = self.dense(x, units, f"class_dense_{layer}", CLASS_RATE)
        full = {"dtype": base.full_precision()}
        x = layers.Rescaling(1.0 / math.sqrt(units), name="class_scale", **full)(x)
        return layers.Dot(axes=1, name="logits", **full)([features, x])
