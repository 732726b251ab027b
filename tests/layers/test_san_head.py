"""The SAN head against its equations, and in a training step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import ganzoo
from ganzoo.layers import SANHead, SpectralNormalization, san_head_of


def gradients(index, labels=None):
    """Returns an output of the head of the specification, and its gradients by w and h."""
    head = SANHead() if labels is None else SANHead(3)
    h = tf.Variable([[1.0, 2.0]])
    inputs = h if labels is None else [h, labels]
    head(inputs)
    head.slice.assign([[3.0], [4.0]])
    with tf.GradientTape() as tape:
        output = head(h if labels is None else [h, labels])[index]
    weights = [weight.value for weight in head.trainable_weights]
    return output, *tape.gradient(output, [*weights, h]), head


def test_both_outputs_are_the_logit_with_gradients_of_their_own():
    logit, by_w, by_h, _ = gradients(0)
    np.testing.assert_allclose(logit, [[11.0]], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(by_w), [1.32, 1.76], rtol=1e-5)
    np.testing.assert_allclose(by_h, [[3.0, 4.0]], rtol=1e-6)
    direction, by_w, by_h, _ = gradients(1)
    np.testing.assert_allclose(direction, [[11.0]], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(by_w), [-0.32, 0.24], rtol=1e-5)
    assert by_h is None


def test_classes_have_slices_that_are_added():
    for index in (0, 1):
        output, _, by_rows, _, head = gradients(index, labels=np.array([2]))
        row = np.array(head.class_slices)[2]
        np.testing.assert_allclose(output, [[11.0 + row @ [1.0, 2.0]]], rtol=1e-5)
        dense = np.array(tf.convert_to_tensor(by_rows))
        assert np.all(dense[:2] == 0)
        omega = row / np.linalg.norm(row)
        along = omega * (omega @ [1.0, 2.0])
        expected = along if index == 0 else [1.0, 2.0] - along
        np.testing.assert_allclose(dense[2], expected, rtol=1e-4, atol=1e-6)


def build(**options):
    keras.utils.set_random_seed(0)
    networks = ganzoo.architectures.build(
        "mlp", (2,), width=6, hidden_layers=2, normalization="spectral", **options
    )
    gan = ganzoo.GAN(*networks, num_classes=options.get("num_classes"))
    gan.compile(
        loss="hinge",
        g_optimizer=keras.optimizers.SGD(0.0),
        d_optimizer=keras.optimizers.SGD(1.0),
        regularizers=["r1"] if options.get("num_classes") else [],
        run_eagerly=True,
    )
    return gan


@pytest.mark.parametrize("num_classes", [None, 3])
def test_the_step_adds_the_loss_of_the_direction(num_classes):
    gan = build(head="san", num_classes=num_classes)
    head = san_head_of(gan.discriminator)
    wrapped = [layer for layer in gan.discriminator.layers if "Spectral" in type(layer).__name__]
    assert isinstance(wrapped[0], SpectralNormalization) and not hasattr(head, "kernel")
    rng = np.random.default_rng(0)
    vectors = rng.uniform(-1, 1, (8, 2)).astype("float32")
    labels = None if num_classes is None else np.arange(8) % 3
    before = np.array(head.slice, "float64").ravel()
    logs = gan.train_on_batch(vectors, labels, return_dict=True)
    np.testing.assert_allclose(logs["d_direction"], logs["d_fake"] - logs["d_real"], atol=1e-6)
    if num_classes is not None:
        assert np.isfinite(logs["r1"])
        return
    # With the hinge inside of its margins, both losses have the same values: the step of the
    # length and that of the direction are together the step of the Wasserstein loss.
    assert abs(logs["d_real"]) < 1 and abs(logs["d_fake"]) < 1
    moved = np.array(head.slice, "float64").ravel() - before
    draws = ganzoo.random.Draws(gan.seed, 0).scope("discriminator_0")
    fake = build(head="san").draw_fakes(draws, 8, None)
    start = build(head="san").discriminator
    features = keras.Model(start.input, san_head_of(start).input)
    h_real, h_fake = (np.array(features(x, training=True), "float64") for x in (vectors, fake))
    np.testing.assert_allclose(moved, h_real.mean(0) - h_fake.mean(0), rtol=2e-2, atol=1e-4)


def test_files_keep_the_head(tmp_path):
    gan = build(head="san")
    vectors = np.random.default_rng(0).uniform(-1, 1, (8, 2)).astype("float32")
    gan.save(tmp_path / "gan.keras")
    gan.save_to_preset(tmp_path / "preset")
    for copy in (
        keras.saving.load_model(tmp_path / "gan.keras"),
        ganzoo.GAN.from_preset(tmp_path / "preset"),
    ):
        np.testing.assert_array_equal(copy.discriminator(vectors), gan.discriminator(vectors))
        copy.compile(loss="wasserstein", run_eagerly=True)
        assert "d_direction" in copy.train_on_batch(vectors, return_dict=True)


def test_options_that_do_not_fit_are_refused():
    for options in ({"head": "slices"}, {"head": "san", "condition_dim": 2}):
        with pytest.raises(ValueError, match=r"Received: "):
            build(**options)
    with pytest.raises(ValueError, match=r"Received: num_classes=0"):
        SANHead(num_classes=0)
    recipe = ganzoo.recipes.get("sngan_san_fashion_mnist")
    assert san_head_of(recipe.build_networks((32, 32, 1))[1]) is not None
    assert SANHead(np.int64(3)).get_config()["num_classes"].__class__ is int


def test_a_head_whose_second_output_cannot_be_reached_is_refused():
    generator, inner = ganzoo.architectures.build("mlp", (2,), latent_dim=2, width=2, head="san")
    points = keras.Input((2,))
    nested = ganzoo.GAN(generator, keras.Model(points, inner(points)))
    with pytest.raises(ValueError, match=r"its own layers.*Received: 1 SANHead.*inside of another"):
        nested.compile()
    features = keras.layers.Dense(3)(points)
    two = keras.Model(points, SANHead()(features)[0] + SANHead()(features)[0])
    with pytest.raises(ValueError, match=r"at most one.*Received: 2 SANHead"):
        ganzoo.GAN(generator, two).compile()
    ganzoo.GAN(generator, keras.Model(inner.inputs, inner.outputs)).compile()
