"""The small convolutional classifier for the data sets that a laptop can train GANs on."""

import keras
from keras import layers

SIDE = 32


def classifier_network(
    channels: int,
    num_classes: int = 10,
    widths: tuple[int, ...] = (24, 48, 96),
    features: int = 128,
    momentum: float = 0.99,
) -> keras.Model:
    """Returns a classifier of 32 x 32 images with the outputs `features` and `logits`.

    It has three blocks of 3 x 3 convolutions with batch normalization and max pooling between them,
    then global average pooling, a normalized layer of `features` units, and the logits.

    Args:
        channels: Channels of the images, 1 or 3.
        num_classes: Number of classes.
        widths: Channels of the three blocks.
        features: Number of units of the feature layer.
        momentum: Momentum of the moving statistics of the batch normalizations.

    Returns:
        A `keras.Model` from images in [0, 255], shape `(batch, 32, 32, channels)`, to a dictionary
        of `features` `(batch, features)`, at least 0, and `logits` `(batch, num_classes)`.
    """
    images = keras.Input((SIDE, SIDE, channels), name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    for block, width in enumerate(widths):
        if block:
            x = layers.MaxPooling2D()(x)
        # The first block has the largest images and the fewest channels: one convolution is enough.
        for part in "ab" if block else "a":
            name = f"block_{block}{part}"
            x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
            x = layers.BatchNormalization(momentum=momentum, name=f"{name}_norm")(x)
            x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(features, use_bias=False, name="features_dense")(x)
    x = layers.BatchNormalization(momentum=momentum, name="features_norm")(x)
    x = layers.ReLU(name="features")(x)
    logits = layers.Dense(num_classes, name="logits")(x)
    return keras.Model(images, {"features": x, "logits": logits}, name="classifier")
