"""Directions against linear algebra in float64, on generators that are small enough to know."""

import keras
import numpy as np
import pytest
from keras import layers

import ganzoo
from ganzoo.generation import Directions, directions, score
from ganzoo.generation.direction_methods import closed_form
from support.gans import tiny


def linear_gan(matrix, activation=None, num_classes=None):
    """A GAN whose generator multiplies latents by a matrix."""
    matrix = np.asarray(matrix, "float32")
    latents = keras.Input((len(matrix),))
    x, inputs = latents, [latents]
    if num_classes:
        labels = keras.Input((), dtype="int32")
        inputs.append(labels)
        x = layers.Concatenate()([x, layers.Embedding(num_classes, 2)(labels)])
    first = layers.Dense(matrix.shape[1], activation=activation, name="first")
    outputs = layers.Dense(matrix.shape[1], kernel_initializer="identity", name="second")(first(x))
    generator = keras.Model(inputs if num_classes else latents, outputs)
    kernel = first.kernel.numpy()
    kernel[: len(matrix)] = matrix
    first.kernel.assign(kernel)
    points = keras.Input((matrix.shape[1],))
    takes = [points, keras.Input((), dtype="int32")] if num_classes else points
    discriminator = keras.Model(takes, layers.Dense(1)(points))
    return ganzoo.GAN(generator, discriminator, num_classes=num_classes)


