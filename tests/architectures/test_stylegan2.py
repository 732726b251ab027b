import keras
import numpy as np
import pytest
from keras import ops

import ganzoo
from ganzoo import architectures
from ganzoo.architectures import stylegan2_discriminator, stylegan2_generator
from ganzoo.layers import SpectralNormalization, spectral_normalize, unnormalized_layers
from support.shapes import without_values

NUM_CLASSES = 3
SMALL = {"latent_dim": 6, "width": 2, "mapping_layers": 2}


def build(image_shape=(8, 8, 1), **options):
    return architectures.build("stylegan2", image_shape, **{**SMALL, **options})


def generator_of(image_shape):
    return stylegan2_generator(image_shape, **SMALL)


def discriminator_of(**options):
    return stylegan2_discriminator((8, 8, 1), width=2, **options)


def tensor(*shape, seed=0):
    values = np.random.default_rng(seed).standard_normal(shape)
    return ops.convert_to_tensor(values, "float32")


def parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


@without_values()
def test_published_numbers_of_parameters():
    """R3GAN's table gives them for FFHQ at 256 pixels: 24.767M and 24.001M."""
    generator, discriminator = architectures.build("stylegan2", (256, 256, 3))
    assert parameters(generator) == 24_767_458
    assert parameters(discriminator) == 24_001_089


@without_values()
def test_numbers_of_parameters_of_a_small_network():
    generator, discriminator = build((16, 16, 3), latent_dim=8, width=4, max_channels=8)
    mapping = 2 * (8 * 8 + 8)
    constant = 16 * 8

    def modulated(inputs, outputs, size, noise=1):
        return 8 * inputs + inputs + size * size * inputs * outputs + outputs + noise

    convolutions = [(8, 8, 3), (8, 8, 3), (8, 8, 3), (8, 4, 3), (4, 4, 3)]
    to_images = [(8, 3, 1, 0), (8, 3, 1, 0), (4, 3, 1, 0)]
    synthesis = sum(modulated(*layer) for layer in [*convolutions, *to_images])
    assert parameters(generator) == mapping + constant + synthesis
    blocks = (9 * 4 * 4 + 4 + 9 * 4 * 8 + 8 + 4 * 8) + (2 * (9 * 8 * 8 + 8) + 8 * 8)
    epilogue = (9 * 9 * 8 + 8) + (16 * 8 * 8 + 8) + 8 + 1
    assert parameters(discriminator) == (3 * 4 + 4) + blocks + epilogue


@pytest.mark.parametrize(
    ("image_shape", "num_classes", "rows"), [((8, 8, 3), None, 4), ((13, 25, 4), NUM_CLASSES, 6)]
)
def test_networks_fit_images_of_any_size(image_shape, num_classes, rows):
    generator, discriminator = build(image_shape, num_classes=num_classes)
    labels = [] if num_classes is None else [ops.arange(4) % num_classes]
    images = generator([tensor(4, 6), *labels] if labels else tensor(4, 6), training=True)
    assert images.shape == (4, *image_shape)
    logits = discriminator([images, *labels] if labels else images, training=True)
    assert logits.shape == (4, 1)
    assert np.isfinite(logits).all()
    styles = generator.get_layer("mapping").output
    assert styles.shape == (None, rows, 6) == generator.get_layer("synthesis").input_shape
    assert [layer.name for layer in generator.layers[-3:]] == ["mapping", "synthesis", "images"]
    assert [t.name for t in discriminator.inputs] == ["images", "labels"][: 1 + len(labels)]
    assert discriminator.layers[-1].name == "logits"


@pytest.mark.parametrize(("side", "rows"), [(32, 8), (64, 10), (128, 12)])
@without_values()
def test_larger_sizes(side, rows):
    generator, discriminator = build((side, side, 3))
    assert generator.output_shape == discriminator.input_shape == (None, side, side, 3)
    assert generator.get_layer("mapping").output.shape == (None, rows, 6)


def test_a_row_of_styles_changes_its_own_layers_alone():
    generator = generator_of((16, 16, 2))
    synthesis = generator.get_layer("synthesis")
    names = ["size_4_conv_1", "size_4_to_image", "size_8_conv_0", "size_8_conv_1"]
    names += ["size_8_to_image", "size_16_conv_0", "size_16_conv_1", "size_16_to_image"]
    outputs = [synthesis.get_layer(name).output for name in names]
    layers = keras.Model(synthesis.inputs, outputs)
    styles = np.array(tensor(2, 6, 6))
    before = layers(styles)
    # The first layer that each row reaches, and those that it does not reach.
    reached = {
        0: (0, []),
        1: (1, [0]),
        2: (3, [0, 1, 2]),
        3: (4, [0, 1, 2, 3]),
        4: (6, range(6)),
        5: (7, range(7)),
    }
    for row, (first, untouched) in reached.items():
        changed = styles.copy()
        changed[:, row] += 1.0
        after = layers(changed)
        for i in untouched:
            np.testing.assert_array_equal(after[i], before[i])
        assert np.abs(after[first] - before[first]).max() > 0
    # The first image shares its row with the next convolution.
    changed = styles.copy()
    changed[:, 1] += 1.0
    assert np.abs(layers(changed)[2] - before[2]).max() > 0


