"""The options that several architectures share."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from ganzoo import architectures
from ganzoo.layers import (
    MinibatchDiscrimination,
    SelfAttention,
    SpectralNormalization,
    VirtualBatchNormalization,
    WeightNormalization,
    reference_size_of,
)
from support.shapes import without_values

IMAGE_FAMILIES = ["dcgan", "infogan", "resnet", "sngan"]
FAMILIES = [*IMAGE_FAMILIES, "mlp"]
NUM_CLASSES = 3
LATENT_DIM = 5


def shape_of(name, image_shape=(14, 14, 1)):
    return (2,) if name == "mlp" else image_shape


def build(name, image_shape=(14, 14, 1), **options):
    shape = shape_of(name, image_shape)
    return architectures.build(name, shape, latent_dim=LATENT_DIM, width=2, **options)


def discriminator_of(name, **options):
    return getattr(architectures, f"{name}_discriminator")(shape_of(name), width=2, **options)


@functools.cache
def shapes_of(name, **options):
    """Returns both networks without values."""
    with without_values():
        return build(name, **options)


def examples(shape, batch=4):
    return ops.array(np.random.default_rng(0).uniform(-1, 1, (batch, *shape)).astype("float32"))


def inputs_of(network):
    return examples(network.inputs[0].shape[1:])


# The discriminator's normalization.


@pytest.mark.parametrize("name", FAMILIES)
def test_weight_normalization_starts_as_no_normalization(name):
    normalized, plain = (discriminator_of(name, normalization=kind) for kind in ("weight", "none"))
    for layer in normalized.layers:
        if isinstance(layer, WeightNormalization):
            plain.get_layer(layer.name).set_weights(layer.layer.get_weights())
    x = inputs_of(plain)
    np.testing.assert_allclose(normalized(x), plain(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "conditioning"), [("infogan", "projection"), ("resnet", "auxiliary")]
)
def test_weight_normalization_covers_every_kernel_except_a_projection(name, conditioning):
    _, discriminator = shapes_of(
        name, normalization="weight", num_classes=NUM_CLASSES, conditioning=conditioning
    )
    layers = [layer for layer in discriminator.layers if isinstance(layer, WeightNormalization)]
    wrapped = {id(layer.kernel) for layer in layers}
    bare = {v.path for v in discriminator.trainable_variables if v.name in ("kernel", "embeddings")}
    bare -= {layer.kernel.path for layer in layers}
    expected = {"logits/psi/kernel", "logits/embedding/embeddings"}
    assert bare == (expected if conditioning == "projection" else set())
    assert len(wrapped) == len(layers) > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_layer_normalization_is_over_the_whole_example_with_scales_per_channel(name):
    discriminator = discriminator_of(name, normalization="layer")
    norms = [x for x in discriminator.layers if isinstance(x, keras.layers.GroupNormalization)]
    layer = norms[0]
    axes = tuple(range(1, len(layer.output.shape)))
    assert layer.gamma.shape == layer.beta.shape == (layer.output.shape[-1],)
    values = keras.Model(discriminator.inputs, [layer.input, layer.output])
    before, after = (ops.convert_to_numpy(x) for x in values(inputs_of(discriminator)))
    mean = before.astype("float64").mean(axis=axes, keepdims=True)
    variance = before.astype("float64").var(axis=axes, keepdims=True)
    epsilon = 2e-5 if name in ("sngan", "resnet") else 1e-5
    np.testing.assert_allclose(after, (before - mean) / np.sqrt(variance + epsilon), atol=1e-4)
    # It replaces batch normalization and adds the biases that batch normalization makes useless.
    _, batch = shapes_of(name, normalization="batch")
    assert [x.name for x in norms] == [
        x.name for x in batch.layers if isinstance(x, keras.layers.BatchNormalization)
    ]
    _, plain = shapes_of(name, normalization="none")
    scales_and_offsets = sum(2 * x.gamma.shape[0] for x in norms)
    assert discriminator.count_params() == plain.count_params() + scales_and_offsets


# The generator's normalization.


@pytest.mark.parametrize("name", IMAGE_FAMILIES)
def test_virtual_batch_normalization_replaces_batch_normalization(name):
    virtual, _ = build(name, (8, 8, 1), generator_normalization="virtual", reference_size=3)
    plain, _ = shapes_of(name, image_shape=(8, 8, 1))
    kinds = keras.layers.BatchNormalization, VirtualBatchNormalization
    places = [
        [layer.name for layer in network.layers if isinstance(layer, kind)]
        for network, kind in zip((plain, virtual), kinds, strict=True)
    ]
    assert places[0] == places[1] != []
    assert reference_size_of(virtual) == 3 and reference_size_of(plain) is None
    latents = examples((LATENT_DIM,), batch=5)
    images = virtual(latents, training=True)
    assert images.shape == (5, 8, 8, 1)
    alone = ops.concatenate([virtual(latents[i : i + 1]) for i in (3, 4)])
    np.testing.assert_allclose(alone, images[3:], atol=1e-5)


def test_reference_size_is_64_by_default():
    generator, _ = shapes_of("dcgan", generator_normalization="virtual")
    assert reference_size_of(generator) == 64


@pytest.mark.parametrize("name", IMAGE_FAMILIES)
def test_virtual_batch_normalization_of_a_conditional_generator_is_refused(name):
    with pytest.raises(ValueError, match=r"Received: normalization='virtual', num_classes=3"):
        build(name, generator_normalization="virtual", num_classes=NUM_CLASSES)


# The discriminator's heads.


@pytest.mark.parametrize(
    ("name", "normalization"),
    [("mlp", "spectral"), ("resnet", "layer"), *((name, "spectral") for name in IMAGE_FAMILIES)],
)
def test_auxiliary_classifier_takes_examples_and_gives_two_kinds_of_logits(name, normalization):
    options = {
        "num_classes": NUM_CLASSES,
        "conditioning": "auxiliary",
        "normalization": normalization,
    }
    assert [t.name for t in shapes_of(name, **options)[0].inputs] == ["latents", "labels"]
    discriminator = discriminator_of(name, **options)
    assert [t.name for t in discriminator.inputs] == ["vectors" if name == "mlp" else "images"]
    assert discriminator.output_names == ["logits", "class_logits"]
    logits, class_logits = discriminator(inputs_of(discriminator), training=True)
    assert logits.shape == (4, 1) and class_logits.shape == (4, NUM_CLASSES)
    # Both are linear in the same features.
    features = discriminator.get_layer("features").output
    everything = keras.Model(discriminator.inputs, [features, *discriminator.outputs])
    values, *outputs = everything(inputs_of(discriminator))
    for head, expected in zip(("logits", "class_logits"), outputs, strict=True):
        layer = discriminator.get_layer(head)
        assert isinstance(layer, SpectralNormalization) == (normalization == "spectral")
        np.testing.assert_allclose(layer(values), expected, rtol=1e-5, atol=1e-6)


def test_heads_of_an_auxiliary_classifier_start_differently_in_full_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        discriminator = discriminator_of("dcgan", num_classes=1, conditioning="auxiliary")
    finally:
        keras.config.set_dtype_policy("float32")
    kernels = [discriminator.get_layer(name).kernel for name in discriminator.output_names]
    assert np.abs(kernels[0].numpy() - kernels[1].numpy()).min() > 0
    assert {output.dtype for output in discriminator.outputs} == {"float32"}


@pytest.mark.parametrize(
    ("name", "num_classes"), [("mlp", NUM_CLASSES), *((name, None) for name in IMAGE_FAMILIES)]
)
def test_minibatch_discrimination_is_between_the_features_and_the_logits(name, num_classes):
    options = {"num_classes": num_classes}
    _, discriminator = shapes_of(name, minibatch_features="discrimination", **options)
    _, plain = shapes_of(name, **options)
    layer = discriminator.get_layer("minibatch")
    assert isinstance(layer, MinibatchDiscrimination)
    features = discriminator.get_layer("features").output
    assert layer.input is features
    assert features.shape == plain.get_layer("features").output.shape
    assert layer.output.shape == (None, features.shape[1] + 100)
    logits = discriminator.get_layer("logits")
    assert (logits.input if num_classes is None else logits.input[0]) is layer.output


@pytest.mark.parametrize(("name", "channels"), [("dcgan", 3), ("mlp", 6)])
def test_packing_multiplies_the_channels_of_the_discriminators_input(name, channels):
    generator, discriminator = shapes_of(name, packing=3)
    assert generator.output_shape[-1] == channels // 3
    assert discriminator.input_shape == (*generator.output_shape[:-1], channels)
    with pytest.raises(ValueError, match=r"Received: packing=0"):
        build(name, packing=0)


# Self-attention.


@pytest.mark.parametrize(
    ("image_shape", "size", "places"),
    [
        ((14, 14, 1), 7, ("block_1", "block_1")),
        ((28, 28, 1), 14, ("block_2", "block_1")),
        ((64, 48, 3), 24, ("block_2", "block_1")),
    ],
)
def test_self_attention_is_at_its_size_in_both_networks(image_shape, size, places):
    networks = shapes_of("resnet", image_shape=image_shape, attention_size=size)
    for network, block in zip(networks, places, strict=True):
        layer = network.get_layer("attention")
        assert isinstance(layer, SelfAttention)
        assert min(layer.input.shape[1:3]) == size
        assert layer.input is network.get_layer(block).output
        assert layer.spectral_normalization == (network.name == "discriminator")
    generator, discriminator = networks
    assert generator.output_shape == discriminator.input_shape == (None, *image_shape)


def test_networks_with_self_attention_work():
    generator, discriminator = build("resnet", attention_size=7)
    assert discriminator(generator(examples((LATENT_DIM,))), training=True).shape == (4, 1)


def test_self_attention_does_not_change_the_other_layers():
    for with_it, without in zip(
        shapes_of("resnet", attention_size=7), shapes_of("resnet"), strict=True
    ):
        names = [layer.name for layer in with_it.layers]
        names.remove("attention")
        assert names == [layer.name for layer in without.layers]


def test_self_attention_is_spectrally_normalized_with_the_discriminator():
    _, discriminator = shapes_of("resnet", attention_size=7, normalization="none")
    assert not discriminator.get_layer("attention").spectral_normalization
    _, discriminator = shapes_of("resnet", attention_size=7)
    wrapped = {
        id(layer.kernel)
        for layer in discriminator._flatten_layers()
        if isinstance(layer, SpectralNormalization)
    }
    kernels = [v for v in discriminator.trainable_variables if v.name == "kernel"]
    assert {id(kernel) for kernel in kernels} == wrapped


@pytest.mark.parametrize("size", [32, 5, 0, "7"])
def test_sizes_that_no_block_has_are_refused(size):
    expected = rf"`attention_size` must be one of 7, 14\. Received: attention_size={size!r}"
    with pytest.raises(ValueError, match=expected):
        build("resnet", attention_size=size)
    with pytest.raises(ValueError, match=r"must be one of 7, 4\. Received: attention_size=14"):
        architectures.resnet_discriminator((14, 14, 1), width=2, attention_size=14)


# Options that an architecture does not have.


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("stylegan2", {"generator_normalization": "virtual"}),
        ("stylegan2", {"reference_size": 3}),
        ("dcgan", {"attention_size": 7}),
    ],
    ids=str,
)
def test_options_of_other_architectures_are_refused(name, option):
    argument, value = next(iter(option.items()))
    argument = argument.removeprefix("generator_")
    with pytest.raises(ValueError, match=f"has no `{argument}`.*Received: {argument}={value!r}"):
        build(name, **option)


def test_generator_options_are_checked():
    with pytest.raises(ValueError, match=r"Received: normalization='layer'"):
        build("dcgan", generator_normalization="layer")
    with pytest.raises(ValueError, match=r"Received: reference_size=0"):
        build("dcgan", reference_size=0)
    for name in ("dcgan", "infogan", "sngan", "resnet", "mlp"):
        with pytest.raises(ValueError, match=r"`reference_size` is for virtual.*Received"):
            build(name, reference_size=7)
    with pytest.raises(ValueError, match=r"`reference_size` is for virtual.*Received"):
        architectures.build_semi_supervised(
            "semi_supervised_mlp", (2,), num_classes=2, reference_size=7
        )
    for options in ({}, {"hierarchical_latents": True}, {"num_classes": 3}):
        with pytest.raises(ValueError, match=r"`embedding_dim` is for.*Received: embedding_dim=7"):
            build("resnet", embedding_dim=7, **options)
