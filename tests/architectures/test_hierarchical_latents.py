"""BigGAN's latents, which enter at every block."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo import architectures
from ganzoo.architectures import resnet_generator

OPTIONS = {"hierarchical_latents": True}


def build(**options):
    keras.utils.set_random_seed(0)
    settings = {"latent_dim": 6, "width": 2, **OPTIONS, **options}
    return resnet_generator((16, 16, 1), **settings)


def block_outputs(generator, latents, labels=None):
    blocks = [layer.output for layer in generator.layers if layer.name in ("block_1", "block_2")]
    first = generator.get_layer("project").output
    network = keras.Model(generator.inputs, [first, *blocks])
    return [np.asarray(x) for x in network([latents] if labels is None else [latents, labels])]


def test_each_part_of_the_latents_enters_at_its_block():
    generator = build()
    latents = np.random.default_rng(0).standard_normal((2, 6)).astype("float32")
    start = block_outputs(generator, latents)
    assert len(start) == 3  # The dense layer and two blocks.
    for part in range(3):
        moved = latents.copy()
        moved[:, 2 * part : 2 * part + 2] += 1.0
        changes = [
            bool((a != b).any())
            for a, b in zip(start, block_outputs(generator, moved), strict=True)
        ]
        assert changes == [index >= part for index in range(3)]


def test_the_scale_is_that_of_the_shared_embedding_and_the_part():
    generator = build(num_classes=3, embedding_dim=5)
    latents = np.random.default_rng(0).standard_normal((2, 6)).astype("float32")
    labels = np.array([2, 0], "int32")
    norms = [layer for layer in generator.layers if layer.name.endswith("_norm")]
    conditional = [norm for norm in norms if norm.name.startswith("block")]
    assert len(conditional) == 4 and len(norms) == 5
    norm = generator.get_layer("block_2_in_norm")
    condition = keras.Model(generator.inputs, norm.input[1])([latents, labels])
    table = generator.get_layer("class_embedding").embeddings.numpy()
    expected = np.concatenate([table[labels], latents[:, 4:]], axis=1)
    np.testing.assert_allclose(condition, expected, rtol=1e-6)
    features = keras.Model(generator.inputs, norm.input[0])([latents, labels])
    kernels = [
        np.asarray(dense.effective_kernel(), "float64") for dense in (norm.scale, norm.offset)
    ]
    assert [np.linalg.norm(kernel, 2) for kernel in kernels] == pytest.approx([1, 1], rel=1e-3)
    scale, offset = (expected @ kernel for kernel in kernels)
    x = np.asarray(features, "float64") / np.sqrt(1 + norm.epsilon)
    wanted = (1 + scale)[:, None, None] * x + offset[:, None, None]
    np.testing.assert_allclose(norm([features, condition]), wanted, rtol=1e-3, atol=1e-4)


def test_a_gan_of_such_networks_is_a_preset(tmp_path):
    networks = architectures.build(
        "resnet", (8, 8, 1), latent_dim=6, width=2, num_classes=3, **OPTIONS
    )
    gan = ganzoo.GAN(*networks, num_classes=3)
    gan.save_to_preset(tmp_path / "preset")
    loaded = ganzoo.GAN.from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(loaded.sample(4), gan.sample(4))
    assert len(gan.directions("sefa", k=6)) == 6
    assert gan.interpolate([0, 1], labels=[0, 2], steps=2).shape == (3, 8, 8, 1)


def test_bad_input():
    with pytest.raises(ValueError, match=r"a multiple of 3.*such as 6. Received: latent_dim=7"):
        build(latent_dim=7)
    with pytest.raises(ValueError, match=r"`normalization` must be .*Received"):
        resnet_generator((16, 16, 1), 6, 2, normalization="virtual", **OPTIONS)