def test_an_image_does_not_depend_on_its_batch():
    generator = generator_of((8, 8, 1))
    for weight in generator.trainable_weights:
        weight.assign(np.random.default_rng(1).standard_normal(weight.shape))
    latents = tensor(3, 6)
    together = np.array(generator(latents))
    scale = np.abs(together).max()
    np.testing.assert_allclose(generator(latents[1:2])[0], together[1], atol=1e-6 * scale)
    np.testing.assert_array_equal(generator(latents), together)
    assert np.abs(np.array(generator(latents, training=True)) - together).max() > 1e-3 * scale


def test_spectral_normalization_covers_every_kernel():
    discriminator = discriminator_of(num_classes=NUM_CLASSES, normalization="spectral")
    kernels = [w for w in discriminator.trainable_weights if not w.path.endswith("bias")]
    layers = discriminator._flatten_layers()
    wrapped = [layer.kernel for layer in layers if isinstance(layer, SpectralNormalization)]
    assert {id(kernel) for kernel in kernels} == {id(kernel) for kernel in wrapped}
    logits = discriminator([tensor(4, 8, 8, 1), ops.arange(4) % NUM_CLASSES], training=True)
    assert np.isfinite(logits).all()


def test_equalized_layers_are_named_where_spectral_normalization_finds_nothing_to_wrap():
    discriminator = discriminator_of(blocks="plain", minibatch_features="none")
    assert "EqualizedLearningRate" in " ".join(unnormalized_layers(discriminator).values())
    with pytest.raises(ValueError, match="no layer that could be wrapped"):
        spectral_normalize(discriminator)


def test_options_of_the_discriminator():
    auxiliary = discriminator_of(num_classes=NUM_CLASSES, conditioning="auxiliary")
    logits, class_logits = auxiliary(tensor(4, 8, 8, 1))
    assert logits.shape == (4, 1) and class_logits.shape == (4, NUM_CLASSES)
    with pytest.raises(ValueError, match=r"multiple of `group_size`.*Received: a batch of 6"):
        auxiliary(tensor(6, 8, 8, 1))
    with without_values():
        _, plain = build(blocks="plain", minibatch_features="none", group_size=2, packing=2)
    names = {layer.name for layer in plain.layers}
    assert not any("shortcut" in name or "stddev" in name for name in names)
    assert plain.input_shape == (None, 8, 8, 2)


def embedding_first(network):
    return sorted(network.weights, key=lambda weight: "embedding" not in weight.path)


def test_one_hot_conditions_are_classes():
    labels = np.array([2, 0, 1, 2])
    one_hot = np.eye(3, dtype="float32")[labels]
    vectors = np.random.default_rng(0).standard_normal((4, 8)).astype("float32")
    images = np.random.default_rng(1).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")
    sizes = {"image_shape": (8, 8, 1), "latent_dim": 8}
    of_classes = build(num_classes=3, **sizes)
    of_vectors = build(condition_dim=3, **sizes)
    for first, classes, conditions in zip([vectors, images], of_classes, of_vectors, strict=True):
        (table, *rest), (kernel, _, *others) = map(embedding_first, (classes, conditions))
        kernel.assign(table)
        for weight, source in zip(others, rest, strict=True):
            weight.assign(source)
        outputs = conditions([first, one_hot])
        np.testing.assert_allclose(outputs, classes([first, labels]), rtol=1e-4, atol=1e-5)
        assert np.abs(np.array(outputs - conditions([first, -one_hot]))).max() > 1e-3


def test_a_gan_of_conditions_trains():
    gan = ganzoo.GAN(*build(image_shape=(8, 8, 1), latent_dim=4, condition_dim=2))
    gan.compile(run_eagerly=True)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 8, 8, 1), "uint8")
    conditions = rng.standard_normal((8, 2)).astype("float32")
    before = gan.sample(2, conditions=[1.0, 0.0])
    gan.fit(ganzoo.data.Dataset(images, conditions=conditions), batch_size=8, verbose=0)
    samples = gan.sample(2, conditions=[1.0, 0.0])
    assert (samples != before).any() and (samples != gan.sample(2, conditions=[0.0, 1.0])).any()


@pytest.mark.parametrize(
    "argument",
    [
        {"latent_dim": 0},
        {"width": 0},
        {"max_channels": 1.5},
        {"style_dim": -1},
        {"mapping_layers": 0},
        {"style_mixing": 1.0},
        {"latent": "cube"},
        {"num_classes": 0},
        {"condition_dim": 0},
        {"normalization": "batch"},
        {"conditioning": "auxiliary"},
        {"minibatch_features": "discrimination"},
        {"group_size": 0},
        {"blocks": "skip"},
        {"image_shape": (4, 4, 1)},
        {"attention_size": 8},
    ],
    ids=str,
)
def test_impossible_arguments_are_refused(argument):
    (name,) = argument
    name = {"style_mixing": "mixing"}.get(name, name)
    with pytest.raises(ValueError, match=f"Received: {name}="):
        build(**argument)


def test_options_that_neither_network_has_are_refused():
    with pytest.raises(ValueError, match=r"no `blocks`: leave it out.*Received: blocks='plain'"):
        architectures.build("sngan", (16, 16, 1), blocks="plain")
