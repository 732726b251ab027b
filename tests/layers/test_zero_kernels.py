"""No layer divides by the norm of a zero kernel: it is an error when the layer is built."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from ganzoo.layers import (
    MinibatchDiscrimination,
    ProjectionHead,
    SelfAttention,
    SpectralNormalization,
    WeightNormalization,
    spectral_normalize,
)

# Layers that can be wrapped, with an input of each.
WRAPPED = {
    "dense": (lambda **kernel: layers.Dense(3, **kernel), (2, 4)),
    "conv_1d": (lambda **kernel: layers.Conv1D(3, 2, **kernel), (2, 5, 4)),
    "conv_2d": (lambda **kernel: layers.Conv2D(3, 2, **kernel), (2, 5, 5, 4)),
    "conv_3d": (lambda **kernel: layers.Conv3D(3, 2, **kernel), (2, 3, 3, 3, 4)),
    "transposed": (lambda **kernel: layers.Conv2DTranspose(3, 2, **kernel), (2, 5, 5, 4)),
}
MESSAGE = r"must not be 0.*Choose an initializer.*Received: the layer '.*' with a kernel of shape"


def zero_output(shape, dtype=None):
    """Initializes ones, except for the weights of the first output."""
    values = np.ones(shape, "float32")
    values[..., 0] = 0.0
    return ops.convert_to_tensor(values, dtype)


def zero_output_of_transposed(shape, dtype=None):
    return ops.moveaxis(zero_output([*shape[:-2], shape[-1], shape[-2]], dtype), -1, -2)


@pytest.mark.parametrize("wrapper", [SpectralNormalization, WeightNormalization])
@pytest.mark.parametrize("kind", WRAPPED)
def test_a_kernel_of_zeros_is_refused_when_it_is_built(wrapper, kind):
    layer, shape = WRAPPED[kind]
    wrapped = wrapper(layer(kernel_initializer="zeros"), name="zero_layer")
    with pytest.raises(ValueError, match=MESSAGE) as error:
        wrapped(ops.ones(shape))
    assert "'zero_layer'" in str(error.value) and f"`{wrapper.__name__}`" in str(error.value)


@pytest.mark.parametrize("kind", WRAPPED)
def test_one_output_without_weights_matters_where_each_is_normalized(kind):
    layer, shape = WRAPPED[kind]
    initializer = zero_output_of_transposed if kind == "transposed" else zero_output
    with pytest.raises(ValueError, match=r"1 of 3 norms are zero"):
        WeightNormalization(layer(kernel_initializer=initializer))(ops.ones(shape))
    outputs = SpectralNormalization(layer(kernel_initializer=initializer))(ops.ones(shape))
    assert np.isfinite(np.array(outputs)).all()


@pytest.mark.parametrize("wrapper", [SpectralNormalization, WeightNormalization])
def test_embeddings_of_zeros_are_refused(wrapper):
    embedding = layers.Embedding(3, 4, embeddings_initializer="zeros")
    with pytest.raises(ValueError, match=MESSAGE):
        wrapper(embedding)(ops.array([0, 2]))


def test_the_options_of_the_wrappers_change_nothing():
    settings = {"kernel_initializer": "zeros"}
    for wrapped in (
        SpectralNormalization(layers.Dense(3, **settings), num_singular_values=2),
        SpectralNormalization(layers.Dense(3, **settings), learnable_scale=True, factor=2.0),
        WeightNormalization(layers.Dense(3, **settings), scale_initializer="ones"),
        WeightNormalization(layers.Dense(3, **settings), data_dependent=True),
        SpectralNormalization(
            layers.Dense(3, kernel_initializer=keras.initializers.Constant(np.nan))
        ),
    ):
        with pytest.raises(ValueError, match=MESSAGE):
            wrapped.build((None, 4))


def test_layers_with_such_a_kernel_inside_are_refused():
    head = ProjectionHead(3, spectral_normalization=True, kernel_initializer="zeros")
    with pytest.raises(ValueError, match=MESSAGE):
        head.build([(None, 4), (None,)])
    settings = {"kernel_initializer": "zeros", "weight_normalization": True}
    with pytest.raises(ValueError, match=MESSAGE):
        MinibatchDiscrimination(2, 3, **settings).build((None, 4))
    MinibatchDiscrimination(2, 3, kernel_initializer="zeros").build((None, 4))


def test_a_branch_that_starts_at_zero_by_its_scale_is_right():
    attention = SelfAttention(spectral_normalization=True)
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 8)).astype("float32")
    np.testing.assert_array_equal(attention(x), x)


def test_a_whole_network_is_normalized_by_its_present_kernels():
    network = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, kernel_initializer="zeros", name="zero_layer")]
    )
    with pytest.raises(ValueError, match=MESSAGE):
        spectral_normalize(network)
    network.layers[0].kernel.assign(np.eye(4, 3))
    normalized = spectral_normalize(network)
    np.testing.assert_allclose(normalized.layers[0].sigma(), 1.0, rtol=1e-5)


def test_a_kernel_that_is_assigned_later_is_measured_again():
    layer = SpectralNormalization(layers.Dense(3))
    layer.build((None, 4))
    layer.kernel.assign(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=MESSAGE):
        layer.warm_start()


def test_a_layer_whose_variables_are_initialized_late_is_checked_then():
    layer = SpectralNormalization(layers.Dense(3, kernel_initializer="zeros"))
    with pytest.raises(ValueError, match=MESSAGE), keras.StatelessScope():
        layer.build((None, 4))
