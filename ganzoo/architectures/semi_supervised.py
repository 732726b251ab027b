"""The networks of semi-supervised learning with GANs (Salimans et al. 2016)."""

import math

import keras
from keras import layers

from ganzoo.architectures import base
from ganzoo.architectures.options import build_network
from ganzoo.architectures.semi_supervised_layers import (
    class_logits,
    hidden_convolution,
    hidden_layer,
    latents_and_scaled,
    minibatch_discrimination,
    normal,
    unscaled_normalization,
)
from ganzoo.layers import WeightNormalization
from ganzoo.registry import Registry
from ganzoo.validation import check_choice, check_image_shape, check_positive_integer

# The last 3x3 convolution of the cnn's discriminator has a quarter of each side as its input.
SMALLEST_SIDE = 9
HIDDEN_MULTIPLES = (4, 2, 1, 1, 1)

semi_supervised_families = Registry("semi-supervised architecture")


def build_semi_supervised(
    name: str,
    image_shape: tuple[int, int, int],
    num_classes: int,
    latent_dim: int | None = None,
    width: int | None = None,
    generator_width: int | None = None,
    minibatch_features: str | None = None,
    generator_normalization: str | None = None,
    reference_size: int | None = None,
) -> tuple[keras.Model, keras.Model]:
    """Builds the two networks of a semi-supervised architecture.

    `None` stands for the default of the architecture.

    Args:
        name: One of `semi_supervised_names()`.
        image_shape: `(height, width, channels)`, or `(d,)` for `"semi_supervised_mlp"`.
        num_classes: Number of classes.
        latent_dim: Length of the latent vectors.
        width: Width of the discriminator.
        generator_width: Width of the generator.
        minibatch_features: `"none"` or `"discrimination"`. See the discriminators.
        generator_normalization: `"batch"` or `"virtual"`. See the generators.
        reference_size: Size of the reference batch of virtual batch normalization, by default 64.

    Returns:
        The generator and the discriminator, whose outputs are class logits.

    Raises:
        ValueError: If the name is unknown or the architecture cannot be built from the arguments.

    Example:

    >>> generator, discriminator = build_semi_supervised(
    ...     "semi_supervised_mlp", (28, 28, 1), num_classes=10
    ... )
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 10))
    """
    family = semi_supervised_families[name]
    generator = {
        "latent_dim": latent_dim,
        "width": generator_width,
        "normalization": generator_normalization,
        "reference_size": reference_size,
    }
    discriminator = {"width": width, "minibatch_features": minibatch_features}
    return (
        build_network(family.generator, image_shape, **generator),
        build_network(family.discriminator, image_shape, num_classes=num_classes, **discriminator),
    )


def semi_supervised_mlp_generator(
    shape: tuple[int, ...],
    latent_dim: int = 100,
    width: int = 500,
    normalization: str = "batch",
    reference_size: int | None = None,
) -> keras.Model:
    """Builds the generator for MNIST: two hidden layers with softplus, then a normalized one.

    Args:
        shape: `(height, width, channels)` of images, or `(d,)` of vectors.
        latent_dim: Length of the latent vectors, which are uniform in (-1, 1).
        width: Units of each hidden layer.
        normalization: `"batch"` or `"virtual"`.
        reference_size: Size of the reference batch of virtual batch normalization, by default 64.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to images in [-1, 1].

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> semi_supervised_mlp_generator((28, 28, 1), width=8).output_shape
    (None, 28, 28, 1)

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 5.1, and
        the official code for MNIST with feature matching.

    Deviations:
        The images are `2 y - 1` for the official code's `y` in [0, 1]. The latents are mapped to
        the (0, 1) of the official code.
    """
    shape = _check_shape(shape)
    check_positive_integer("width", width)
    normalized = unscaled_normalization(normalization, reference_size)
    latents, x = latents_and_scaled(latent_dim)
    for layer in (1, 2):
        name = f"hidden_{layer}"
        x = layers.Dense(width, use_bias=False, name=name)(x)
        x = normalized(name)(x)
        x = layers.Activation("softplus", name=f"{name}_softplus")(x)
    # The rows start with the length 1, which is trained.
    last = layers.Dense(math.prod(shape), name="to_image")
    x = WeightNormalization(last, scale_initializer="ones", name="to_image")(x)
    x = layers.Reshape(shape, name="to_image_reshape")(x)
    precision = base.full_precision()
    x = layers.Activation("sigmoid", dtype=precision, name="sigmoid")(x)
    return _model(latents, layers.Rescaling(2.0, -1.0, dtype=precision, name=_example(shape))(x))


