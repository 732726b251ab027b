"""The Inception network of December 2015, for FID and Inception score."""

import keras
import numpy as np
from keras import layers, ops

SIDE = 299
CLASSES = 1008
EPSILON = 1e-3


def inception_network() -> keras.Model:
    """Returns Inception v3 as the frozen graph `inception-2015-12-05` computes it.

    It differs from other networks of this name. The mean of an average pooling does not include the
    padding. The last block has maximum pooling instead of average pooling. There are 1008 classes.
    The logits have no bias here, because the authors' Inception score does not use it.

    The layers have the names of the graph's scopes, with dots instead of slashes.

    Returns:
        A `keras.Model` from pixels in [-1, 1], shape `(batch, 299, 299, 3)`, to a dictionary of
        `features` `(batch, 2048)`, the graph's `pool_3`, and `logits` `(batch, 1008)`.

    Reference:
        [Rethinking the Inception Architecture for Computer Vision](
        https://arxiv.org/abs/1512.00567), figures 5 to 7 and 10; the differences of the
        graph as in [pytorch-fid](https://github.com/mseitzer/pytorch-fid).
    """
    pixels = keras.Input((SIDE, SIDE, 3), name="pixels")
    x = _convolution(pixels, "conv", 32, (3, 3), strides=2, padding="valid")
    x = _convolution(x, "conv_1", 32, (3, 3), padding="valid")
    x = _convolution(x, "conv_2", 64, (3, 3))
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _convolution(x, "conv_3", 80, (1, 1))
    x = _convolution(x, "conv_4", 192, (3, 3), padding="valid")
    x = layers.MaxPooling2D(3, strides=2)(x)
    # 35 x 35
    x = _block_of_5x5(x, "mixed", pooled=32)
    x = _block_of_5x5(x, "mixed_1", pooled=64)
    x = _block_of_5x5(x, "mixed_2", pooled=64)
    # 17 x 17
    x = _first_reduction(x, "mixed_3")
    x = _block_of_7x7(x, "mixed_4", inner=128)
    x = _block_of_7x7(x, "mixed_5", inner=160)
    x = _block_of_7x7(x, "mixed_6", inner=160)
    x = _block_of_7x7(x, "mixed_7", inner=192)
    # 8 x 8
    x = _second_reduction(x, "mixed_8")
    x = _expanded_block(x, "mixed_9", pooling=layers.AveragePooling2D)
    x = _expanded_block(x, "mixed_10", pooling=layers.MaxPooling2D)
    features = layers.GlobalAveragePooling2D(name="pool_3")(x)
    logits = layers.Dense(CLASSES, use_bias=False, kernel_initializer="zeros", name="softmax")(
        features
    )
    return keras.Model(pixels, {"features": features, "logits": logits}, name="inception")


def folded(network: keras.Model) -> keras.Model:
    """Returns the network with its batch normalizations folded into the convolutions.

    In inference, a normalization multiplies by a constant and adds another one. The kernel and the
    bias of a convolution can do the same, so that one pass over the activations replaces three.

    Args:
        network: `inception_network()` with its weights. It does not change.
    """

    def copy(layer):
        if isinstance(layer, layers.Conv2D):
            return layers.Conv2D.from_config({**layer.get_config(), "use_bias": True})
        return layer.from_config(layer.get_config())

    def call(layer, *arguments, **keywords):
        if isinstance(layer, layers.BatchNormalization):
            return arguments[0]
        return layer(*arguments, **keywords)

    result = keras.models.clone_model(network, clone_function=copy, call_function=call)
    for layer in network.layers:
        weights = layer.get_weights()
        if isinstance(layer, layers.Conv2D):
            norm = network.get_layer(f"{layer.name}.batchnorm")
            gamma, beta, mean, variance = (np.float64(weight) for weight in norm.get_weights())
            factor = gamma / np.sqrt(variance + norm.epsilon)
            weights = [weights[0] * factor, beta - mean * factor]
        if weights and not isinstance(layer, layers.BatchNormalization):
            result.get_layer(layer.name).set_weights(weights)
    return result


