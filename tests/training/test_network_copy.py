"""A network is copied in memory: layers of any class compute the same with weights of their own."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import ganzoo
from ganzoo.training.network_copy import copy_network
from support.gans import linear, tiny


class Holder:
    """A plain object that refers to parts of a layer."""


class WithoutConfig(layers.Layer):
    """Uses its parts in every way but a config: functions, methods, plain objects, lists."""

    def __init__(self, net, scale):
        super().__init__()
        self.parts = [{"net": (net,)}]
        self.scale = scale
        self.function = lambda x: net(x) * self.scale
        self.holder = Holder()
        self.holder.method = self.times_weight

    def build(self, input_shape):
        self.holder.weight = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        self.parts[0]["net"][0].build(input_shape)

    def times_weight(self, x):
        return self.function(x) * self.holder.weight

    def call(self, x):
        return self.holder.method(x)


class WrongConfig(layers.Layer):
    """Its `get_config` forgets the factor."""

    def __init__(self, factor=1.0, **settings):
        super().__init__(**settings)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return layers.Layer.get_config(self)


def network_of_every_kind():
    inputs = keras.Input((4,))
    shared = layers.Dense(4)
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    x = WithoutConfig(shared, 3.0)(inputs)
    x = layers.Lambda(lambda t: ops.tanh(t) * 2)(WrongConfig(0.5)(x))
    x = layers.GaussianNoise(0.1)(ops.sigmoid(x) * 2.0 + 1.0)
    x = layers.Reshape((2, 2))(inner(inner(shared(x))))
    x = layers.Bidirectional(layers.GRU(3))(layers.TimeDistributed(layers.Dense(2))(x))
    return keras.Model(inputs, x, name="every_kind")


@pytest.fixture(scope="module")
def original_and_copy():
    network = network_of_every_kind()
    return network, copy_network(network, "the_copy", "copies")


def test_the_copy_computes_the_same_until_the_weights_of_the_original_change(original_and_copy):
    network, copied = original_and_copy
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    expected = np.array(network(x))
    np.testing.assert_array_equal(copied(x), expected)
    weights = network.get_weights()
    for variable in network.weights:
        variable.assign(5 * ops.ones_like(variable))
    np.testing.assert_array_equal(copied(x), expected)
    assert np.abs(np.array(network(x)) - expected).max() > 0.1
    network.set_weights(weights)


def test_the_copy_has_the_weights_of_the_original_in_their_order(original_and_copy, tmp_path):
    network, copied = original_and_copy
    assert copied.name == "the_copy"
    assert [v.path for v in copied.weights] == [f"copies/{v.path}" for v in network.weights]
    assert not {id(v) for v in copied.variables} & {id(v) for v in network.variables}
    assert [v.trainable for v in copied.variables] == [v.trainable for v in network.variables]
    assert [layer.name for layer in copied.layers][1:] == [x.name for x in network.layers][1:]
    copied.save_weights(tmp_path / "copy.weights.h5")
    network.load_weights(tmp_path / "copy.weights.h5")


@pytest.mark.parametrize("architecture", ["sngan", "resnet"])
@pytest.mark.parametrize("num_classes", [None, tiny.NUM_CLASSES])
def test_the_architectures_are_copied(architecture, num_classes):
    for network in tiny.networks(architecture, (8, 8, 1), num_classes):
        rng = np.random.default_rng(0)
        inputs = [rng.uniform(0, 2, (2, *x.shape[1:])).astype(x.dtype) for x in network.inputs]
        inputs = inputs if num_classes else inputs[0]
        copied = copy_network(network, "copy", "copies")
        np.testing.assert_array_equal(copied(inputs), network(inputs))


@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
def test_weights_in_16_bits_become_float32_and_computations_do_not(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        generator, _ = tiny.networks(num_classes=tiny.NUM_CLASSES)
    finally:
        keras.config.set_dtype_policy(before)
    copied = copy_network(generator, "copy", "copies")
    assert {v.dtype for v in copied.weights} == {"float32"}
    for new, old in zip(copied.layers, generator.layers, strict=True):
        is_input = isinstance(old, layers.InputLayer)
        assert is_input or new.compute_dtype == old.compute_dtype
    inputs = [tiny.images(2, (tiny.LATENT_DIM,)) / 255.0, tiny.labels(2)]
    np.testing.assert_allclose(copied(inputs), generator(inputs), atol=0.02)


def test_a_network_with_its_own_call_is_refused():
    class Doubled(keras.Model):
        def call(self, inputs, training=None, mask=None):
            return 2 * super().call(inputs, training, mask)

    inputs = keras.Input((3,))
    with pytest.raises(ValueError, match=r"own `call`.*Received: .* `Doubled`"):
        copy_network(Doubled(inputs, layers.Dense(2)(inputs)), "copy", "copies")


@pytest.fixture
def gan_with_own_layers():
    latents = keras.Input((linear.LATENT_DIM,))
    x = WithoutConfig(layers.Dense(linear.LATENT_DIM), 0.5)(latents)
    generator = keras.Model(latents, layers.Dense(linear.DIMENSIONS)(x))
    gan = ganzoo.GAN(generator, linear.discriminator())
    gan.compile(ema_decay=0.5)
    return gan


def test_a_generator_of_own_layers_trains_and_samples_from_its_average(gan_with_own_layers):
    gan = gan_with_own_layers
    before = gan.sample(4)
    gan.fit(linear.vectors(16), batch_size=4, verbose=0)
    assert np.abs(gan.sample(4) - before).max() > 0
    for average, variable in zip(gan.ema_generator.weights, gan.generator.weights, strict=True):
        assert 0 < np.abs(np.array(average) - np.array(variable)).max() < 0.1


def test_what_cannot_be_loaded_again_is_refused_before_the_file_is_written(
    gan_with_own_layers, tmp_path
):
    with pytest.raises(ValueError, match=r"Register your classes.*`WithoutConfig` in the gen"):
        gan_with_own_layers.save(tmp_path / "gan.keras")
    assert not list(tmp_path.iterdir())


@keras.saving.register_keras_serializable(package="tests")
def doubled(x):
    return 2 * x


@pytest.mark.parametrize(
    "layer, is_restorable",
    [
        (lambda: layers.Lambda(lambda x: 2 * x), False),
        (lambda: layers.Lambda(doubled), True),
        (lambda: layers.Dense(2, activation=lambda x: 2 * x), False),
        (lambda: layers.Dense(2, activation=doubled), True),
        (lambda: WrongConfig(), False),
    ],
)
def test_lambdas_and_unregistered_classes_are_what_cannot_be_loaded(layer, is_restorable, tmp_path):
    discriminator = keras.Sequential([keras.Input((2,)), layer(), layers.Dense(1)])
    gan = ganzoo.GAN(linear.generator(), discriminator)
    if is_restorable:
        gan.save(tmp_path / "gan.keras")
        loaded = keras.saving.load_model(tmp_path / "gan.keras")
        x = linear.vectors(3)
        np.testing.assert_array_equal(loaded.discriminator(x), discriminator(x))
    else:
        with pytest.raises(ValueError, match=r"load again.*in the discriminator"):
            gan.save(tmp_path / "gan.keras")
