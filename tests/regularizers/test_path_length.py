import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import ganzoo
from conformance import parts
from ganzoo import architectures, regularizers
from ganzoo.layers import NoiseInjection, StyleMapping, VirtualBatchNormalization
from ganzoo.random import Draws
from ganzoo.training.generator_penalties import PenalizedGenerator

SHAPE = (3, 2, 2)


def tensor(array):
    return ops.convert_to_tensor(np.asarray(array), "float32")


def generator(styles, synthesis):
    return PenalizedGenerator(
        len(styles), lambda rows, draws: tensor(styles)[:rows], lambda x: x, synthesis
    )


def directions(draws, rows):
    return np.array(draws.normal("direction", rows, SHAPE), "float64") / np.sqrt(6)


def test_the_equation_and_its_running_mean():
    """Images tanh(A w), whose Jacobian is known, over two layers of styles."""
    rng = np.random.default_rng(0)
    styles = rng.standard_normal((4, 2, 3))
    matrix = rng.standard_normal((6, 12))
    variable = keras.Variable(matrix.astype("float32"))

    def synthesis(styles, inputs):
        flat = ops.matmul(ops.reshape(styles, (-1, 6)), variable)
        return ops.reshape(ops.tanh(flat), (-1, *SHAPE))

    part = regularizers.PathLength(weight=3.0, decay=0.8, batch_shrink=2)
    state, mean = part.state(), 0.0
    for step in range(2):
        draws = Draws(0, step)
        with tf.GradientTape() as tape:
            penalty = part.penalty(generator(styles, synthesis), draws, state)
        y = directions(draws, 2).reshape(2, 12)
        slopes = 1 - np.tanh(styles[:2].reshape(2, 6) @ matrix) ** 2
        gradient = ((y * slopes) @ matrix.T).reshape(2, 2, 3)
        lengths = np.sqrt(np.mean(np.sum(gradient**2, axis=2), axis=1))
        mean += 0.2 * (lengths.mean() - mean)
        np.testing.assert_allclose(state.mean, mean, rtol=1e-5)
        np.testing.assert_allclose(penalty, 3.0 * np.mean((lengths - mean) ** 2), rtol=1e-4)
        found = tape.gradient(penalty, variable.value)

    def cost(matrix):
        slopes = 1 - np.tanh(styles[:2].reshape(2, 6) @ matrix) ** 2
        gradient = ((y * slopes) @ matrix.T).reshape(2, 2, 3)
        lengths = np.sqrt(np.mean(np.sum(gradient**2, axis=2), axis=1))
        return 3.0 * np.mean((lengths - mean) ** 2)

    for i, j in [(0, 0), (3, 7), (5, 11)]:
        step = np.zeros_like(matrix)
        step[i, j] = 1e-5
        slope = (cost(matrix + step) - cost(matrix - step)) / 2e-5
        np.testing.assert_allclose(found[i, j], slope, rtol=1e-3, atol=1e-4)


def test_the_mean_square_of_a_linear_generator_is_its_norm():
    matrix = np.random.default_rng(1).standard_normal((5, 12))
    part = regularizers.PathLength(weight=1.0, decay=0.0, batch_shrink=1)
    state = part.state()
    synthesis = lambda styles, inputs: ops.reshape(  # noqa: E731
        ops.matmul(styles[:, 0], tensor(matrix)), (-1, *SHAPE)
    )
    styles = np.zeros((100_000, 1, 5))
    variance = part.penalty(generator(styles, synthesis), Draws(0, 0), state)
    found = float(variance) + float(state.mean) ** 2
    assert found == pytest.approx((matrix**2).sum() / 6, rel=0.01)


def small_gan(num_classes=None):
    """A GAN with styles and noise, but few layers."""
    latents, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    inputs = latents if num_classes is None else [latents, labels]
    mapping = StyleMapping(3, 5, depth=1, num_classes=num_classes, mixing=0.5)
    x = keras.layers.Dense(16, activation="tanh")(keras.layers.Flatten()(mapping(inputs)))
    x = NoiseInjection()(keras.layers.Reshape((4, 4, 1))(x))
    images = keras.Input((4, 4, 1))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    given = images
    if num_classes is not None:
        logits = logits + keras.layers.Embedding(num_classes, 1)(labels)
        given = [images, labels]
    networks = keras.Model(inputs, x), keras.Model(given, logits)
    for network in networks:
        parts.fill(network, 0)
    return ganzoo.GAN(*networks, num_classes=num_classes)


BATCH = np.random.default_rng(0).uniform(-1, 1, (8, 4, 4, 1)).astype("float32")


@pytest.mark.parametrize("num_classes", [None, 3])
def test_lazily_in_a_step(num_classes):
    gan = small_gan(num_classes=num_classes)
    gan.compile(regularizers=[regularizers.PathLength(every=2)], run_eagerly=True)
    batch = tensor(BATCH)
    if num_classes is not None:
        batch = (batch, ops.arange(8) % num_classes)
    (state,) = gan._memories.values()
    means, costs = [], []
    for _ in range(3):
        gan.reset_metrics()
        costs.append(float(gan.train_step(batch)["path_length"]))
        means.append(float(state.mean))
    assert means[0] > 0 and means[1] == means[0] and means[2] != means[1]
    assert costs[0] > 0 and costs[1] == 0 and costs[2] > 0


def test_the_pass_changes_no_state_of_the_generator():
    """Its average style and its noise are the same as in a step without the penalty."""
    found = []
    for chosen in ([], [regularizers.PathLength(weight=0.0)]):
        gan = small_gan()
        gan.compile(regularizers=chosen, run_eagerly=True)
        gan.train_step(tensor(BATCH))
        found.append([np.array(v) for v in gan.generator.variables])
    for without, also in zip(*found, strict=True):
        np.testing.assert_array_equal(without, also)


def dense_gan(**options):
    networks = architectures.build("mlp", (2,), latent_dim=3, width=4, **options)
    return ganzoo.GAN(*networks, num_classes=options.get("num_classes"))


def test_a_generator_without_styles_has_the_lengths_of_its_latents():
    gan = dense_gan(num_classes=3)
    gan.compile(regularizers=["path_length"], run_eagerly=True)
    logs = gan.train_step((tensor(BATCH[:, 0, :2, 0]), ops.arange(8) % 3))
    assert np.isfinite(logs["path_length"]) and float(logs["path_length"]) > 0


def test_virtual_batch_normalization_is_refused():
    latents = keras.Input((3,))
    x = VirtualBatchNormalization(reference_size=4)(keras.layers.Dense(2)(latents))
    gan = ganzoo.GAN(keras.Model(latents, x), dense_gan().discriminator)
    with pytest.raises(ValueError, match=r"reference batch.*Received: 'path_length'"):
        gan.compile(regularizers=["path_length"])


@pytest.mark.parametrize(
    ("argument", "value"),
    [("weight", -1.0), ("decay", 1.0), ("batch_shrink", 0), ("every", 0)],
)
def test_impossible_arguments_are_refused(argument, value):
    with pytest.raises(ValueError, match=f"Received: {argument}="):
        regularizers.PathLength(**{argument: value})