def semi_supervised_mlp_discriminator(
    shape: tuple[int, ...],
    num_classes: int,
    width: int = 250,
    minibatch_features: str = "none",
) -> keras.Model:
    """Builds the classifier for MNIST: five hidden layers with noise before each layer.

    The noise has the standard deviation 0.3 on the images, scaled to [0, 1], and 0.5 on the hidden
    layers. All layers are weight-normalized and initialized from data. The scales of the hidden
    layers are not trained. The layer `features` is the last hidden layer, before its noise.

    Args:
        shape: `(height, width, channels)` of images, or `(d,)` of vectors.
        num_classes: Number of classes.
        width: The hidden layers have 4, 2, 1, 1 and 1 times as many units.
        minibatch_features: `"none"`, or `"discrimination"` for minibatch discrimination on the last
            hidden layer, before its noise.

    Returns:
        A `keras.Model` from images in [-1, 1] to class logits `(batch, num_classes)`.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> semi_supervised_mlp_discriminator((28, 28, 1), num_classes=10, width=8).output_shape
    (None, 10)

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 5.1, and
        the official code for MNIST with feature matching.

    Deviations:
        The images are first mapped from [-1, 1] to the official code's [0, 1]. Minibatch
        discrimination is that of the official code for CIFAR-10: there is none for MNIST.
    """
    shape = _check_shape(shape)
    check_positive_integer("num_classes", num_classes)
    check_positive_integer("width", width)
    check_choice("minibatch_features", minibatch_features, base.MINIBATCH_FEATURES)
    images = keras.Input(shape, name=_example(shape))
    x = layers.Rescaling(0.5, 0.5, name="to_unit_interval")(images)
    x = layers.Flatten(name="flatten")(x)
    x = layers.GaussianNoise(0.3, name="noise_0")(x)
    for layer, multiple in enumerate(HIDDEN_MULTIPLES, start=1):
        dense = layers.Dense(
            multiple * width, kernel_initializer=normal(0.1), name=f"dense_{layer}"
        )
        x = hidden_layer(dense)(x)
        name = "features" if layer == len(HIDDEN_MULTIPLES) else f"dense_{layer}_relu"
        x = layers.ReLU(name=name)(x)
        if name == "features" and minibatch_features == "discrimination":
            x = minibatch_discrimination()(x)
        x = layers.GaussianNoise(0.5, name=f"noise_{layer}")(x)
    return _model(images, class_logits(num_classes, normal(0.1), initial_scale=1.0)(x))


