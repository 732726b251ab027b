import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from ganzoo.layers import WeightNormalization

KINDS = ["dense", "conv_2d", "conv_2d_transpose", "embedding"]


def layer_of(kind, **arguments):
    return {
        "dense": lambda: layers.Dense(5, **arguments),
        "conv_2d": lambda: layers.Conv2D(5, (3, 2), strides=2, **arguments),
        "conv_2d_transpose": lambda: layers.Conv2DTranspose(5, (3, 2), strides=2, **arguments),
        "embedding": lambda: layers.Embedding(6, 4, **arguments),
    }[kind]()


def inputs_of(kind, dtype="float64", batch=8):
    rng = np.random.default_rng(0)
    if kind == "embedding":
        return ops.array(rng.integers(0, 6, (batch,)))
    shape = (7,) if kind == "dense" else (6, 6, 3)
    return ops.array((rng.standard_normal((batch, *shape)) * 3 + 2).astype(dtype))


def built(kind, dtype="float64", layer_arguments=(), **arguments):
    wrapper = WeightNormalization(layer_of(kind, dtype=dtype, **dict(layer_arguments)), **arguments)
    wrapper(inputs_of(kind, dtype))
    return wrapper


def normalized(kind, v, g):
    """The paper's w = g v / |v| of each output, in NumPy."""
    v, g = np.asarray(v, "float64"), np.asarray(g, "float64")
    axis = {"conv_2d_transpose": 2, "embedding": 0}.get(kind, v.ndim - 1)
    w = np.empty_like(v)
    for output in range(v.shape[axis]):
        where = tuple(output if i == axis else slice(None) for i in range(v.ndim))
        w[where] = g[output] * v[where] / np.sqrt((v[where] ** 2).sum())
    return w


def output_with_kernel(wrapper, kernel, inputs):
    """The output of the wrapped layer with another kernel. The old kernel is restored."""
    before = wrapper.kernel.numpy()
    wrapper.kernel.assign(kernel)
    output = ops.convert_to_numpy(wrapper.layer(inputs))
    wrapper.kernel.assign(before)
    return output


@pytest.mark.parametrize("kind", KINDS)
def test_layer_computes_with_the_normalized_kernel(kind):
    wrapper, inputs = built(kind), inputs_of(kind)
    wrapper.g.assign(np.random.default_rng(1).uniform(0.5, 2.0, wrapper.g.shape))
    expected = output_with_kernel(wrapper, normalized(kind, wrapper.kernel, wrapper.g), inputs)
    v = wrapper.kernel.numpy()
    np.testing.assert_allclose(wrapper(inputs, training=True), expected, rtol=1e-10)
    np.testing.assert_allclose(wrapper(inputs), expected, rtol=1e-10)
    np.testing.assert_array_equal(wrapper.kernel, v)


@pytest.mark.parametrize("kind", KINDS)
def test_new_wrapper_is_the_wrapped_layer(kind):
    wrapper, inputs = built(kind), inputs_of(kind)
    np.testing.assert_allclose(wrapper(inputs), wrapper.layer(inputs), rtol=1e-10)


def test_scales_may_start_from_an_initializer():
    wrapper = built("conv_2d", scale_initializer="ones")
    np.testing.assert_array_equal(wrapper.g, np.ones(5))


@pytest.mark.parametrize("kind", ["dense", "conv_2d_transpose"])
def test_gradients_equal_the_paper(kind):
    wrapper, inputs = built(kind), inputs_of(kind)
    wrapper.g.assign(np.random.default_rng(1).uniform(0.5, 2.0, wrapper.g.shape))
    target = np.random.default_rng(2).standard_normal(wrapper(inputs).shape)
    with tf.GradientTape() as tape:
        cost = ops.sum(wrapper(inputs) * target)
    by_v, by_g = tape.gradient(cost, [wrapper.kernel.value, wrapper.g.value])

    # Equation 3, from the gradient by w of the plain layer, which has w as its kernel.
    v, g = wrapper.kernel.numpy(), wrapper.g.numpy()
    wrapper.kernel.assign(normalized(kind, v, g))
    with tf.GradientTape() as tape:
        cost = ops.sum(wrapper.layer(inputs) * target)
    by_w = tape.gradient(cost, wrapper.kernel.value).numpy()
    axis = 2 if kind == "conv_2d_transpose" else v.ndim - 1
    by_w, v, by_v = (np.moveaxis(np.asarray(x), axis, -1).reshape(-1, 5) for x in (by_w, v, by_v))
    norm = np.sqrt((v**2).sum(axis=0))
    expected_by_g = (by_w * v).sum(axis=0) / norm
    np.testing.assert_allclose(by_g, expected_by_g, rtol=1e-8)
    np.testing.assert_allclose(by_v, g / norm * by_w - g * expected_by_g / norm**2 * v, rtol=1e-8)
    np.testing.assert_allclose((by_v * v).sum(axis=0), 0, atol=1e-8)


