"""Data-dependent initialization before a GAN's first step."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
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


def test_weights_from_a_file_are_not_initialized_again(tmp_path):
    trained = gan()
    trained.fit(linear.vectors(8), batch_size=4, epochs=1, verbose=0)
    first_layer(trained).g.assign([1.0, 2.0, 3.0, 4.0])
    trained.discriminator.save_weights(tmp_path / "discriminator.weights.h5")
    model = gan()
    model.discriminator.load_weights(tmp_path / "discriminator.weights.h5")
    model.fit(linear.vectors(8), batch_size=4, epochs=1, verbose=0)
    np.testing.assert_array_equal(first_layer(model).g.numpy(), [1.0, 2.0, 3.0, 4.0])
