"""What the architectures share: stage sizes, inputs, normalization, outputs and their names."""

from typing import NamedTuple

import keras
from keras import layers

from ganzoo.layers import ConditionalBatchNormalization, ProjectionHead, SpectralNormalization
from ganzoo.registry import Registry
from ganzoo.validation import check_choice, check_image_shape, check_positive_integer

SMALLEST_SIDE = 8
NORMALIZATIONS = ("spectral", "batch", "none")

families = Registry("architecture")


class Family(NamedTuple):
    """The functions that build the two networks of one architecture."""

    generator: callable
    discriminator: callable


def stage_sizes(image_shape, largest_base, at_least=1):
    """Returns the size of each stage, `(height, width)`, from the image's own to the base.

    Each stage halves both sides, rounding up, until the shorter side is at most `largest_base`.

    Args:
        image_shape: `(height, width, channels)`.
        largest_base: The largest shorter side that is not halved any more.
        at_least: Number of halvings in any case.

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
    """Returns `count` numbers of channels that double from `width` up to a multiple of it.

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
    """Cuts off the last row or column that doubling adds to a stage of odd size."""
    extra = [current - wanted for current, wanted in zip(x.shape[1:3], size, strict=True)]
    if any(extra):
        x = layers.Cropping2D([(0, pixels) for pixels in extra], name=name)(x)
    return x


class GeneratorBuilder:
    """The two ends of a generator, and the layers that several families make it of.

    Args:
        latent_dim: Length of the latent vectors.
        num_classes: Number of classes of a conditional generator, or `None`.
        slope: Slope of the rectifiers below zero.
        epsilon: That of the batch normalization.
    """

    def __init__(self, latent_dim, num_classes, slope=0.0, epsilon=1e-5):
        latent_dim = check_positive_integer("latent_dim", latent_dim)
        self.latents = keras.Input((latent_dim,), name="latents")
        self.labels = _label_input(num_classes)
        self.num_classes = num_classes
        self.slope = slope
        self.epsilon = epsilon

    def relu(self, x, name, normalized=True, conditional=True):
        """Rectifies, after batch normalization; with the class's scale and offset, if any."""
        if normalized:
            x = self._batch_normalization(x, f"{name}_norm", conditional)
        return layers.ReLU(negative_slope=self.slope, name=f"{name}_relu")(x)

    def _batch_normalization(self, x, name, conditional):
        settings = {"momentum": 0.9, "epsilon": self.epsilon, "name": name}
        if self.labels is None or not conditional:
            return layers.BatchNormalization(**settings)(x)
        return ConditionalBatchNormalization(self.num_classes, **settings)([x, self.labels])

    def transposed_convolution(self, x, channels, kernel_size, size, name, normalized=True):
        """Doubles the sides, cropped to `size`; then normalizes and rectifies, if wanted."""
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
        """Returns the generator that makes these outputs."""
        return _model(self.latents, self.labels, outputs, "generator")

    def image_model(self, x):
        """Returns the generator that makes the images tanh(x), in [-1, 1]."""
        return self.model(layers.Activation("tanh", dtype=full_precision(), name="images")(x))


class DiscriminatorBuilder:
    """The two ends of a discriminator, and the layers that several families make it of.

    Args:
        shape: Shape of an image, or of a vector.
        num_classes: Number of classes of a conditional discriminator, or `None`.
        normalization: `"spectral"` (of every kernel), `"batch"` (of the activations) or `"none"`.
        slope: Slope of the rectifiers below zero.
        epsilon: That of the batch normalization.
    """

    def __init__(self, shape, num_classes, normalization, slope=0.0, epsilon=1e-5):
        check_choice("normalization", normalization, NORMALIZATIONS)
        self.examples = keras.Input(shape, name="images" if len(shape) == 3 else "vectors")
        self.labels = _label_input(num_classes)
        self.num_classes = num_classes
        self.is_spectral = normalization == "spectral"
        self.is_batch = normalization == "batch"
        self.slope = slope
        self.epsilon = epsilon

    def apply(self, layer, x):
        """Applies a layer that has a kernel, under spectral normalization if that is the kind."""
        if self.is_spectral:
            layer = SpectralNormalization(layer, name=layer.name)
        return layer(x)

    def relu(self, x, name, normalized=True):
        """Rectifies, after batch normalization if that is the kind."""
        if normalized and self.is_batch:
            x = layers.BatchNormalization(momentum=0.9, epsilon=self.epsilon, name=f"{name}_norm")(
                x
            )
        return layers.ReLU(negative_slope=self.slope, name=f"{name}_relu")(x)

    def convolution(self, x, channels, kernel_size, strides, name, normalized=True):
        """Convolves and rectifies, with the normalization of the discriminator."""
        convolution = layers.Conv2D(
            channels,
            kernel_size,
            strides=strides,
            padding="same",
            use_bias=not (normalized and self.is_batch),
            kernel_initializer=small_normal(),
            name=name,
        )
        return self.relu(self.apply(convolution, x), name, normalized)

    def dense(self, x, units, kernel_initializer, name, normalized=True):
        """Applies a dense layer and rectifies, with the normalization of the discriminator."""
        dense = layers.Dense(
            units,
            use_bias=not (normalized and self.is_batch),
            kernel_initializer=kernel_initializer,
            name=name,
        )
        return self.relu(self.apply(dense, x), name, normalized)

    def model(self, x, kernel_initializer, use_bias=True):
        """Returns the discriminator with a linear head, or with a projection head, on `x`.

        The layer `features` holds `x` as vectors, whatever layer it comes from.
        """
        features = layers.Flatten(name="features")(x)
        settings = {
            "kernel_initializer": kernel_initializer,
            "use_bias": use_bias,
            "dtype": full_precision(),
            "name": "logits",
        }
        if self.labels is None:
            logits = self.apply(layers.Dense(1, **settings), features)
        else:
            head = ProjectionHead(
                self.num_classes, spectral_normalization=self.is_spectral, **settings
            )
            logits = head([features, self.labels])
        return _model(self.examples, self.labels, logits, "discriminator")


def _label_input(num_classes):
    if num_classes is None:
        return None
    check_positive_integer("num_classes", num_classes)
    return keras.Input((), dtype="int32", name="labels")


def _model(inputs, labels, outputs, name):
    return keras.Model(inputs if labels is None else [inputs, labels], outputs, name=name)


def full_precision():
    """Returns the dtype in which images and logits leave a network, also under a mixed policy."""
    return keras.config.dtype_policy().variable_dtype
