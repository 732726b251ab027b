import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from ganzoo.layers import (
    DenseConditionalBatchNormalization,
    ProjectionHead,
    SpectralNormalization,
    spectral_normalize,
    unnormalized_layers,
)
from ganzoo.layers.spectral_normalization import kernel_matrix


def images(count=2):
    return np.random.default_rng(0).standard_normal((count, 8, 8, 3)).astype("float32")


def network():
    """A discriminator with all kinds of layers, which can be wrapped or not."""
    pictures = keras.Input((8, 8, 3), name="images")
    x = layers.Conv2D(4, 3, bias_initializer="random_normal", name="conv")(pictures)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(name="norm")(x))
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.Conv2DTranspose(3, 3, name="up")(x)
    x = layers.Flatten(name="features")(x)
    return keras.Model(pictures, layers.Dense(1, name="logits")(x), name="discriminator")


def normalized(model, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return spectral_normalize(model, **options)


def exact_norm(wrapper):
    kernel = ops.array(wrapper.kernel.numpy(), "float64")
    return np.linalg.norm(kernel_matrix(wrapper.layer, kernel), 2)


def test_layers_with_a_kernel_are_wrapped_and_keep_name_weights_and_order():
    model = network()
    with pytest.warns(UserWarning, match="depthwise"):
        copy = spectral_normalize(model, power_iterations=2)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert copy.name == "discriminator"
    for layer in model.layers:
        twin = copy.get_layer(layer.name)
        if layer.name in ("conv", "up", "logits"):
            assert isinstance(twin, SpectralNormalization) and twin.power_iterations == 2
            assert isinstance(twin.layer, type(layer))
            twin = twin.layer
        assert type(twin) is type(layer)
        for ours, theirs in zip(twin.weights, layer.weights, strict=True):
            assert ours is not theirs
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_each_wrapped_layer_computes_with_the_kernel_over_its_norm():
    model = network()
    with pytest.warns(UserWarning):
        copy = spectral_normalize(model)
    for name in ("conv", "up", "logits"):
        layer, wrapper = model.get_layer(name), copy.get_layer(name)
        x = np.random.default_rng(1).standard_normal((2, *layer.input.shape[1:])).astype("float32")
        bias = layer.bias.numpy()
        expected = (np.asarray(layer(x)) - bias) / exact_norm(wrapper) + bias
        np.testing.assert_allclose(wrapper(x), expected, rtol=0.02, atol=2e-3)


def test_the_original_does_not_change():
    model = network()
    before = [weight.numpy() for weight in model.weights]
    outputs = np.asarray(model(images()))
    with pytest.warns(UserWarning):
        copy = spectral_normalize(model)
    copy(images(), training=True)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    np.testing.assert_array_equal(model(images()), outputs)


def test_layers_that_are_not_wrapped_are_named_with_the_reason():
    model = network()
    with pytest.warns(UserWarning, match=r"depthwise \(.* not support DepthwiseConv2D\)") as record:
        copy = spectral_normalize(model)
    assert len(record) == 1
    assert not any(
        name in str(record[0].message) for name in ("norm,", "relu", "features", "conv ")
    )
    assert list(unnormalized_layers(copy)) == ["depthwise"]
    assert set(unnormalized_layers(model)) == {"conv", "up", "logits", "depthwise"}


def test_a_shared_layer_is_wrapped_once_and_stays_shared():
    shared = layers.Dense(4, name="shared")
    nested = keras.Sequential([keras.Input((4,)), shared], name="nested")
    x = keras.Input((4,))
    model = keras.Model(x, layers.Add()([shared(nested(x)), shared(x)]))
    copy = normalized(model)
    wrapper = copy.get_layer("shared")
    assert isinstance(wrapper, SpectralNormalization)
    assert copy.get_layer("nested").get_layer("shared") is wrapper
    assert len(copy.trainable_weights) == 2 and len(copy.weights) == 3
    kernel = shared.kernel.numpy() / wrapper.sigma().numpy()
    values = images()[0, 0, :, 0:1] * np.ones(4, "float32")
    np.testing.assert_allclose(
        copy(values), values @ kernel @ kernel + values @ kernel, rtol=1e-4, atol=1e-5
    )


def test_nested_models_are_copied_too():
    inner = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.SeparableConv2D(4, 3, name="s"),
        ],
        name="encoder",
    )
    x = keras.Input((8, 8, 3))
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.Model(x, inner(x), name="outer"), layers.Flatten()]
    )
    with pytest.warns(UserWarning, match="outer/encoder/s "):
        copy = spectral_normalize(model)
    conv = copy.get_layer("outer").get_layer("encoder").get_layer("conv")
    assert isinstance(conv, SpectralNormalization)
    np.testing.assert_array_equal(conv.kernel.numpy(), inner.get_layer("conv").kernel.numpy())
    assert copy(images()).shape == model(images()).shape


def test_layers_with_their_own_option_use_it():
    inputs = keras.Input((6,)), keras.Input((), dtype="int32")
    head = ProjectionHead(3, kernel_initializer="he_normal", name="logits")
    model = keras.Model(inputs, head(inputs))
    values = [images().reshape(-1, 6)[:4], np.array([0, 1, 2, 1])]
    copy = normalized(model)
    twin = copy.get_layer("logits")
    assert twin.spectral_normalization
    psi = head.psi.kernel.numpy() / np.linalg.norm(head.psi.kernel.numpy())
    embeddings = head.embedding.embeddings.numpy()
    embeddings = embeddings / np.linalg.norm(embeddings, 2)
    expected = values[0] @ psi + np.sum(embeddings[values[1]] * values[0], 1, keepdims=True)
    np.testing.assert_allclose(copy(values), expected, rtol=0.02, atol=0.01)


