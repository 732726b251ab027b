"""The networks of semi-supervised learning equal the networks of Salimans et al. (2016)."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from ganzoo import architectures
from ganzoo.layers import (
    MinibatchDiscrimination,
    VirtualBatchNormalization,
    WeightNormalization,
    has_data_dependent_layers,
    initialize_from_data,
)
from support.shapes import without_values

NAMES = ["semi_supervised_cnn", "semi_supervised_mlp"]


def build(name, image_shape=(12, 12, 1), num_classes=3, **options):
    options = {"latent_dim": 5, "width": 4, "generator_width": 4, **options}
    return architectures.build_semi_supervised(name, image_shape, num_classes, **options)


def examples(shape, batch=6, low=-1.0):
    return ops.array(np.random.default_rng(0).uniform(low, 1, (batch, *shape)).astype("float32"))


def kinds(network):
    """The layers that have weights or noise, in order, with their values in the tables."""
    rows = []
    for layer in network.layers:
        inner = layer.layer if isinstance(layer, WeightNormalization) else layer
        if isinstance(inner, layers.Conv2D | layers.Conv2DTranspose):
            _, side, _, channels = layer.output.shape
            rows.append(("conv", inner.kernel_size[0], inner.strides[0], side, channels))
        elif isinstance(inner, layers.Dense):
            rows.append(("dense", inner.units))
        elif isinstance(inner, layers.GaussianNoise):
            rows.append(("noise", inner.stddev))
        elif isinstance(inner, layers.Dropout):
            rows.append(("dropout", inner.rate))
        elif isinstance(inner, layers.GlobalAveragePooling2D):
            rows.append(("mean",))
        elif isinstance(inner, MinibatchDiscrimination):
            rows.append(("minibatch", inner.num_kernels, inner.kernel_dim))
    return rows


def count(variables):
    return sum(int(np.prod(v.shape)) for v in variables)


def test_they_have_their_own_registry():
    assert architectures.semi_supervised_names() == NAMES
    assert not set(NAMES) & set(architectures.names())


# The published networks.


@without_values()
def test_mlp_discriminator_equals_the_papers_for_mnist():
    _, discriminator = architectures.build_semi_supervised(
        "semi_supervised_mlp", (28, 28, 1), num_classes=10
    )
    assert kinds(discriminator) == [
        ("noise", 0.3),
        ("dense", 1000),
        ("noise", 0.5),
        ("dense", 500),
        ("noise", 0.5),
        ("dense", 250),
        ("noise", 0.5),
        ("dense", 250),
        ("noise", 0.5),
        ("dense", 250),
        ("noise", 0.5),
        ("dense", 10),
    ]
    units = [784, 1000, 500, 250, 250, 250, 10]
    kernels = sum(before * after for before, after in itertools.pairwise(units))
    biases, hidden_scales = sum(units[1:]), sum(units[1:-1])
    assert count(discriminator.trainable_variables) == kernels + biases + 10
    scales = [v for v in discriminator.non_trainable_variables if v.name == "g"]
    assert count(scales) == hidden_scales
    features = discriminator.get_layer("features")
    assert features.output.shape == (None, 250)
    assert features.input is discriminator.get_layer("dense_5").output
    assert discriminator.get_layer("noise_5").input is features.output


@without_values()
def test_mlp_generator_equals_the_papers_for_mnist():
    generator, _ = architectures.build_semi_supervised("semi_supervised_mlp", (28, 28, 1), 10)
    assert generator.input_shape == (None, 100)
    assert kinds(generator) == [("dense", 500), ("dense", 500), ("dense", 784)]
    # Kernels, offsets without scales, and the last layer's scales and biases.
    expected = 100 * 500 + 500 * 500 + 500 * 784 + 2 * 500 + 2 * 784
    assert count(generator.trainable_variables) == expected


@pytest.mark.parametrize("minibatch_features", ["none", "discrimination"])
@pytest.mark.parametrize("width", [96, 64])
@without_values()
def test_cnn_discriminator_equals_the_papers_for_cifar_and_svhn(width, minibatch_features):
    discriminator = architectures.semi_supervised_cnn_discriminator(
        (32, 32, 3), num_classes=10, width=width, minibatch_features=minibatch_features
    )
    with_kernels = minibatch_features == "discrimination"
    assert kinds(discriminator) == [
        ("noise", 0.2) if with_kernels else ("dropout", 0.2),
        ("conv", 3, 1, 32, width),
        ("conv", 3, 1, 32, width),
        ("conv", 3, 2, 16, width),
        ("dropout", 0.5),
        ("conv", 3, 1, 16, 2 * width),
        ("conv", 3, 1, 16, 2 * width),
        ("conv", 3, 2, 8, 2 * width),
        ("dropout", 0.5),
        ("conv", 3, 1, 6, 2 * width),
        ("conv", 1, 1, 6, 2 * width),
        ("conv", 1, 1, 6, 2 * width),
        ("mean",),
        *([("minibatch", 100, 5)] if with_kernels else []),
        ("dense", 10),
    ]
    w = width
    kernels = 9 * (3 * w + 2 * w * w + w * 2 * w + 3 * 2 * w * 2 * w) + 2 * 2 * w * 2 * w
    biases = 3 * w + 6 * 2 * w
    head = (2 * w + 100 * with_kernels) * 10 + 10 + 10
    minibatch = (2 * w * 500 + 500 + 100) * with_kernels
    assert count(discriminator.trainable_variables) == kernels + biases + head + minibatch
    assert discriminator.get_layer("features").output.shape == (None, 2 * width)
    slopes = {x.negative_slope for x in discriminator.layers if isinstance(x, layers.ReLU)}
    assert slopes == {0.2}


@without_values()
def test_cnn_generator_equals_the_papers_for_cifar():
    generator, _ = architectures.build_semi_supervised("semi_supervised_cnn", (32, 32, 3), 10)
    assert generator.input_shape == (None, 100)
    assert kinds(generator) == [
        ("dense", 4 * 4 * 512),
        ("conv", 5, 2, 8, 256),
        ("conv", 5, 2, 16, 128),
        ("conv", 5, 2, 32, 3),
    ]
    expected = 100 * 8192 + 25 * (512 * 256 + 256 * 128 + 128 * 3) + 8192 + 256 + 128 + 2 * 3
    assert count(generator.trainable_variables) == expected


# How the official code uses them.


@pytest.mark.parametrize("name", NAMES)
def test_generator_sees_the_latents_of_the_paper(name):
    generator, _ = build(name)
    first = generator.get_layer("hidden_1" if name == "semi_supervised_mlp" else "project")
    latents = examples((5,))
    values = keras.Model(generator.inputs, first.input)(latents)
    np.testing.assert_allclose(values, (ops.convert_to_numpy(latents) + 1) / 2, rtol=1e-6)
    kinds = [x for x in generator.layers if isinstance(x, layers.BatchNormalization)]
    assert all(not x.scale and x.center and x.epsilon == 1e-6 for x in kinds)


def test_mlp_works_with_images_from_0_to_1():
    generator, discriminator = build("semi_supervised_mlp")
    last = generator.get_layer("to_image")
    kernel = last.kernel.numpy()
    hidden = keras.Model(generator.inputs, last.input)
    inputs = ops.convert_to_numpy(hidden(examples((5,)))).astype("float64")
    y = 1 / (1 + np.exp(-inputs @ (kernel / np.sqrt((kernel**2).sum(axis=0)))))
    images = ops.convert_to_numpy(generator(examples((5,))))
    np.testing.assert_allclose(images.reshape(6, -1), 2 * y - 1, atol=1e-5)
    first = keras.Model(discriminator.input, discriminator.get_layer("noise_0").input)
    np.testing.assert_allclose(first(images), y, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "deviation", "options"),
    [
        ("semi_supervised_mlp", 1.0, {}),
        ("semi_supervised_mlp", 1.0, {"minibatch_features": "discrimination"}),
        ("semi_supervised_cnn", 0.1, {}),
        ("semi_supervised_cnn", 0.1, {"minibatch_features": "discrimination"}),
    ],
)
def test_initialization_standardizes_the_class_logits(name, deviation, options):
    _, discriminator = build(name, **options)
    # Dropout moves the small logits of the CNN.
    images = examples((12, 12, 1), batch=200 if name == "semi_supervised_cnn" else 100)
    assert has_data_dependent_layers(discriminator)
    initialize_from_data(discriminator, images)
    logits = ops.convert_to_numpy(discriminator(images, training=True))
    np.testing.assert_allclose(logits.mean(axis=0), 0, atol=0.3 * deviation)
    np.testing.assert_allclose(logits.std(axis=0), deviation, rtol=0.3)


@without_values()
def test_mlp_discriminator_may_compare_the_examples_of_a_batch():
    _, discriminator = architectures.build_semi_supervised(
        "semi_supervised_mlp", (28, 28, 1), 10, minibatch_features="discrimination"
    )
    _, plain = architectures.build_semi_supervised("semi_supervised_mlp", (28, 28, 1), 10)
    assert kinds(discriminator) == [*kinds(plain)[:-2], ("minibatch", 100, 5), *kinds(plain)[-2:]]
    assert discriminator.get_layer("minibatch").input is discriminator.get_layer("features").output
    # Projections, their scales and the biases, and 100 more inputs of the last layer.
    more = 250 * 500 + 500 + 100 + 100 * 10
    assert count(discriminator.trainable_variables) == count(plain.trainable_variables) + more


@pytest.mark.parametrize("name", NAMES)
def test_virtual_batch_normalization_replaces_batch_normalization(name):
    options = {"generator_normalization": "virtual", "reference_size": 3}
    generator, _ = build(name, image_shape=(16, 16, 1), **options)
    with without_values():
        plain, _ = build(name, image_shape=(16, 16, 1))
    offsets = {
        network: [
            layer.name
            for layer in network.layers
            if isinstance(layer, kind) and layer.beta is not None and layer.gamma is None
        ]
        for network, kind in (
            (generator, VirtualBatchNormalization),
            (plain, layers.BatchNormalization),
        )
    }
    assert offsets[generator] == offsets[plain] and len(offsets[plain]) == 2
    # An image does not depend on the others of its batch, but on the reference batch before it.
    latents = examples((5,), batch=8)
    images = ops.convert_to_numpy(generator(latents, training=True))
    fewer = ops.convert_to_numpy(generator(latents[:5], training=True))
    np.testing.assert_allclose(images[:5], fewer, rtol=1e-4, atol=1e-6)
    changed = ops.concatenate([latents[5:], latents[3:]])
    others = ops.convert_to_numpy(generator(changed, training=True))
    assert np.abs(others[3:] - images[3:]).max() > 1e-4


def test_cnn_generator_starts_with_a_low_contrast():
    generator, _ = build("semi_supervised_cnn", (16, 16, 3))
    initialize_from_data(generator, examples((5,), batch=100))
    images = ops.convert_to_numpy(generator(examples((5,), batch=100), training=True))
    np.testing.assert_allclose(images.std(axis=(0, 1, 2)), 0.1, rtol=0.05)
    mlp, _ = build("semi_supervised_mlp")
    assert not has_data_dependent_layers(mlp)


# As networks of this library.


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("semi_supervised_mlp", (28, 28, 1)),
        ("semi_supervised_mlp", (7, 5, 3)),
        ("semi_supervised_mlp", (20,)),
        ("semi_supervised_cnn", (28, 28, 1)),
        ("semi_supervised_cnn", (9, 9, 1)),
        ("semi_supervised_cnn", (45, 33, 3)),
    ],
)
def test_networks_fit_the_examples(name, shape):
    generator, discriminator = build(name, shape)
    images = generator(examples((5,)), training=True)
    assert images.shape == (6, *shape)
    assert np.abs(images).max() <= 1
    assert discriminator(images, training=True).shape == (6, 3)
    assert (generator.name, discriminator.name) == ("generator", "discriminator")
    example = "vectors" if len(shape) == 1 else "images"
    assert generator.layers[-1].name == discriminator.inputs[0].name == example
    assert discriminator.layers[-1].name == "class_logits"


@pytest.mark.parametrize("name", NAMES)
def test_outputs_have_full_precision(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        networks = build(name)
    finally:
        keras.config.set_dtype_policy("float32")
    for network in networks:
        outputs = network(examples(network.inputs[0].shape[1:]), training=True)
        assert network.output.dtype == outputs.dtype == "float32"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("semi_supervised_cnn", {"image_shape": (8, 8, 1)}, "Received: image_shape="),
        ("semi_supervised_cnn", {"image_shape": (64,)}, "Received: image_shape="),
        ("semi_supervised_mlp", {"image_shape": (0, 4, 1)}, "Received: image_shape="),
        ("semi_supervised_mlp", {"image_shape": (0,)}, "Received: shape="),
        ("semi_supervised_mlp", {"num_classes": 0}, "Received: num_classes=0"),
        ("semi_supervised_cnn", {"num_classes": 0}, "Received: num_classes=0"),
        ("semi_supervised_mlp", {"width": 0}, "Received: width=0"),
        ("semi_supervised_cnn", {"generator_width": 0}, "Received: width=0"),
        ("semi_supervised_mlp", {"latent_dim": 0}, "Received: latent_dim=0"),
        ("semi_supervised_cnn", {"minibatch_features": "std"}, "Received: minibatch_features="),
        ("semi_supervised_mlp", {"minibatch_features": "std"}, "Received: minibatch_features="),
        ("semi_supervised_mlp", {"generator_normalization": "layer"}, "Received: normalization="),
        ("semi_supervised_cnn", {"reference_size": 0}, "`reference_size`"),
        ("mlp", {}, "semi_supervised_cnn, semi_supervised_mlp. Received: 'mlp'"),
    ],
)
def test_arguments_are_checked(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)
