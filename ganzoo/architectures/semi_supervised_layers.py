"""The layers of the semi-supervised networks of Salimans et al. (2016)."""

import keras
from keras import layers

from ganzoo.architectures import base, options
from ganzoo.layers import (
    MinibatchDiscrimination,
    VirtualBatchNormalization,
    WeightNormalization,
)
from ganzoo.validation import check_choice, check_positive_integer


def latents_and_scaled(latent_dim):
    """Returns the generator's input in (-1, 1), and the tensor scaled to the paper's (0, 1)."""
    check_positive_integer("latent_dim", latent_dim)
    latents = keras.Input((latent_dim,), name="latents")
    return latents, layers.Rescaling(0.5, 0.5, name="to_unit_interval")(latents)


def unscaled_normalization(normalization, reference_size):
    """Returns a function of a name that makes a normalization without a scale."""
    check_choice("normalization", normalization, base.GENERATOR_NORMALIZATIONS)
    reference_size = options.reference_size(reference_size, normalization)
    kind, settings = layers.BatchNormalization, {"momentum": 0.9}
    if normalization == "virtual":
        kind, settings = VirtualBatchNormalization, {"reference_size": reference_size}
    return lambda name: kind(epsilon=1e-6, scale=False, name=f"{name}_norm", **settings)


def normal(stddev=0.05):
    """Returns the initializer of kernels, a normal distribution."""
    return keras.initializers.RandomNormal(stddev=stddev)


def hidden_layer(layer):
    """Returns a layer with weight normalization, whose scales are not trained."""
    return WeightNormalization(layer, trainable_scale=False, data_dependent=True, name=layer.name)


def minibatch_discrimination():
    """Returns the layer of the official code for CIFAR-10."""
    return MinibatchDiscrimination(
        include_self=False,
        weight_normalization=True,
        use_bias=True,
        data_dependent=True,
        name="minibatch",
    )


def hidden_convolution(x, channels, kernel_size, name, strides=1, padding="same"):
    """Convolves, with weight normalization, and rectifies."""
    convolution = layers.Conv2D(
        channels,
        kernel_size,
        strides=strides,
        padding=padding,
        kernel_initializer=normal(),
        name=name,
    )
    return layers.ReLU(negative_slope=0.2, name=f"{name}_relu")(hidden_layer(convolution)(x))


def class_logits(num_classes, kernel_initializer, initial_scale):
    """Returns the last layer of a discriminator."""
    dense = layers.Dense(
        num_classes,
        kernel_initializer=kernel_initializer,
        dtype=base.full_precision(),
        name="class_logits",
    )
    return WeightNormalization(
        dense, data_dependent=True, initial_scale=initial_scale, name="class_logits"
    )