def test_kernels_that_start_at_zero_are_checked_after_training():
    inputs = keras.Input((6,)), keras.Input((2,))
    layer = DenseConditionalBatchNormalization(name="norm")
    model = keras.Model(inputs, layer(inputs))
    with pytest.raises(ValueError, match=r"must not be 0.*Received: the layer 'scale'"):
        spectral_normalize(model)
    for dense in (layer.scale, layer.offset):
        dense.kernel.assign(images().reshape(-1, 6)[:2])
    twin = normalized(model).get_layer("norm")
    for wrapper, dense in ((twin.scale, layer.scale), (twin.offset, layer.offset)):
        np.testing.assert_array_equal(wrapper.kernel.numpy(), dense.kernel.numpy())
        np.testing.assert_allclose(wrapper.sigma(), exact_norm(wrapper), rtol=0.02)
    with pytest.raises(ValueError, match="must not be 0"):
        DenseConditionalBatchNormalization(spectral_normalization=True).build([(1, 6), (1, 2)])


def test_wrapped_layers_keep_their_vector():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            SpectralNormalization(layers.Dense(4), power_iterations=3, name="first"),
            layers.Dense(2, name="second"),
        ]
    )
    u = np.full(4, 0.5, "float32")
    model.get_layer("first").u.assign(u)
    copy = normalized(model, factor=2.0)
    first, second = copy.layers
    assert first.power_iterations == 3 and first.factor is None and second.factor == 2.0
    np.testing.assert_array_equal(first.u.numpy(), u)
    assert first.layer.kernel.shape == (6, 4)


def test_the_scale_starts_at_the_norm_of_the_kernel_that_was_copied():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4)])
    model.layers[0].kernel.assign(3.0 * model.layers[0].kernel)
    copy = normalized(model, learnable_scale=True, power_iterations=2)
    norm = np.linalg.norm(model.layers[0].kernel.numpy().astype("float64"), 2)
    np.testing.assert_allclose(copy.layers[0].gamma.numpy(), norm, rtol=1e-6)
    # With this start, the outputs of the network do not change.
    x = images()[0, :, 0, :].repeat(2, 1)
    np.testing.assert_allclose(copy(x), model(x), rtol=0.02, atol=1e-2)


def test_a_small_kernel_uses_all_its_singular_values():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dense(1)])
    first, second = normalized(model, num_singular_values=3).layers
    assert (first.u.shape, second.u.shape) == ((3, 4), (1,))


def test_frozen_layers_and_models_stay_frozen():
    vectors = keras.Input((4,))
    part = keras.Model(vectors, layers.Dense(1)(vectors), name="part")
    part.trainable = False
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, trainable=False, name="frozen"), part]
    )
    copy = normalized(model)
    assert not copy.get_layer("frozen").trainable and not copy.get_layer("part").trainable
    assert copy.trainable and copy.trainable_weights == []
    u = copy.get_layer("frozen").u.numpy()
    copy(np.ones((2, 6), "float32"), training=True)
    np.testing.assert_array_equal(copy.get_layer("frozen").u.numpy(), u)


def test_keras_file_gives_the_same_network(tmp_path):
    shared = layers.Dense(192, name="shared")
    part = keras.Sequential([keras.Input((192,)), layers.Dense(192)], name="part")
    x = keras.Input((8, 8, 3))
    y = layers.Flatten()(layers.Conv2D(3, 3, padding="same")(x))
    model = keras.Model(x, ops.tanh(shared(part(shared(y)))))
    copy = normalized(model, num_singular_values=2, factor=1.5)
    copy(images(), training=True)
    copy.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(restored(images()), copy(images()))
    assert len(restored.weights) == len(copy.weights) == 9


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_a_discriminator_of_the_library_becomes_its_own_spectral_form(name):
    build = ganzoo.architectures.families[name].discriminator
    plain = build((16, 16, 1), width=2, num_classes=3, normalization="none")
    spectral = build((16, 16, 1), width=2, num_classes=3, normalization="spectral")
    copy = normalized(plain)
    assert [type(layer) for layer in copy.layers] == [type(layer) for layer in spectral.layers]
    assert [w.shape for w in copy.weights] == [w.shape for w in spectral.weights]
    assert [layer.name for layer in copy.layers] == [layer.name for layer in plain.layers]


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, inputs):
        return self.dense(inputs)


class OwnClass(keras.Model):
    def __init__(self, width):
        inputs = keras.Input((2,))
        super().__init__(inputs, layers.Dense(width)(inputs))


@pytest.mark.parametrize(
    "model",
    [Subclassed(), OwnClass(2), keras.Sequential([layers.Dense(1)]), layers.Dense(1), None],
    ids=["subclassed", "own class", "not built", "layer", "none"],
)
def test_other_models_are_refused(model):
    with pytest.raises(ValueError, match=r"Received: "):
        spectral_normalize(model)


def test_a_model_with_nothing_to_wrap_is_refused():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.DepthwiseConv2D(3, name="d")])
    with pytest.raises(
        ValueError, match=r"no layer .*: d \(.*DepthwiseConv2D\)\. Received: model="
    ):
        spectral_normalize(model)


def test_options_are_passed_to_the_wrapper():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"Received: factor=-1"):
        spectral_normalize(model, factor=-1)
