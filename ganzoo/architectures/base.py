"""What the architectures share: sizes of stages, inputs, normalization, outputs and names."""

from typing import NamedTuple

import keras
from keras import layers

from ganzoo.architectures import options
from ganzoo.layers import (
    ConditionalBatchNormalization,
    DenseConditionalBatchNormalization,
    DenseProjectionHead,
    MinibatchDiscrimination,
    ProjectionHead,
    SANHead,
    SpectralNormalization,
    VirtualBatchNormalization,
    WeightNormalization,
)
from ganzoo.registry import Registry
from ganzoo.validation import check_choice, check_image_shape, check_positive_integer

SMALLEST_SIDE = 8
NORMALIZATIONS = ("spectral", "batch", "layer", "weight", "none")
GENERATOR_NORMALIZATIONS = ("batch", "virtual")
HEADS = ("linear", "san")
CONDITIONINGS = ("projection", "auxiliary")
MINIBATCH_FEATURES = ("none", "discrimination")

families = Registry("architecture")


class Family(NamedTuple):
    """The functions that build the two networks of one architecture."""

    generator: callable
    discriminator: callable


def stage_sizes(image_shape, largest_base, at_least=1):
    """Returns the size of each stage, `(height, width)`, from the full size to the base.

    Each stage halves both sides, rounded up, until the shorter side is at most `largest_base`.

    Args:
        image_shape: `(height, width, channels)`.
        largest_base: The largest shorter side of the base.
        at_least: Minimum number of halvings.

    Raises:
        ValueError: If the shape is not three positive integers, or a side is below 8 pixels.

    Example:

    >>> stage_sizes((28, 28, 1), largest_base=6)
    [(28, 28), (14, 14), (7, 7), (4, 4)]
    """
    height, width, _ = check_image_shape(image_shape)
    if min(height, width) < SMALLEST_SIDE:
        raise ValueError(
            f"The sides of `image_shape` must be at least {SMALLEST_SIDE} pixels. "
            f"Received: image_shape={tuple(image_shape)!r}. Enlarge the images first."
        )
    sizes = [(height, width)]
    while len(sizes) <= at_least or min(sizes[-1]) > largest_base:
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
    return sizes


def doubling_channels(width, count, largest_multiple=8):
    """Returns `count` numbers of channels that double from `width` up to a largest multiple.

    Example:

    >>> doubling_channels(64, 5)
    [64, 128, 256, 512, 512]
    """
    check_positive_integer("width", width)
    return [width * min(2**stage, largest_multiple) for stage in range(count)]


def small_normal():
    """Returns the initializer of DCGAN and its descendants, N(0, 0.02)."""
    return keras.initializers.RandomNormal(stddev=0.02)


def crop(x, size, name):
    """Removes the last row or column that doubling adds to a stage of odd size."""
    extra = [current - wanted for current, wanted in zip(x.shape[1:3], size, strict=True)]
    if any(extra):
        x = layers.Cropping2D([(0, pixels) for pixels in extra], name=name)(x)
    return x


