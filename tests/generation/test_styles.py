"""Directions of styles, and mixed styles, of a style-based generator."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.generation.direction_methods import closed_form
from ganzoo.generation.pages import few_in_closed_form

SEEDS = range(3)


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(0)
    networks = ganzoo.architectures.build(
        "stylegan2", (8, 8, 1), latent_dim=6, width=2, mapping_layers=2
    )
    gan = ganzoo.GAN(*networks)
    mapping = gan.ema_generator.get_layer("mapping")
    mapping.style_average.assign(np.linspace(-1, 1, 6))
    return gan


def parts(gan):
    generator = gan.ema_generator
    return generator.get_layer("mapping"), generator.get_layer("synthesis")


def pixels(examples):
    return np.clip(np.round((np.asarray(examples) + 1) * 127.5), 0, 255).astype("uint8")


def layers_with_rows(gan):
    _, synthesis = parts(gan)
    return [layer for layer in synthesis.layers if hasattr(layer, "affine")]


def test_sefa_takes_the_affine_layers_of_the_chosen_rows(gan):
    layers = layers_with_rows(gan)
    found = gan.directions("sefa", k=6)
    matrix = np.concatenate([layer.affine.kernel.numpy() for layer in layers], axis=1)
    np.testing.assert_allclose(found.vectors, closed_form(matrix)[0], atol=1e-4)
    assert (found.space, found.rows) == ("styles", None)

    chosen = gan.directions("sefa", k=2, layers=[layers[0].name, layers[-1].name])
    assert chosen.rows == (layers[0].row, layers[-1].row)
    matrix = np.concatenate([layers[i].affine.kernel.numpy() for i in (0, -1)], axis=1)
    np.testing.assert_allclose(chosen.vectors, closed_form(matrix)[0][:2], atol=1e-4)


def test_edits_move_the_chosen_rows_of_styles(gan):
    mapping, synthesis = parts(gan)
    latents = gan.latents_of(SEEDS)
    found = gan.directions("sefa", k=2, layers=[layers_with_rows(gan)[0].name])
    amounts = np.array([0.0, 1.0, -2.0])
    styles = np.array(mapping.truncate(mapping(latents), 0.5))
    styles[:, found.rows[0]] += amounts[:, None] * found.vectors[1]
    edited = gan.edit(latents, found, {1: amounts}, truncation=0.5)
    difference = edited.astype(int) - pixels(synthesis(styles)).astype(int)
    assert np.abs(difference).max() <= 1
    assert (edited[1:] != gan.sample(3, truncation=0.5)[1:]).any()


def test_principal_components_are_those_of_the_styles(gan):
    pytest.importorskip("sklearn")
    mapping, _ = parts(gan)
    found = gan.directions("pca", k=2, samples=400)
    styles = np.asarray(mapping(gan.latents_of(range(400))))[:, 0].astype("float64")
    _, singular, right = np.linalg.svd(styles - styles.mean(axis=0))
    np.testing.assert_allclose(np.abs(found.vectors @ right[:2].T), np.eye(2), atol=1e-3)
    np.testing.assert_allclose(found.units, singular[:2] / np.sqrt(399), rtol=1e-3)


def test_mixed_styles_have_rows_of_both_sides(gan):
    mapping, synthesis = parts(gan)
    one, other = gan.latents_of([0, 1]), gan.latents_of([2, 3])
    styles, others = np.array(mapping(one)), np.array(mapping(other))
    count = styles.shape[1]
    np.testing.assert_array_equal(gan.mix_styles(one, other, range(count)), gan.generate(other))
    styles[:, 2:] = others[:, 2:]
    mixed = gan.mix_styles(one, other, range(2, count), batch_size=1)
    difference = mixed.astype(int) - pixels(synthesis(styles)).astype(int)
    assert np.abs(difference).max() <= 1
    figure = ganzoo.plot.style_mixing(gan, [0, 1], [2, 3, 4], rows=[0, 1])
    assert figure.axes
    with pytest.raises(ValueError, match=r"one class.*Received: labels=\[0, 1, 2, 3, 4, 5\]"):
        ganzoo.plot.style_mixing(gan, [0, 1], [2, 3, 4], rows=[0], labels=list(range(6)))


def test_styles_of_few_dimensions_and_with_conditions():
    networks = ganzoo.architectures.build(
        *("stylegan2", (8, 8, 1), 8, 2), mapping_layers=1, style_dim=4, condition_dim=2
    )
    gan = ganzoo.GAN(*networks)
    assert len(few_in_closed_form(gan)) == 4
    settings = {"rows": [0], "conditions": [0.0, 1.0]}
    (axes,) = ganzoo.plot.style_mixing(gan, [0], [1], **settings).axes
    shown = axes.images[0].get_array()
    top = gan.sample(1, seed=1, conditions=[0.0, 1.0])[0, :, :, 0]
    assert np.abs(shown[2:10, 12:20].astype(int) - top).max() <= 1


def test_bad_input(gan):
    latents = gan.latents_of([0, 1])
    with pytest.raises(ValueError, match=r"have the rows 0 to 3.*Received: rows from 0 to 4"):
        gan.mix_styles(latents, latents, [0, 4])
    with pytest.raises(ValueError, match=r"list of integers from 0 to 3. Received"):
        gan.mix_styles(latents, latents, [0.5])
    with pytest.raises(ValueError, match=r"as many latents. Received: 2 latents and 1"):
        gan.mix_styles(latents, latents[:1], [0])
    networks = ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=2)
    with pytest.raises(ValueError, match=r"Only style-based generators.*Received"):
        ganzoo.GAN(*networks).mix_styles(np.ones((1, 2)), np.ones((1, 2)), [0])
    with pytest.raises(ValueError, match=r"`layers` must be among .*Received: nosuch"):
        gan.directions("sefa", layers="nosuch")