@pytest.mark.parametrize("initial_scale", [1.0, 0.1])
@pytest.mark.parametrize("kind", ["dense", "conv_2d", "conv_2d_transpose"])
def test_initialization_standardizes_the_pre_activations(kind, initial_scale):
    settings = {"activation": "relu", "bias_initializer": "random_normal"}
    wrapper = built(kind, layer_arguments=settings, initial_scale=initial_scale)
    inputs = inputs_of(kind)

    # g = 1 / sigma[t] and b = -mu[t] / sigma[t], where t are the outputs with unit kernels.
    with_units = WeightNormalization(layer_of(kind, dtype="float64"), scale_initializer="ones")
    with_units.build(inputs.shape)
    with_units.kernel.assign(wrapper.kernel)
    t = ops.convert_to_numpy(with_units(inputs)).reshape(-1, 5)
    outputs = ops.convert_to_numpy(wrapper.initialize(inputs))
    np.testing.assert_allclose(wrapper.g, initial_scale / t.std(axis=0), rtol=1e-8)
    expected = -initial_scale * t.mean(axis=0) / t.std(axis=0)
    np.testing.assert_allclose(wrapper.layer.bias, expected, rtol=1e-8)

    np.testing.assert_allclose(outputs, wrapper(inputs), rtol=1e-10)
    assert outputs.min() == 0 and keras.activations.serialize(wrapper.layer.activation) == "relu"
    wrapper.layer.activation = keras.activations.linear
    linear = ops.convert_to_numpy(wrapper(inputs)).reshape(-1, 5)
    np.testing.assert_allclose(linear.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(linear.std(axis=0), initial_scale, rtol=1e-8)


def test_initialization_with_channels_first(monkeypatch):
    """The channels are the second axis: a convolution of one position stands for all."""
    wrapper, inputs = built("dense"), inputs_of("dense")
    expected = ops.convert_to_numpy(wrapper.initialize(inputs))
    settings = {"data_format": "channels_first", "dtype": "float64"}
    twin = WeightNormalization(layers.Conv1D(5, 1, **settings))
    twin.build((8, 7, 1))
    twin.kernel.assign(wrapper.kernel[None])
    # TensorFlow has no such convolution on a processor.
    monkeypatch.setattr(
        layers.Conv1D,
        "call",
        lambda self, x: (x[..., 0] @ self.kernel[0] + self.bias)[..., None],
    )
    twin.initialize(inputs[..., None])
    np.testing.assert_allclose(twin.g, wrapper.g, rtol=1e-8)
    np.testing.assert_allclose(twin(inputs[..., None])[..., 0], expected, rtol=1e-8)


def test_initialization_without_a_bias_sets_the_deviation():
    wrapper, inputs = built("dense", layer_arguments={"use_bias": False}), inputs_of("dense")
    outputs = ops.convert_to_numpy(wrapper.initialize(inputs))
    np.testing.assert_allclose(outputs.std(axis=0), 1, rtol=1e-8)


def test_initialization_does_not_change_the_kernel_and_may_come_first():
    wrapper = WeightNormalization(layer_of("dense", dtype="mixed_bfloat16"))
    outputs = wrapper.initialize(inputs_of("dense", "float32", batch=200))
    assert outputs.dtype == "bfloat16"
    assert {v.dtype for v in wrapper.variables} == {"float32"}
    outputs = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    np.testing.assert_allclose(outputs.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(outputs.std(axis=0), 1, atol=0.02)


def test_scale_is_trained_only_on_request():
    assert any(v is w.g for w in [built("dense")] for v in w.trainable_variables)
    fixed = built("dense", trainable_scale=False)
    assert [v is fixed.g for v in fixed.non_trainable_variables] == [True]


def test_only_data_dependent_layers_opt_in():
    assert not built("dense").initializes_from_data
    assert built("dense", data_dependent=True).initializes_from_data


def test_keras_file_restores_everything(tmp_path):
    inputs = keras.Input((7,))
    wrapper = WeightNormalization(
        layers.Dense(5),
        trainable_scale=False,
        scale_initializer="ones",
        data_dependent=True,
        initial_scale=0.1,
    )
    network = keras.Model(inputs, wrapper(inputs))
    wrapper.initialize(inputs_of("dense", "float32"))
    network.save(tmp_path / "network.keras")
    restored = keras.saving.load_model(tmp_path / "network.keras")
    before, after = wrapper.get_config(), restored.layers[-1].get_config()
    assert {**after, "layer": None} == {**before, "layer": None}
    x = inputs_of("dense", "float32")
    np.testing.assert_array_equal(restored(x), network(x))


def test_constant_outputs_are_refused():
    with pytest.raises(ValueError, match=r"Received: standard deviations from 0\.0 to 0\.0"):
        built("dense").initialize(ops.ones((4, 7), "float64"))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"layer": layers.ReLU()}, "Received: layer="),
        ({"initial_scale": 0.0}, "Received: initial_scale="),
        ({"dtype": "float32"}, "Received: dtype="),
        ({"layer": layers.Embedding(2, 2), "data_dependent": True}, "Received: data_dependent="),
    ],
)
def test_arguments_are_checked(argument, message):
    with pytest.raises(ValueError, match=message):
        WeightNormalization(**{"layer": layers.Dense(2), **argument})