def test_the_closed_form_is_that_of_the_paper():
    vectors, values = closed_form([[3.0, 0, 0], [0, 1, 1]])
    np.testing.assert_allclose(values, [2, 1])
    np.testing.assert_allclose(vectors, [[0, 1], [1, 0]], atol=1e-12)
    matrix = np.random.default_rng(0).standard_normal((5, 9))
    vectors, values = closed_form(matrix)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(5), atol=1e-12)
    normalized = matrix / np.linalg.norm(matrix, axis=0)
    np.testing.assert_allclose(np.sum((vectors @ normalized) ** 2, axis=1), values)
    assert (np.diff(values) < 0).all()
    assert (vectors[range(5), np.abs(vectors).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("num_classes", [None, 3])
def test_sefa_takes_the_layers_that_latents_reach(num_classes):
    matrix = np.random.default_rng(0).standard_normal((4, 6))
    gan = linear_gan(matrix, "relu", num_classes)
    found = gan.directions("sefa", k=3)
    vectors, values = closed_form(matrix)
    np.testing.assert_allclose(found.vectors, vectors[:3], atol=1e-4)
    np.testing.assert_allclose(found.values, values[:3], rtol=1e-4)
    assert (found.space, found.rows, found.names) == ("latents", None, ("0", "1", "2"))
    with pytest.raises(ValueError, match=r"`layers` must be among first. Received: second"):
        gan.directions("sefa", layers="second")


def test_sefa_sees_through_wrappers_slices_and_transposed_convolutions():
    latents = keras.Input((4,))
    rows = layers.Reshape((1, 1, 4))(latents)
    x = ganzoo.layers.SpectralNormalization(layers.Conv2DTranspose(2, 3), name="deconv")(rows)
    images = layers.Conv2D(1, 3, padding="same")(layers.ReLU()(x))
    generator = keras.Model(latents, images)
    pictures = keras.Input((3, 3, 1))
    discriminator = keras.Model(pictures, layers.Dense(1)(layers.Flatten()(pictures)))
    gan = ganzoo.GAN(generator, discriminator)
    kernel = generator.get_layer("deconv").kernel.numpy()  # (3, 3, outputs, inputs)
    vectors, _ = closed_form(kernel.reshape(-1, 4).T)
    np.testing.assert_allclose(gan.directions("sefa", k=4).vectors, vectors, atol=1e-4)


def test_edits_move_latents_by_units_along_directions():
    matrix = np.random.default_rng(0).standard_normal((3, 5)).astype("float32")
    gan = linear_gan(matrix)
    latents = gan.latents_of(range(4))
    own = Directions([[0, 3, 4.0], [1, 0, 0]], units=[2, 1], names=["smile", "age"])
    np.testing.assert_allclose(own.vectors[0], [0, 0.6, 0.8])
    start = gan.generate(latents)
    np.testing.assert_array_equal(gan.edit(latents, own, {"smile": 0.0}), start)
    moved = gan.edit(latents, own, {"smile": [0, 1, 2, -1], 1: 0.5}, batch_size=3)
    offsets = np.outer([0, 1, 2, -1], [0, 1.2, 1.6]) + np.array([0.5, 0, 0])
    np.testing.assert_allclose(moved - start, offsets @ matrix, atol=1e-4)
    table = np.array([[0, 0.5], [1, 0.5], [2, 0.5], [-1, 0.5]])
    np.testing.assert_allclose(gan.edit(latents, own, table), moved, atol=1e-5)


def test_principal_components_are_those_of_the_activations():
    pytest.importorskip("sklearn")
    gan = linear_gan(np.diag([3.0, 2.0, 1.0]))
    found = gan.directions("pca", k=3, batch_size=1000)
    np.testing.assert_allclose(found.vectors, np.eye(3), atol=0.03)
    np.testing.assert_allclose(found.values, np.array([9, 4, 1]) / 14, atol=0.01)
    # One standard deviation of a component is one of its latent.
    np.testing.assert_allclose(found.units, 1, atol=0.03)
    other = gan.directions("pca", k=3, batch_size=333)
    np.testing.assert_allclose(other.vectors, found.vectors, atol=1e-5)
    matrix = np.random.default_rng(0).standard_normal((3, 7))
    left, _, _ = np.linalg.svd(matrix)
    found = linear_gan(matrix).directions("pca", k=3, batch_size=1000)
    np.testing.assert_allclose(np.abs(found.vectors @ left), np.eye(3), atol=0.1)


class Signs:
    """A classifier of points by the sign of their first coordinates."""

    class_names = ("left", "right")

    def probabilities(self, points):
        right = 1 / (1 + np.exp(-4.0 * points[:, 0].astype("float64")))
        return np.stack([1 - right, right], axis=1)


def test_directions_of_classes_separate_them():
    pytest.importorskip("sklearn")
    gan = linear_gan(np.eye(3))
    found = gan.directions("classes", classifier=Signs(), samples=500)
    assert found.names == ("left", "right") and found.method == "classes"
    np.testing.assert_allclose(found.vectors, [[-1, 0, 0], [1, 0, 0]], atol=0.1)
    assert (found.values > 0.95).all()

    with pytest.raises(ValueError, match=r"takes the classes of the classifier.*Received"):
        linear_gan(np.eye(3), num_classes=2).directions("classes", classifier=Signs())

    scores = score(gan, Directions(np.eye(3)), Signs(), amount=1.0, samples=50)
    # Log-odds of 4 x between -1 and 1: a change of 8 for the one and of -8 for the other class.
    np.testing.assert_allclose(scores.effects, [[-8, 8], [0, 0], [0, 0]], atol=0.2)
    np.testing.assert_allclose(scores.changes, 2 / np.sqrt(3), atol=1e-4)
    assert scores.attributes == ("left", "right")
    assert scores.selectivity[0] == pytest.approx(0.5, abs=0.02)


def test_a_direction_without_others_is_orthogonal_to_them():
    own = Directions([[1.0, 1, 0], [0, 1, 0], [0, 0, 1]], names=["a", "b", "c"])
    found = own.without("a", ["b", "c"])
    np.testing.assert_allclose(found.vectors, [[1, 0, 0], [0, 1, 0], [0, 0, 1]], atol=1e-6)
    with pytest.raises(ValueError, match=r"Nothing is left.*Received: 'b'"):
        own.without("b", ["b"])
    chosen = own.select(["c", 0], names=["x", "y"])
    np.testing.assert_allclose(chosen.vectors, own.vectors[[2, 0]])
    assert chosen.index("y") == 1 and len(chosen) == 2


def test_joined_directions_have_a_row_for_each():
    own = Directions(np.eye(3)[:2], [5, 4], [1, 2], names=["a", "b"], method="sefa")
    other = Directions([[0, 0, 2.0]], [3], [7], names=["c"], method="classes")
    both = own.joined(other)
    np.testing.assert_array_equal(both.vectors, np.eye(3))
    np.testing.assert_array_equal(both.values, [5, 4, 3])
    np.testing.assert_array_equal(both.units, [1, 2, 7])
    assert both.names == ("a", "b", "c") and both.method == "sefa and classes"
    with pytest.raises(ValueError, match=r"3 different names.*Received: 3 names, 2"):
        own.joined(own.select(["a"]))
    with pytest.raises(ValueError, match=r"Received: different model, dimensions"):
        own.joined(Directions(np.eye(4), model="0"))


def test_directions_of_a_generator_that_takes_vectors_of_conditions():
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), 4, 2, condition_dim=3)
    gan = ganzoo.GAN(*networks)
    found = gan.directions("sefa", k=2)
    assert found.vectors.shape == (2, 4)
    with pytest.raises(ValueError, match=r"draws no samples: leave `conditions` out. Received"):
        gan.directions("sefa", k=2, conditions=[0, 0, 1])
    latents = gan.latents_of([3, 4])
    moved = gan.edit(latents, found, {0: 2.0}, conditions=[0, 1, 0])
    assert moved.shape == (2, 8, 8, 1)
    changes = score(gan, found, None, samples=8, conditions=[0, 1, 0]).changes
    assert (changes > 0).all()
    pytest.importorskip("sklearn")
    rows = np.tile([[0.0, 1.0, 0.0]], (16, 1))
    pair = [gan.directions("pca", k=2, samples=16, conditions=c) for c in (rows[0], rows)]
    np.testing.assert_array_equal(pair[0].vectors, pair[1].vectors)
    with pytest.raises(ValueError, match=r"16.*Received"):
        gan.directions("pca", k=2, samples=16, conditions=rows[:3])


