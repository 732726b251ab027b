import keras
import numpy as np
import pytest
from keras import ops

from ganzoo.layers import StyleMapping, split_at_styles
from ganzoo.random import Draws


def tensor(array, dtype="float32"):
    return ops.convert_to_tensor(np.asarray(array), dtype)


def mapping(**options):
    layer = StyleMapping(4, style_dim=5, depth=2, dtype="float64", **options)
    shapes = [(None,)] if "num_classes" in options else []
    shapes += [(None, options["condition_dim"])] if "condition_dim" in options else []
    layer.build([(None, 3), *shapes] if shapes else (None, 3))
    return layer


def normalized(x):
    return x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)


def styles_of(layer, latents, condition=None):
    """The equations in float64 NumPy."""
    x = normalized(latents)
    if layer.num_classes is not None:
        table = np.array(layer.embedding.layer.embeddings)
        x = np.concatenate([x, normalized(table[condition] / np.sqrt(len(table)))], axis=1)
    elif condition is not None:
        kernel, bias = map(np.array, layer.embedding.layer.weights)
        embedded = condition @ kernel / np.sqrt(len(kernel)) + bias
        x = np.concatenate([x, normalized(embedded)], axis=1)
    for dense in layer.dense_layers:
        kernel, bias = map(np.array, dense.layer.weights)
        x = x @ (0.01 * kernel / np.sqrt(len(kernel))) + 0.01 * bias
        x = np.sqrt(2) * np.where(x > 0, x, 0.2 * x)
    return x


LATENTS = np.random.default_rng(0).standard_normal((6, 3))
LABELS = np.array([0, 1, 2, 2, 1, 0])
CONDITIONS = np.random.default_rng(1).standard_normal((6, 2))


@pytest.mark.parametrize(
    ("options", "condition"),
    [({}, None), ({"num_classes": 3}, LABELS), ({"condition_dim": 2}, CONDITIONS)],
    ids=["alone", "classes", "conditions"],
)
def test_styles_are_the_equations(options, condition):
    layer = mapping(**options)
    for dense in layer.dense_layers:
        dense.layer.bias.assign(np.arange(5.0) - 2.0)
    if "condition_dim" in options:
        layer.embedding.layer.bias.assign(np.arange(5.0) - 1.0)
    inputs = tensor(LATENTS, "float64")
    inputs = inputs if condition is None else [inputs, tensor(condition, condition.dtype.name)]
    expected = styles_of(layer, LATENTS, condition)
    rows = np.broadcast_to(expected[:, None], (6, 4, 5))
    np.testing.assert_allclose(layer(inputs), rows, rtol=1e-6)
    assert not np.any(layer.style_average)
    for _ in range(2):
        np.testing.assert_allclose(layer(inputs, training=True), rows, rtol=1e-6)
    average = (1 - 0.995**2) * expected.mean(axis=0)
    np.testing.assert_allclose(layer.style_average, average, rtol=1e-6)


def test_truncation_moves_the_first_rows_and_one_changes_no_bit():
    layer = mapping()
    layer.style_average.assign(np.arange(5.0))
    styles = np.random.default_rng(1).standard_normal((2, 4, 5))
    average = np.arange(5.0)
    moved = average + 0.7 * (styles - average)
    given = tensor(styles, "float64")
    np.testing.assert_allclose(layer.truncate(given, 0.7), moved, rtol=1e-5)
    np.testing.assert_array_equal(layer.truncate(given, 1.0), styles)
    by_row = np.array(layer.truncate(given, tensor([[1.0], [0.7]]), cutoff=3))
    np.testing.assert_array_equal(by_row[0], styles[0])
    np.testing.assert_array_equal(by_row[1, 3], styles[1, 3])
    np.testing.assert_allclose(by_row[1, :3], moved[1, :3], rtol=1e-5)
    with pytest.raises(ValueError, match=r"at most .* 4\. Received: cutoff=5"):
        layer.truncate(given, 0.5, cutoff=5)


def test_style_mixing_takes_rows_of_a_second_latent_from_one_row_on():
    layer, firsts = mapping(mixing=0.75, latent="uniform"), []
    own = styles_of(layer, LATENTS)
    for i in range(20):
        layer.seed_state.assign([5, i])
        styles = np.array(layer(tensor(LATENTS, "float64"), training=True))
        second = Draws(tensor([5, i], "int32"), 0).latents(6, 3, "uniform")
        others = styles_of(layer, np.array(second, "float64"))
        is_own = np.isclose(styles, own[:, None], rtol=1e-5).all(axis=2)
        assert (is_own == is_own[0]).all()
        first = is_own[0].sum()
        assert is_own[0, :first].all()
        expected = np.broadcast_to(others[:, None], (6, 4 - first, 5))
        np.testing.assert_allclose(styles[:, first:], expected, rtol=1e-5)
        firsts.append(first)
    assert set(firsts) == {1, 2, 3, 4}
    layer.seed_state.assign([5, 3])
    again = layer(tensor(LATENTS, "float64"), training=True)
    layer.seed_state.assign([5, 3])
    np.testing.assert_array_equal(layer(tensor(LATENTS, "float64"), training=True), again)
    np.testing.assert_allclose(layer(tensor(LATENTS, "float64"))[:, 3], own, rtol=1e-6)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("num_rows", 1),
        ("style_dim", 0),
        ("depth", 0),
        ("num_classes", 0),
        ("condition_dim", 0),
        ("mixing", 1.0),
        ("average_decay", -0.1),
        ("latent", "cube"),
    ],
)
def test_impossible_arguments_are_refused(argument, value):
    with pytest.raises(ValueError, match=f"Received: {argument}="):
        StyleMapping(**{"num_rows": 4, argument: value})
    with pytest.raises(ValueError, match="Received: num_classes=3, condition_dim=2"):
        StyleMapping(num_rows=4, num_classes=3, condition_dim=2)


def test_every_inner_layer_is_built_before_a_call():
    assert all(layer.built for layer in mapping(num_classes=3)._flatten_layers())


@pytest.mark.parametrize("condition", [{"num_classes": 3}, {"condition_dim": 2}], ids=str)
def test_config_restores_the_layer(condition):
    layer = StyleMapping(4, 5, 2, mixing=0.5, average_decay=0.9, latent="uniform", **condition)
    config = keras.saving.serialize_keras_object(layer)
    assert keras.saving.deserialize_keras_object(config).get_config() == layer.get_config()


def test_inputs_that_pass_by_the_styles_are_refused():
    latents, conditions = keras.Input((4,)), keras.Input((3,))
    styles = StyleMapping(num_rows=2, style_dim=5, depth=1)(latents)
    joined = keras.layers.Concatenate()([keras.layers.Flatten()(styles), conditions])
    network = keras.Model([latents, conditions], keras.layers.Dense(6)(joined))
    with pytest.raises(ValueError, match=r"only the layer that gives styles.*than 'style_mapping"):
        split_at_styles(network)
