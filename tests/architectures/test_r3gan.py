"""R3GAN: its published sizes, its initialization, and what does not fit."""

import keras
import numpy as np
import pytest

from ganzoo import architectures
from ganzoo.architectures import r3gan_discriminator, r3gan_generator
from support.shapes import without_values

FFHQ_256 = {"image_shape": (256, 256, 3), "width": 768, "blocks": 2}
SMALL = {"image_shape": (16, 16, 3), "width": 8, "blocks": 1}


def blocks_of(network):
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]


@without_values()
def test_published_numbers_of_parameters():
    assert r3gan_generator(**FFHQ_256).count_params() == 23_057_952
    discriminator = r3gan_discriminator(**FFHQ_256)
    assert discriminator.count_params() == 23_009_568
    assert [layer.groups for layer in discriminator.layers if "grouped" in layer.name] == [
        *(12, 12, 24, 24, 48, 48),
        *(96,) * 8,
    ]


@without_values()
def test_stages_of_the_published_sizes():
    def widths(size, **options):
        network = r3gan_generator((size, size, 3), blocks=1, **options)
        return [block.output.shape[1:] for block in blocks_of(network)]

    assert widths(32) == [(4, 4, 768), (8, 8, 768), (16, 16, 768), (32, 32, 768)]
    assert widths(64)[-1] == (64, 64, 384)
    assert widths(28, width=8) == [(4, 4, 8), (7, 7, 8), (14, 14, 8), (28, 28, 8)]
    uniform = widths(64, width=1536, uniform_stages=5)
    assert [shape[-1] for shape in uniform] == [1536] * 5


@without_values()
def test_standard_deviations_of_fixup_for_cifar10():
    network = r3gan_discriminator((32, 32, 3))
    first = network.get_layer("down_3_block_1_expand").kernel_initializer
    second = network.get_layer("down_3_block_1_grouped").kernel_initializer
    assert first.stddev == pytest.approx(0.029754, abs=1e-6)
    assert second.stddev == pytest.approx(0.068714, abs=1e-6)


def test_networks_start_without_their_blocks():
    """The last kernel of each block is 0, so blocks are the identity and logits are linear."""
    keras.utils.set_random_seed(0)
    generator, discriminator = r3gan_generator(**SMALL), r3gan_discriminator(**SMALL)
    for network in (generator, discriminator):
        zeros = [layer for layer in network.layers if layer.name.endswith("_reduce")]
        assert len(zeros) == 3 and all(np.all(layer.kernel.numpy() == 0) for layer in zeros)
    images = np.random.default_rng(0).standard_normal((2, 2, 16, 16, 3)).astype("float32")
    logits = [discriminator(one).numpy() for one in (*images, 2 * images[0] - 3 * images[1])]
    np.testing.assert_allclose(logits[2], 2 * logits[0] - 3 * logits[1], rtol=1e-4, atol=1e-4)
    latents = np.random.default_rng(1).standard_normal((3, 64)).astype("float32")
    before = generator(latents).numpy()
    for layer in generator.layers:
        if layer.name.endswith(("_expand", "_grouped")):
            layer.kernel.assign(0 * layer.kernel)
    np.testing.assert_array_equal(generator(latents).numpy(), before)


def test_moments_of_a_new_generator():
    keras.utils.set_random_seed(0)
    generator = r3gan_generator((8, 8, 3), width=256, blocks=1, latent_dim=64)
    outputs = [generator.get_layer(name).output for name in ("basis", "up_0_block_1_expand")]
    probe = keras.Model(generator.input, outputs)
    latents = np.random.default_rng(0).standard_normal((256, 64)).astype("float32")
    start, hidden = (np.mean(values.numpy() ** 2) for values in probe(latents))
    assert start == pytest.approx(1.0, rel=0.1)
    # Two stages of one block, so the gain is sqrt(2 / 1.04) * 2^(-1/4).
    assert hidden / start == pytest.approx(2 / 1.04 / np.sqrt(2), rel=0.1)


def test_conditional_networks_use_the_class():
    keras.utils.set_random_seed(0)
    generator, discriminator = architectures.build(
        "r3gan", (8, 8, 1), width=8, blocks=1, num_classes=3
    )
    latents, labels = np.ones((3, 64), "float32"), np.arange(3)
    images = generator([latents, labels]).numpy()
    assert np.ptp(images, axis=0).max() > 0.01
    logits = discriminator([np.repeat(images[:1], 3, axis=0), labels]).numpy()
    assert logits.shape == (3, 1) and np.ptp(logits) > 0
    # Embeddings and heads of the paper: no biases outside of the blocks.
    units = discriminator.get_layer("class_features").units
    assert discriminator.get_layer("class_weights").output_dim == units == 8
    names = {weight.path for weight in discriminator.weights if weight.name == "bias"}
    assert all("_expand" in name or "_grouped" in name for name in names) and len(names) == 4


def test_the_stages_of_the_highest_resolutions_compute_in_bfloat16():
    networks = architectures.build("r3gan", **SMALL, bfloat16_stages=2)
    for network in networks:
        dtypes = [block.compute_dtype for block in blocks_of(network)]
        assert sorted(dtypes) == ["bfloat16", "bfloat16", "float32"]
        assert network.output.dtype == "float32"
        assert {weight.dtype for weight in network.weights} == {"float32"}
    images = networks[0](np.ones((2, 64), "float32"))
    assert np.all(np.isfinite(networks[1](images).numpy()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"width": 12},
            "`group_channels` must divide.*Received: group_channels=16 with a width of",
        ),
        ({"width": 0}, "`width` must.*Received: width=0"),
        ({"blocks": 0}, "`blocks` must.*Received: blocks=0"),
        ({"group_channels": 1.5}, "`group_channels` must.*Received: group_channels=1.5"),
        ({"uniform_stages": 0}, "`uniform_stages` must.*Received: uniform_stages=0"),
        ({"bfloat16_stages": -1}, "of at least 0. Received: bfloat16_stages=-1"),
        ({"image_shape": (7, 16, 3)}, "at least 8 pixels. Received"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    options = {**SMALL, **options}
    for build in (r3gan_generator, r3gan_discriminator):
        with pytest.raises(ValueError, match=f"(?s){words}"):
            build(**options)


@pytest.mark.parametrize("name", ["batch", "spectral", "weight"])
def test_normalizations_are_refused(name):
    with pytest.raises(ValueError, match=f"one of 'none'.*Received: normalization='{name}'"):
        r3gan_discriminator(**SMALL, normalization=name)


def test_vectors_of_conditions_take_the_place_of_classes():
    """One-hot vectors with the weights of the classes give the images and the logits."""
    keras.utils.set_random_seed(0)
    sizes = {"width": 8, "blocks": 1}
    by_class = architectures.build("r3gan", (8, 8, 1), num_classes=3, **sizes)
    by_vector = architectures.build("r3gan", (8, 8, 1), condition_dim=3, **sizes)
    for one, other in zip(by_vector, by_class, strict=True):
        one.set_weights(other.get_weights())
    latents, labels = np.ones((3, 64), "float32"), np.arange(3)
    vectors = np.eye(3, dtype="float32")
    images = by_class[0]([latents, labels]).numpy()
    np.testing.assert_allclose(by_vector[0]([latents, vectors]), images, rtol=1e-5, atol=1e-6)
    expected = by_class[1]([images, labels])
    np.testing.assert_allclose(by_vector[1]([images, vectors]), expected, rtol=1e-5, atol=1e-6)