class GeneratorBuilder:
    """The inputs and outputs of a generator, and the layers that several families share.

    Args:
        latent_dim: Length of the latent vectors.
        num_classes: Number of classes of a conditional generator, or `None`.
        slope: Slope of the rectifiers below zero.
        epsilon: `epsilon` of the batch normalization.
        normalization: `"batch"` or `"virtual"`. A conditional generator cannot have `"virtual"`.
        reference_size: Size of the reference batch of virtual batch normalization, or `None`.
        condition_dim: Length of the vectors of conditions, or `None`.

    Attributes:
        latents: The generator's latents.
        first_latents: The latents that the first layer takes.
    """

    def __init__(
        self,
        latent_dim,
        num_classes,
        slope=0.0,
        epsilon=1e-5,
        normalization="batch",
        reference_size=None,
        condition_dim=None,
    ):
        latent_dim = check_positive_integer("latent_dim", latent_dim)
        self.normalization = check_choice("normalization", normalization, GENERATOR_NORMALIZATIONS)
        self.reference_size = options.reference_size(reference_size, normalization)
        self.condition = condition_input(num_classes, condition_dim)
        if normalization == "virtual" and self.condition is not None:
            raise ValueError(
                "Virtual batch normalization has no scale and offset for each class: leave out "
                "`num_classes` and `condition_dim`, or use `normalization='batch'`. "
                f"Received: normalization='virtual', num_classes={num_classes!r}, "
                f"condition_dim={condition_dim!r}"
            )
        self.latents = self.first_latents = keras.Input((latent_dim,), name="latents")
        self.num_classes = num_classes
        self.slope = slope
        self.epsilon = epsilon

    def start_block(self, block):
        """Is called before each block, numbered from 1."""

    def relu(self, x, name, normalized=True, conditional=True):
        """Normalizes, with the scale and offset of the condition if there is one, and rectifies."""
        if normalized:
            x = self._normalize(x, f"{name}_norm", conditional)
        return layers.ReLU(negative_slope=self.slope, name=f"{name}_relu")(x)

    def _normalize(self, x, name, conditional):
        if self.normalization == "virtual":
            return VirtualBatchNormalization(self.reference_size, name=name)(x)
        settings = {"momentum": 0.9, "epsilon": self.epsilon, "name": name}
        if self.condition is None or not conditional:
            return layers.BatchNormalization(**settings)(x)
        if self.num_classes is None:
            return DenseConditionalBatchNormalization(**settings)([x, self.condition])
        return ConditionalBatchNormalization(self.num_classes, **settings)([x, self.condition])

    def transposed_convolution(self, x, channels, kernel_size, size, name, normalized=True):
        """Doubles the sides, crops to `size`, and normalizes and rectifies if `normalized`."""
        x = layers.Conv2DTranspose(
            channels,
            kernel_size,
            strides=2,
            padding="same",
            use_bias=not normalized,
            kernel_initializer=small_normal(),
            name=name,
        )(x)
        x = crop(x, size, f"{name}_crop")
        return self.relu(x, name) if normalized else x

    def model(self, outputs):
        """Returns the generator with these outputs."""
        return network(self.latents, self.condition, outputs, "generator")

    def image_model(self, x):
        """Returns the generator of the images tanh(x), in [-1, 1]."""
        return self.model(layers.Activation("tanh", dtype=full_precision(), name="images")(x))