def semi_supervised_cnn_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    width: int = 128,
    normalization: str = "batch",
    reference_size: int | None = None,
) -> keras.Model:
    """Builds the generator for CIFAR-10 and SVHN: 5x5 transposed convolutions of stride 2.

    The shorter side starts with 4 to 6 pixels, and with the paper's 4 for images of 32 pixels. The
    channels are `width` before the last layer, and twice as many at each smaller size. The last
    layer is weight-normalized and initialized from latents, so that the first images have a low
    contrast.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 8 pixels.
        latent_dim: Length of the latent vectors, which are uniform in (-1, 1).
        width: Channels before the last layer.
        normalization: `"batch"` or `"virtual"`.
        reference_size: Size of the reference batch of virtual batch normalization, by default 64.

    Returns:
        A `keras.Model` from latents `(batch, latent_dim)` to images in [-1, 1].

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> semi_supervised_cnn_generator((32, 32, 3), width=8).output_shape
    (None, 32, 32, 3)

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), sections 5.2 and
        5.3, and the official code for CIFAR-10.

    Deviations:
        The latents are mapped to the official code's (0, 1).
    """
    base_size, *sizes = reversed(base.stage_sizes(image_shape, largest_base=6))
    base_channels, *channels = reversed(base.doubling_channels(width, len(sizes)))
    normalized = unscaled_normalization(normalization, reference_size)
    latents, x = latents_and_scaled(latent_dim)
    units = math.prod(base_size) * base_channels
    x = layers.Dense(units, use_bias=False, kernel_initializer=normal(), name="project")(x)
    # As in the official code, each unit has its own statistics here, and not each channel.
    x = normalized("project")(x)
    x = layers.ReLU(name="project_relu")(x)
    x = layers.Reshape((*base_size, base_channels), name="project_reshape")(x)
    for stage, (size, outputs) in enumerate(zip(sizes, [*channels, None], strict=True), start=1):
        name = f"up_{stage}"
        is_last = outputs is None
        convolution = layers.Conv2DTranspose(
            image_shape[-1] if is_last else outputs,
            5,
            strides=2,
            padding="same",
            use_bias=is_last,
            kernel_initializer=normal(),
            name=name,
        )
        if is_last:
            convolution = WeightNormalization(
                convolution, data_dependent=True, initial_scale=0.1, name=name
            )
        x = base.crop(convolution(x), size, f"{name}_crop")
        if not is_last:
            x = normalized(name)(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
    return _model(latents, layers.Activation("tanh", dtype=base.full_precision(), name="images")(x))


def semi_supervised_cnn_discriminator(
    image_shape: tuple[int, int, int],
    num_classes: int,
    width: int = 96,
    minibatch_features: str = "none",
) -> keras.Model:
    """Builds the classifier for CIFAR-10 and SVHN: nine convolutions and the mean over positions.

    All layers are weight-normalized and initialized from data. The scales of the hidden layers are
    not trained. The layer `features` is the mean over all positions.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 9 pixels.
        num_classes: Number of classes.
        width: Channels of the first three convolutions: 96 for CIFAR-10, 64 for SVHN. The others
            have twice as many.
        minibatch_features: With `"none"`, a fifth of the image's values are dropped, as in the
            paper with feature matching. With `"discrimination"`, the image gets noise of standard
            deviation 0.2, and minibatch discrimination comes before the last layer.

    Returns:
        A `keras.Model` from images in [-1, 1] to class logits `(batch, num_classes)`.

    Raises:
        ValueError: If an argument is outside its range.

    Example:

    >>> semi_supervised_cnn_discriminator((32, 32, 3), num_classes=10, width=8).output_shape
    (None, 10)

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), sections 5.2 and
        5.3, and the official code for CIFAR-10 and SVHN.

    Deviations:
        A convolution of stride 2 pads an image of even size only at the bottom and the right. The
        official code pads it at the top and the left.
    """
    image_shape = check_image_shape(image_shape)
    if min(image_shape[:2]) < SMALLEST_SIDE:
        raise ValueError(
            f"The sides of `image_shape` must be at least {SMALLEST_SIDE} pixels. "
            f"Received: image_shape={image_shape!r}. Enlarge the images first."
        )
    check_positive_integer("num_classes", num_classes)
    check_positive_integer("width", width)
    check_choice("minibatch_features", minibatch_features, base.MINIBATCH_FEATURES)
    images = keras.Input(image_shape, name="images")
    if minibatch_features == "none":
        x = layers.Dropout(0.2, name="dropout_0")(images)
    else:
        x = layers.GaussianNoise(0.2, name="noise_0")(images)
    for stage, channels in enumerate((width, 2 * width), start=1):
        for layer, strides in enumerate((1, 1, 2), start=1):
            x = hidden_convolution(x, channels, 3, f"conv_{stage}_{layer}", strides=strides)
        x = layers.Dropout(0.5, name=f"dropout_{stage}")(x)
    x = hidden_convolution(x, 2 * width, 3, "conv_3_1", padding="valid")
    for layer in (2, 3):
        x = hidden_convolution(x, 2 * width, 1, f"conv_3_{layer}")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    if minibatch_features == "discrimination":
        x = minibatch_discrimination()(x)
    return _model(images, class_logits(num_classes, normal(), initial_scale=0.1)(x))


semi_supervised_families.register("semi_supervised_mlp")(
    base.Family(semi_supervised_mlp_generator, semi_supervised_mlp_discriminator)
)
semi_supervised_families.register("semi_supervised_cnn")(
    base.Family(semi_supervised_cnn_generator, semi_supervised_cnn_discriminator)
)


def _check_shape(shape):
    if isinstance(shape, (tuple, list)) and len(shape) == 1:
        return (check_positive_integer("shape", shape[0]),)
    return check_image_shape(shape)


def _example(shape):
    return "images" if len(shape) == 3 else "vectors"


def _model(inputs, outputs):
    is_generator = inputs.name == "latents"
    return keras.Model(inputs, outputs, name="generator" if is_generator else "discriminator")