def resized(images):
    """Returns images `(batch, height, width, channels)` at 299 x 299, resized as in TensorFlow 1.

    Pixel i of the result lies at position i · size / 299 of the original and is interpolated
    linearly, without half-pixel centers and without antialiasing. It is written with gathers,
    because Keras has no such operation and matrix products may round to 10 bits on a GPU.

    Reference:
        TensorFlow's [`ResizeBilinear`](https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResizeBilinear)
        with `align_corners=False`.
    """
    # Widths first, then heights: the order affects the last bit.
    for axis in (2, 1):
        size = images.shape[axis]
        # In float32, as in TensorFlow.
        position = np.arange(SIDE, dtype=np.float32) * (np.float32(size) / np.float32(SIDE))
        lower = position.astype(np.int32)
        upper = np.minimum(lower + 1, size - 1)
        fraction = (position - lower).reshape([-1] + [1] * (3 - axis))
        left = ops.take(images, lower, axis=axis)
        images = left + (ops.take(images, upper, axis=axis) - left) * fraction
    return images


def scaled(images):
    """Returns images in [0, 255] as pixels in [-1, 1)."""
    return (images - 128.0) / 128.0


def _convolution(x, scope, filters, size, strides=1, padding="same"):
    name = scope.replace("/", ".")
    # The weights are read from a file, so the initial ones cost no time and no random numbers.
    x = layers.Conv2D(
        filters, size, strides, padding, use_bias=False, kernel_initializer="zeros", name=name
    )(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}.batchnorm")(x)
    return layers.ReLU()(x)


def _tower(x, scope, *convolutions):
    """Applies convolutions (filters, height, width), named `conv`, `conv_1`, ... in the graph.

    A fourth number is the stride of a convolution without padding.
    """
    for index, (filters, height, width, *strides) in enumerate(convolutions):
        suffix = f"_{index}" if index else ""
        reduction = {"strides": strides[0], "padding": "valid"} if strides else {}
        x = _convolution(x, f"{scope}/conv{suffix}", filters, (height, width), **reduction)
    return x


def _pooled(x, scope, filters, pooling=layers.AveragePooling2D):
    # Keras, like TensorFlow, averages only over pixels inside of the image.
    x = pooling(3, strides=1, padding="same")(x)
    return _tower(x, scope, (filters, 1, 1))


def _block_of_5x5(x, scope, pooled):
    branches = [
        _tower(x, scope, (64, 1, 1)),
        _tower(x, f"{scope}/tower", (48, 1, 1), (64, 5, 5)),
        _tower(x, f"{scope}/tower_1", (64, 1, 1), (96, 3, 3), (96, 3, 3)),
        _pooled(x, f"{scope}/tower_2", pooled),
    ]
    return layers.Concatenate(name=scope)(branches)


def _first_reduction(x, scope):
    branches = [
        _tower(x, scope, (384, 3, 3, 2)),
        _tower(x, f"{scope}/tower", (64, 1, 1), (96, 3, 3), (96, 3, 3, 2)),
        layers.MaxPooling2D(3, strides=2)(x),
    ]
    return layers.Concatenate(name=scope)(branches)


def _block_of_7x7(x, scope, inner):
    wide, tall = (inner, 1, 7), (inner, 7, 1)
    branches = [
        _tower(x, scope, (192, 1, 1)),
        _tower(x, f"{scope}/tower", (inner, 1, 1), wide, (192, 7, 1)),
        _tower(x, f"{scope}/tower_1", (inner, 1, 1), tall, wide, tall, (192, 1, 7)),
        _pooled(x, f"{scope}/tower_2", 192),
    ]
    return layers.Concatenate(name=scope)(branches)


def _second_reduction(x, scope):
    branches = [
        _tower(x, f"{scope}/tower", (192, 1, 1), (320, 3, 3, 2)),
        _tower(x, f"{scope}/tower_1", (192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3, 2)),
        layers.MaxPooling2D(3, strides=2)(x),
    ]
    return layers.Concatenate(name=scope)(branches)


def _expanded_block(x, scope, pooling):
    stems = [
        _tower(x, f"{scope}/tower", (384, 1, 1)),
        _tower(x, f"{scope}/tower_1", (448, 1, 1), (384, 3, 3)),
    ]
    branches = [_tower(x, scope, (320, 1, 1))]
    for stem, tower in zip(stems, ("tower", "tower_1"), strict=True):
        branches += [
            _convolution(stem, f"{scope}/{tower}/mixed/conv", 384, (1, 3)),
            _convolution(stem, f"{scope}/{tower}/mixed/conv_1", 384, (3, 1)),
        ]
    branches.append(_pooled(x, f"{scope}/tower_2", 192, pooling))
    return layers.Concatenate(name=scope)(branches)