class DiscriminatorBuilder:
    """The input and outputs of a discriminator, and the layers that several families share.

    Args:
        shape: Shape of an image, or of a vector.
        num_classes: Number of classes of a conditional discriminator, or `None`.
        normalization: `"spectral"` or `"weight"` (of every kernel), `"batch"` or `"layer"` (of the
            activations), or `"none"`.
        slope: Slope of the rectifiers below zero.
        epsilon: `epsilon` of the normalization of the activations.
        conditioning: `"projection"` (the labels are an input) or `"auxiliary"` (the logits of the
            classes are an output).
        minibatch_features: `"none"` or `"discrimination"`.
        condition_dim: Length of the vectors of conditions, or `None`.
        head: `"linear"`, or `"san"` for a `SANHead` as the last layer.
        normalization_options: Further arguments of each `SpectralNormalization`, or `None`.
        minibatch_options: Arguments of the `MinibatchDiscrimination`, or `None`.
    """

    def __init__(
        self,
        shape,
        num_classes,
        normalization,
        slope=0.0,
        epsilon=1e-5,
        conditioning="projection",
        minibatch_features="none",
        condition_dim=None,
        head="linear",
        normalization_options=None,
        minibatch_options=None,
    ):
        self.normalization = check_choice("normalization", normalization, NORMALIZATIONS)
        self.conditioning = check_choice("conditioning", conditioning, CONDITIONINGS)
        self.minibatch_features = check_choice(
            "minibatch_features", minibatch_features, MINIBATCH_FEATURES
        )
        self.head = check_choice("head", head, HEADS)
        if head == "san" and condition_dim is not None:
            raise ValueError(
                "A SAN head takes classes, and no vectors of conditions. "
                f"Received: head='san', condition_dim={condition_dim!r}"
            )
        self.is_auxiliary = conditioning == "auxiliary"
        check_auxiliary(conditioning, num_classes)
        self.examples = keras.Input(shape, name="images" if len(shape) == 3 else "vectors")
        condition = condition_input(num_classes, condition_dim)
        self.condition = None if self.is_auxiliary else condition
        self.num_classes = num_classes
        self.is_spectral = normalization == "spectral"
        self.spectral_options = options.spectral(
            normalization_options, normalization, has_projection=self.condition is not None
        )
        self.minibatch_options = options.minibatch(minibatch_options, minibatch_features)
        self.slope = slope
        self.epsilon = epsilon

    def apply(self, layer, x):
        """Applies a layer with a kernel, under spectral or weight normalization if chosen.

        Under weight normalization the layer starts with the same outputs as without.
        """
        if self.is_spectral:
            layer = SpectralNormalization(layer, name=layer.name, **self.spectral_options)
        elif self.normalization == "weight":
            layer = WeightNormalization(layer, name=layer.name)
        return layer(x)

    def relu(self, x, name, normalized=True):
        """Rectifies, after batch or layer normalization of the activations if chosen."""
        if normalized and self.normalization == "batch":
            x = layers.BatchNormalization(momentum=0.9, epsilon=self.epsilon, name=f"{name}_norm")(
                x
            )
        elif normalized and self.normalization == "layer":
            # With one group this is layer normalization over the whole example, with a scale and an
            # offset for each channel.
            x = layers.GroupNormalization(groups=1, epsilon=self.epsilon, name=f"{name}_norm")(x)
        return layers.ReLU(negative_slope=self.slope, name=f"{name}_relu")(x)

    def convolution(self, x, channels, kernel_size, strides, name, normalized=True):
        """Convolves and rectifies, with the normalization of the discriminator."""
        convolution = layers.Conv2D(
            channels,
            kernel_size,
            strides=strides,
            padding="same",
            use_bias=self._needs_bias(normalized),
            kernel_initializer=small_normal(),
            name=name,
        )
        return self.relu(self.apply(convolution, x), name, normalized)

    def dense(self, x, units, kernel_initializer, name, normalized=True):
        """Applies a dense layer and rectifies, with the normalization of the discriminator."""
        dense = layers.Dense(
            units,
            use_bias=self._needs_bias(normalized),
            kernel_initializer=kernel_initializer,
            name=name,
        )
        return self.relu(self.apply(dense, x), name, normalized)

    def _needs_bias(self, normalized):
        """Returns whether a bias has an effect: batch normalization would subtract it."""
        return not (normalized and self.normalization == "batch")

    def model(self, x, kernel_initializer, use_bias=True):
        """Returns the discriminator with a linear head, or the head of its conditioning, on `x`.

        The layer `features` holds `x` as vectors. The features of the minibatch come after it.
        """
        features = layers.Flatten(name="features")(x)
        if self.minibatch_features == "discrimination":
            layer = MinibatchDiscrimination(name="minibatch", **self.minibatch_options)
            features = layer(features)
        settings = {
            "kernel_initializer": keras.initializers.get(kernel_initializer),
            "dtype": full_precision(),
        }
        inputs = features if self.condition is None else [features, self.condition]
        if self.head == "san":
            num_classes = None if self.condition is None else self.num_classes
            outputs, _ = SANHead(num_classes, name="logits", **settings)(inputs)
        elif self.condition is None:
            logits = layers.Dense(1, use_bias=use_bias, name="logits", **settings)
            outputs = self.apply(logits, features)
        else:
            settings |= {"spectral_normalization": self.is_spectral, "name": "logits"}
            if self.num_classes is None:
                head = DenseProjectionHead(use_bias=use_bias, **settings)
            else:
                head = ProjectionHead(self.num_classes, use_bias=use_bias, **settings)
            outputs = head(inputs)
        if self.is_auxiliary:
            settings["kernel_initializer"] = settings["kernel_initializer"].clone()
            class_logits = layers.Dense(self.num_classes, name="class_logits", **settings)
            outputs = [outputs, self.apply(class_logits, features)]
        return network(self.examples, self.condition, outputs, "discriminator")


def check_auxiliary(conditioning, num_classes):
    """Raises `ValueError` if an auxiliary classifier has no classes."""
    if conditioning == "auxiliary" and num_classes is None:
        raise ValueError(
            "An auxiliary classifier needs `num_classes`. "
            "Received: conditioning='auxiliary', num_classes=None"
        )


def condition_input(num_classes, condition_dim):
    """Returns the input of labels or of vectors of conditions, or `None` without both."""
    if condition_dim is None:
        return label_input(num_classes)
    if num_classes is not None:
        raise ValueError(
            "Networks take classes or vectors of conditions: append one-hot labels to the "
            f"conditions. Received: num_classes={num_classes!r}, condition_dim={condition_dim!r}"
        )
    check_positive_integer("condition_dim", condition_dim)
    return keras.Input((condition_dim,), name="conditions")


def label_input(num_classes):
    """Returns the input of the labels, or `None` without classes."""
    if num_classes is None:
        return None
    check_positive_integer("num_classes", num_classes)
    return keras.Input((), dtype="int32", name="labels")


def network(inputs, condition, outputs, name):
    """Returns the `keras.Model` of inputs, and of labels or conditions unless they are `None`."""
    return keras.Model(inputs if condition is None else [inputs, condition], outputs, name=name)


def full_precision():
    """Returns the dtype of the images and logits of a network, also under a mixed policy."""
    return keras.config.dtype_policy().variable_dtype