def test_a_file_keeps_everything(tmp_path):
    own = Directions(
        np.eye(3)[:2], [2, 1], [0.5, 3], "styles", (0, 2), ["smile", "age"], "sefa", "abc"
    )
    own.save(tmp_path / "own.npz")
    found = Directions.load(tmp_path / "own.npz")
    assert vars(found).keys() == vars(own).keys()
    for name, value in vars(own).items():
        np.testing.assert_array_equal(getattr(found, name), value)
    with pytest.raises(ValueError, match=r"must end in .npz. Received: path=.*own.json"):
        own.save(tmp_path / "own.json")
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    np.savez(tmp_path / "other.npz", vectors=np.eye(2))
    for name in ("bad.npz", "other.npz"):
        with pytest.raises(ValueError, match="holds no directions"):
            Directions.load(tmp_path / name)


def test_bad_input():
    gan = linear_gan(np.eye(3))
    latents = gan.latents_of(range(2))
    found = gan.directions("sefa", k=2)
    with pytest.raises(ValueError, match=r"`k` must be at most 3.*Received: k=4"):
        gan.directions("sefa", k=4)
    with pytest.raises(ValueError, match=r"`method` must be one of.*Received"):
        gan.directions("nearest")
    with pytest.raises(ValueError, match=r"needs it. Received: method='classes'"):
        gan.directions("classes")
    with pytest.raises(ValueError, match=r"method `probabilities` of uint8 images.*Received"):
        gan.directions("classes", classifier="mnist")
    with pytest.raises(ValueError, match=r"method `probabilities` of uint8 images.*Received"):
        score(gan, found, "mnist")
    for seed in (-1, 0.5, "a", [1, 2]):
        with pytest.raises(ValueError, match="`seed` must be an integer"):
            gan.directions("pca", k=1, seed=seed)
        with pytest.raises(ValueError, match="`seed` must be an integer"):
            score(gan, found, Signs(), seed=seed)
    with pytest.raises(ValueError, match=r"no such direction.*Directions: 0, 1. Received: 'smile'"):
        gan.edit(latents, found, {"smile": 1.0})
    with pytest.raises(ValueError, match=r"number from 0 to 1. Received: 2"):
        gan.edit(latents, found, {2: 1.0})
    with pytest.raises(ValueError, match=r"one number or 2 numbers. Received"):
        gan.edit(latents, found, {0: [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match=r"shape \(2,\) or \(2, 2\). Received: .*1.0, 2.0, 3.0"):
        gan.edit(latents, found, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"one amount.*Received: 0 and '0', which are the same"):
        gan.edit(latents, found, {0: 1.0, "0": 5.0})
    for amounts in ("wide", None, {0: "wide"}, {0: None}, {0: [True, False]}):
        with pytest.raises(ValueError, match=r"numbers.*Received: "):
            gan.edit(latents, found, amounts)
    for chosen in (5, [5], [], {"first": 1}):
        with pytest.raises(ValueError, match=r"`layers` must be among first, second. Received: "):
            gan.directions("sefa", layers=chosen)
    with pytest.raises(ValueError, match=r"must be a `ganzoo.generation.Directions`.*Received"):
        score(gan, np.eye(3), Signs())
    with pytest.raises(ValueError, match=r"must be finite. Received"):
        gan.edit(latents, found, {0: np.nan})
    with pytest.raises(ValueError, match=r"must be a `ganzoo.generation.Directions`.*Received"):
        gan.edit(latents, np.eye(3), {0: 1.0})
    with pytest.raises(ValueError, match=r"has no styles. Received"):
        gan.edit(latents, Directions(np.eye(3), space="styles"), {0: 1.0})
    with pytest.raises(ValueError, match="must have 3 dimensions"):
        gan.edit(latents, Directions(np.eye(4)), {0: 1.0})
    with pytest.raises(ValueError, match=r"found with another generator.*Received"):
        linear_gan(2 * np.eye(3)).edit(latents, found, {0: 1.0})
    with pytest.raises(ValueError, match="lengths that are not zero"):
        Directions(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"2 different names.*Received: 2 names, 1 of them"):
        Directions(np.eye(2), names=["a", "a"])
    with pytest.raises(ValueError, match=r"Only styles have rows. Received"):
        Directions(np.eye(2), rows=[0])
    for rows in ([], [-1], [0, 0], [0.5]):
        with pytest.raises(ValueError, match=r"different integers from 0 on.*Received"):
            Directions(np.eye(2), space="styles", rows=rows)
    for vectors in (np.zeros((0, 3)), [["a"]], np.full((1, 3), 1e30), np.eye(2) * 1j):
        with pytest.raises(ValueError, match=r"`vectors` must .*Received"):
            Directions(vectors)
    with pytest.raises(ValueError, match=r"`units` must be 2 finite numbers.*Received"):
        Directions(np.eye(2), units=["a", "b"])


def test_a_generator_without_a_first_layer_is_refused():
    latents = keras.Input((3,))
    generator = keras.Model(latents, layers.Dense(2)(layers.Activation("relu")(latents)))
    points = keras.Input((2,))
    gan = ganzoo.GAN(generator, keras.Model(points, layers.Dense(1)(points)))
    with pytest.raises(ValueError, match=r"reach no dense layer.*Received"):
        gan.directions("sefa")


@pytest.fixture(scope="module")
def conditional():
    return tiny.gan(num_classes=3)


def test_a_path_leads_along_directions(conditional):
    found = conditional.directions("sefa", k=2)
    images = conditional.interpolate(
        5, labels=1, steps=2, directions=found, amounts={1: [-2.0, 2.0]}
    )
    moves = {1: [-2.0, 0.0, 2.0]}
    expected = conditional.edit(conditional.latents_of([5] * 3), found, moves, 1)
    assert np.abs(images.astype(int) - expected.astype(int)).max() <= 1
    # One row of amounts is for all keyframes.
    paths = [
        conditional.interpolate([5, 6], 1, 2, directions=found, amounts=amounts)
        for amounts in ({0: 1.0, 1: 2.0}, [1.0, 2.0], [[1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0]])
    ]
    assert all(np.array_equal(one, paths[-1]) for one in paths)
    # While classes and samples change too.
    path = conditional.interpolate(
        [5, 6], [0, 1], 2, directions=found, amounts=[[0.0, 1.0], [3.0, 1.0]]
    )
    first, last = (
        conditional.edit(conditional.latents_of(seed), found, amounts, label)
        for seed, amounts, label in ((5, [[0.0, 1.0]], 0), (6, [[3.0, 1.0]], 1))
    )
    for image, expected in ((path[0], first[0]), (path[-1], last[0])):
        assert np.abs(image.astype(int) - expected.astype(int)).max() <= 1


def test_mixtures_of_classes_are_moved_too(conditional):
    found, latents = conditional.directions("sefa", k=2), conditional.latents_of([3, 4])
    classes = conditional.edit(latents, found, [1.0, -1.0], [2, 0])
    weights = conditional.edit(latents, found, [1.0, -1.0], np.eye(3)[[2, 0]])
    assert np.abs(classes.astype(int) - weights.astype(int)).max() <= 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"amounts": {0: [0.0, 1.0]}}, "`directions` and `amounts` belong together"),
        ({"amounts": {0: [0.0, 1.0], 1: [0.0, 1.0, 2.0]}}, r"same number of keyframes.*\[2, 3\]"),
        ({"amounts": {"no": [0.0, 1.0]}}, "Directions: 0, 1. Received: 'no'"),
        ({"amounts": {0: 1.0}}, "A path needs a list of at least two seeds"),
    ],
)
def test_paths_that_do_not_fit_the_directions(conditional, arguments, message):
    found = conditional.directions("sefa", k=2)
    if "belong" not in message:
        arguments = {**arguments, "directions": found}
    with pytest.raises(ValueError, match=message):
        conditional.interpolate(5, labels=0, **arguments)


def test_the_weights_are_hashed_once_for_many_edits(monkeypatch):
    gan = linear_gan(np.eye(3))
    found = gan.directions("sefa", k=3)
    calls = []
    monkeypatch.setattr(directions, "digest", lambda gan: calls.append(gan) or found.model)
    score(gan, found, Signs(), samples=4)
    assert len(calls) == 1
