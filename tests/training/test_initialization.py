"""Data-dependent initialization before a GAN's first step."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.training.initialization import initialize_from_data
from ganzoo.training.inputs import first_examples
from ganzoo.training.reference_batch import reference_batch
from support.gans import linear


def normalized(units):
    return ganzoo.layers.WeightNormalization(layers.Dense(units), data_dependent=True)


def gan(packing=1, num_classes=None):
    """A GAN whose discriminator begins with a layer that asks for data, and does not learn."""
    is_conditional = num_classes is not None
    vectors = keras.Input((packing * linear.DIMENSIONS,))
    x = normalized(4)(vectors)
    inputs = vectors
    if is_conditional:
        labels = keras.Input((), dtype="int32")
        inputs, x = [vectors, labels], ganzoo.layers.ProjectionHead(num_classes)([x, labels])
    else:
        x = layers.Dense(1)(x)
    model = ganzoo.GAN(
        linear.generator(is_conditional),
        keras.Model(inputs, x),
        num_classes=num_classes,
        packing=packing,
    )
    model.compile(g_optimizer="sgd", d_optimizer=keras.optimizers.SGD(0.0))
    return model


def first_layer(model):
    return next(x for x in model.discriminator.layers if hasattr(x, "initialized"))


@pytest.mark.parametrize("settings", [{"packing": 2}, {"num_classes": linear.NUM_CLASSES}])
def test_packs_and_classes_reach_the_layers(settings):
    model, examples = gan(**settings), linear.vectors(9)
    labels = (linear.labels(9),) if "num_classes" in settings else ()
    model.fit(examples, *labels, batch_size=4, epochs=1, verbose=0)
    packing = settings.get("packing", 1)
    rows = examples[: 9 // packing * packing].reshape(-1, packing * linear.DIMENSIONS)
    outputs = keras.ops.convert_to_numpy(first_layer(model)(rows))
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0, rtol=1e-4)


@pytest.mark.parametrize("num_classes", [None, linear.NUM_CLASSES])
def test_the_reference_batch_of_virtual_batch_normalization_comes_first(num_classes):
    latents = keras.Input((linear.LATENT_DIM,))
    inputs, x = latents, layers.Dense(3, name="before")(latents)
    if num_classes is not None:
        labels = keras.Input((), dtype="int32")
        inputs = [latents, labels]
        x = layers.Concatenate(name="both")([x, layers.Embedding(num_classes, 2)(labels)])
    below = x
    x = ganzoo.layers.VirtualBatchNormalization(4, name="virtual")(x)
    generator = keras.Model(inputs, normalized(linear.DIMENSIONS)(x))
    model = ganzoo.GAN(
        generator, gan(num_classes=num_classes).discriminator, num_classes=num_classes
    )
    examples = linear.vectors(9), None if num_classes is None else linear.labels(9)
    initialize_from_data(model, lambda: examples)
    reference, reference_labels = reference_batch(model)
    given = reference if num_classes is None else [reference, reference_labels]
    rows = keras.ops.convert_to_numpy(keras.Model(inputs, below)(given)).astype("float64")
    stored = generator.get_layer("virtual")
    np.testing.assert_allclose(stored.reference_mean, rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(stored.reference_square, (rows**2).mean(axis=0), rtol=1e-5)
    assert next(x for x in generator.layers if hasattr(x, "initialized")).initialized.numpy() == 1


def test_weights_from_a_file_are_not_initialized_again(tmp_path):
    trained = gan()
    trained.fit(linear.vectors(4), batch_size=4, epochs=1, verbose=0)
    first_layer(trained).g.assign([1.0, 2.0, 3.0, 4.0])
    trained.discriminator.save_weights(tmp_path / "discriminator.weights.h5")
    model = gan()
    model.discriminator.load_weights(tmp_path / "discriminator.weights.h5")
    model.fit(linear.vectors(4), batch_size=4, epochs=1, verbose=0)
    np.testing.assert_array_equal(first_layer(model).g.numpy(), [1.0, 2.0, 3.0, 4.0])


def test_conditions_keep_their_fractions():
    vectors, conditions = keras.Input((linear.DIMENSIONS,)), keras.Input((2,))
    joined = layers.Concatenate()([vectors, conditions])
    latents = keras.Input((linear.LATENT_DIM,))
    given = layers.Concatenate()([latents, conditions])
    model = ganzoo.GAN(
        keras.Model([latents, conditions], layers.Dense(linear.DIMENSIONS)(given)),
        keras.Model([vectors, conditions], layers.Dense(1)(normalized(4)(joined))),
        condition_dim=2,
    )
    rows = linear.vectors(9), np.random.default_rng(0).uniform(0.2, 0.9, (9, 2)).astype("float32")
    initialize_from_data(model, lambda: rows)
    outputs = keras.ops.convert_to_numpy(first_layer(model)(np.concatenate(rows, axis=1)))
    np.testing.assert_allclose(outputs.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(outputs.std(axis=0), 1.0, rtol=1e-4)


@pytest.mark.parametrize("count", [499, 500, 501, 999, 1499])
def test_the_first_examples_are_of_all_sorted_classes(count):
    data = ganzoo.data.Dataset(linear.vectors(count), np.arange(count) * 10 // count)
    examples, labels = first_examples(data.batches(10))
    assert len(examples) == len(labels) >= min(count, 250)
    assert set(labels) == set(range(10))


def test_batches_of_a_generator_initialize_too():
    model = gan(num_classes=linear.NUM_CLASSES)
    batches = [(linear.vectors(4, seed), linear.labels(4, seed)) for seed in range(2)]
    model.fit(iter(batches), steps_per_epoch=1, verbose=0)
    assert first_layer(model).initialized.numpy() == 1
