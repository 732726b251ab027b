import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from ganzoo.backend import replica_context
from ganzoo.layers import MinibatchDiscrimination, pairwise
from support.processes import run_python

BATCH, FEATURES, KERNELS, LENGTH = 4, 3, 4, 2
RNG = np.random.default_rng(0)
INPUTS = RNG.standard_normal((BATCH, FEATURES))
KERNEL = 0.3 * RNG.standard_normal((FEATURES, KERNELS, LENGTH))


def layer_of(kernel=KERNEL, dtype="float64", **arguments):
    """A layer with known weights."""
    layer = MinibatchDiscrimination(*kernel.shape[1:], dtype=dtype, **arguments)
    layer.build((None, kernel.shape[0]))
    layer.kernel.assign(kernel)
    return layer


def paper_sums(features, kernel, include_self=True):
    """Section 3.2 of the paper, term by term: o(x_i)_b."""
    m = np.einsum("na,abc->nbc", features, kernel)
    sums = np.zeros(m.shape[:2])
    for i in range(len(m)):
        for j in range(len(m)):
            if i != j or include_self:
                sums[i] += np.exp(-np.abs(m[i] - m[j]).sum(-1))
    return sums


def official_kernel(theta, log_weight_scale):
    return theta * np.exp(log_weight_scale) / np.sqrt((theta**2).sum(0))


def cost_of(outputs):
    """A scalar that depends on every output and its curvature."""
    return tf.reduce_sum(tf.sin(1.3 * outputs))


def penalty_of(layer, inputs):
    """A cost of the gradient with respect to the inputs, as gradient penalties have."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        cost = cost_of(layer(inputs))
    return tf.reduce_sum(tape.gradient(cost, inputs) ** 3)


def derivatives(layer, inputs):
    """Outputs, first derivatives, and second derivatives by the inputs and the kernel."""
    kernel = layer.kernel.value
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([inputs, kernel])
        outputs = layer(inputs)
        cost, penalty = cost_of(outputs), penalty_of(layer, inputs)
    first = tape.gradient(cost, [inputs, kernel])
    return [outputs, *first, *tape.gradient(penalty, [inputs, kernel])]


def finite_differences(function, values, step=1e-6):
    gradient = np.zeros_like(values)
    for position in np.ndindex(values.shape):
        change = np.zeros_like(values)
        change[position] = step
        gradient[position] = (function(values + change) - function(values - change)) / (2 * step)
    return gradient


@pytest.fixture
def in_blocks(monkeypatch):
    """Forces blocks, by default of one kernel and two rows."""

    def force(kernels=1, rows=2):
        monkeypatch.setattr(pairwise, "_DIRECT_BYTES", 0)
        monkeypatch.setattr(pairwise, "_BLOCK_BYTES", 8 * LENGTH * BATCH * rows * kernels)

    return force


@pytest.mark.parametrize("include_self", [True, False])
def test_output_is_the_features_and_the_papers_sums(include_self):
    outputs = layer_of(include_self=include_self)(INPUTS)
    np.testing.assert_array_equal(outputs[:, :FEATURES], INPUTS)
    expected = paper_sums(INPUTS, KERNEL, include_self)
    np.testing.assert_allclose(outputs[:, FEATURES:], expected, rtol=1e-12)


def test_term_of_the_example_itself_is_exactly_one():
    far_apart = 1e6 * np.arange(1.0, BATCH + 1)[:, None] * np.ones((1, FEATURES))
    sums = layer_of(np.ones_like(KERNEL))(far_apart)[:, FEATURES:]
    np.testing.assert_array_equal(sums, np.ones((BATCH, KERNELS)))
    without = layer_of(np.ones_like(KERNEL), include_self=False)(far_apart)[:, FEATURES:]
    np.testing.assert_array_equal(without, np.zeros((BATCH, KERNELS)))


def test_equal_examples_are_counted_though_the_example_itself_is_not():
    sums = layer_of(include_self=False)(np.ones((BATCH, FEATURES)))[:, FEATURES:]
    np.testing.assert_array_equal(sums, np.full((BATCH, KERNELS), BATCH - 1))


def test_official_form_has_normalized_weights_and_a_bias():
    layer = layer_of(include_self=False, weight_normalization=True, use_bias=True)
    np.testing.assert_array_equal(layer.log_weight_scale, np.zeros((KERNELS, LENGTH)))
    np.testing.assert_array_equal(layer.bias, -np.ones(KERNELS))
    scale = np.linspace(-1.0, 1.0, KERNELS * LENGTH).reshape(KERNELS, LENGTH)
    layer.log_weight_scale.assign(scale)
    expected = paper_sums(INPUTS, official_kernel(KERNEL, scale), include_self=False) - 1.0
    np.testing.assert_allclose(layer(INPUTS)[:, FEATURES:], expected, rtol=1e-12)


def test_initialization_from_data_equals_the_official_code():
    layer = layer_of(
        include_self=False, weight_normalization=True, use_bias=True, data_dependent=True
    )
    assert layer.initializes_from_data
    m = np.einsum("na,abc->nbc", INPUTS, official_kernel(KERNEL, 0.0))
    distances = np.abs(m[:, None] - m[None]).sum(-1) + 1e6 * np.eye(BATCH)[:, :, None]
    half = 0.5 * distances.min(1).mean(0)
    sums = np.exp(-distances / half).sum(1)
    outputs = layer.initialize(INPUTS, training=True)
    scale = np.repeat(-np.log(half)[:, None], LENGTH, 1)
    np.testing.assert_allclose(layer.log_weight_scale, scale, rtol=1e-10)
    np.testing.assert_allclose(layer.bias, -sums.mean(0), rtol=1e-10)
    np.testing.assert_allclose(outputs[:, FEATURES:], sums - sums.mean(0), atol=1e-10)
    np.testing.assert_array_equal(outputs, layer(INPUTS))


def test_initialization_needs_examples_that_differ():
    layer = layer_of(weight_normalization=True)
    assert not layer.initializes_from_data
    with pytest.raises(ValueError, match=r"must differ in every kernel. Received"):
        layer.initialize(np.ones((4, FEATURES)))


@pytest.mark.parametrize("include_self", [True, False])
def test_gradients_equal_the_gradients_of_the_papers_sums(include_self):
    def cost(features, kernel):
        sums = paper_sums(features, kernel, include_self)
        return np.sin(1.3 * np.concatenate([features, sums], 1)).sum()

    layer = layer_of(include_self=include_self)
    _, by_inputs, by_kernel, *_ = derivatives(layer, tf.constant(INPUTS))
    expected = finite_differences(lambda features: cost(features, KERNEL), INPUTS)
    np.testing.assert_allclose(by_inputs, expected, rtol=1e-5, atol=1e-7)
    expected = finite_differences(lambda kernel: cost(INPUTS, kernel), KERNEL)
    np.testing.assert_allclose(by_kernel, expected, rtol=1e-5, atol=1e-7)


def test_second_derivatives_match_finite_differences_of_the_first():
    layer = layer_of(include_self=False)
    *_, by_inputs, by_kernel = derivatives(layer, tf.constant(INPUTS))

    def penalty(inputs, kernel):
        layer.kernel.assign(kernel)
        return penalty_of(layer, tf.constant(inputs))

    expected = finite_differences(lambda inputs: penalty(inputs, KERNEL), INPUTS)
    np.testing.assert_allclose(by_inputs, expected, rtol=1e-5, atol=1e-4)
    expected = finite_differences(lambda kernel: penalty(INPUTS, kernel), KERNEL)
    np.testing.assert_allclose(by_kernel, expected, rtol=1e-5, atol=1e-4)


def test_gradient_is_finite_where_all_examples_are_equal():
    for by_inputs in derivatives(layer_of(), tf.ones((BATCH, FEATURES), "float64"))[1:]:
        assert np.isfinite(by_inputs).all()


@pytest.mark.parametrize("include_self", [True, False])
def test_blocks_give_the_same_as_all_pairs_at_once(include_self, in_blocks):
    layer, inputs = layer_of(include_self=include_self), tf.constant(INPUTS)
    at_once = derivatives(layer, inputs)
    for kernels, rows in ((1, 2), (2, BATCH), (KERNELS, BATCH)):
        in_blocks(kernels, rows)
        for ours, expected in zip(derivatives(layer, inputs), at_once, strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "arguments",
    [pytest.param({"jit_compile": True}, marks=pytest.mark.slow), {"reduce_retracing": True}],
)
def test_blocks_work_in_graphs_that_do_not_know_the_batch(arguments, in_blocks):
    layer, inputs = layer_of(include_self=False), tf.constant(INPUTS)
    at_once = derivatives(layer, inputs)
    in_blocks()
    # XLA compiles for one size of the batch. Only a plain graph accepts any size.
    batch = BATCH if "jit_compile" in arguments else None
    signature = [tf.TensorSpec((batch, FEATURES), "float64")]
    graph = tf.function(lambda x: derivatives(layer, x), signature, **arguments, autograph=False)
    for ours, expected in zip(graph(inputs), at_once, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_blocks_refuse_a_third_derivative(in_blocks):
    in_blocks()
    inputs = tf.constant(INPUTS)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        *_, second, _ = derivatives(layer_of(), inputs)
    with pytest.raises(NotImplementedError, match=r"can be differentiated twice"):
        tape.gradient(second, inputs)


def test_blocks_are_small_for_every_batch():
    for batch, kernels, length in ((64, 300, 50), (256, 300, 50), (1024, 100, 50), (1024, 100, 5)):
        pairs = pairwise._Pairs(keras.KerasTensor((kernels, length, batch)), include_self=True)
        assert not pairs.fit_at_once
        block = 4 * pairs._block_kernels * pairs._block_rows * length * batch
        assert 2**20 < block <= 2**22
    pairs = pairwise._Pairs(keras.KerasTensor((300, 50, None)), include_self=True)
    assert (pairs.fit_at_once, pairs._block_kernels) == (False, 1)
    pairs = pairwise._Pairs(keras.KerasTensor((100, 5, 128)), include_self=True)
    assert pairs.fit_at_once


def test_outputs_follow_the_order_of_the_examples():
    order = np.random.default_rng(1).permutation(BATCH)
    layer = layer_of()
    np.testing.assert_allclose(layer(INPUTS[order]), ops.take(layer(INPUTS), order, 0), rtol=1e-12)


def test_without_gathering_a_replica_sees_its_own_examples(two_replicas):
    outputs = replicated(two_replicas, gather_replicas=False)[0]
    halves = [layer_of()(half) for half in np.split(INPUTS, 2)]
    np.testing.assert_allclose(outputs, np.concatenate(halves), rtol=1e-12)


@pytest.mark.parametrize("blocks", [pytest.param(False, marks=pytest.mark.slow), True])
def test_gathering_replicas_give_the_same_as_one_replica(blocks, in_blocks, two_replicas):
    whole = derivatives(layer_of(include_self=False), tf.constant(INPUTS))
    if blocks:
        in_blocks(rows=1)
    parts = replicated(two_replicas, gather_replicas=True, include_self=False)
    for ours, expected in zip(parts, whole, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-11)


def replicated(strategy, **arguments):
    """`derivatives` on two replicas: rows joined, gradients by the kernel added up."""
    with strategy.scope():
        layer = layer_of(**arguments)

    @tf.function(autograph=False)
    def run():
        index, _ = replica_context()
        return derivatives(layer, tf.gather(np.stack(np.split(INPUTS, 2)), index))

    results = map(strategy.experimental_local_results, strategy.run(run))
    return [
        sum(copies) if copies[0].shape == KERNEL.shape else np.concatenate(copies)
        for copies in results
    ]


def test_batch_of_one_is_refused():
    with pytest.raises(ValueError, match=r"at least two. Received: a batch of 1"):
        layer_of()(INPUTS[:1])


def test_images_are_refused():
    with pytest.raises(ValueError, match=r"`keras.layers.Flatten` before it. Received: input_sha"):
        MinibatchDiscrimination()(np.ones((2, 4, 4, 3)))


@pytest.mark.parametrize(
    "arguments", [{"num_kernels": 0}, {"kernel_dim": 2.5}, {"data_dependent": True}]
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=f"Received: {next(iter(arguments))}="):
        MinibatchDiscrimination(**arguments)


def test_mixed_precision_computes_the_sums_in_float32():
    inputs = np.array(ops.cast(8 * INPUTS, "bfloat16"), "float32")
    outputs = layer_of(dtype="mixed_bfloat16", include_self=False)(inputs)
    assert outputs.dtype == "bfloat16"
    expected = paper_sums(inputs.astype("float64"), KERNEL, include_self=False)
    # The sums are rounded to bfloat16 only at the end.
    np.testing.assert_allclose(
        np.array(outputs, "float32")[:, FEATURES:], expected, rtol=2**-8, atol=1e-30
    )


def test_model_of_unknown_batch_sizes_keeps_its_settings():
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            MinibatchDiscrimination(
                3, 2, False, weight_normalization=True, use_bias=True, gather_replicas=True
            ),
        ]
    )
    assert model.output_shape == (None, FEATURES + 3)
    copy = keras.Sequential.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(INPUTS), model(INPUTS))


JAX_SCRIPT = """
import json, sys
import jax, numpy as np
from keras import ops
from ganzoo.layers import pairwise

vectors = jax.numpy.array(np.random.default_rng(0).standard_normal((4, 3, 6)) * 0.3)

def first(vectors):
    cost = lambda m: jax.numpy.sin(1.3 * pairwise.similarity_sums(m, False)).sum()
    return jax.value_and_grad(cost)(vectors)

def derivatives(vectors):
    return [*first(vectors), jax.grad(lambda m: (first(m)[1] ** 3).sum())(vectors)]

at_once = derivatives(vectors)
pairwise._DIRECT_BYTES, pairwise._BLOCK_BYTES = 0, 8 * 3 * 6 * 2
in_blocks = jax.jit(derivatives)(vectors)
print(json.dumps([float(abs(a - b).max()) for a, b in zip(at_once, in_blocks)]))
print(json.dumps([float(abs(a).max()) for a in at_once]))
"""


@pytest.mark.slow
def test_blocks_give_the_same_on_jax():
    printed = run_python(JAX_SCRIPT, backend="jax", without_tensorflow=True, JAX_ENABLE_X64="1")
    differences, sizes = (np.array(json.loads(line)) for line in printed.splitlines())
    assert (differences < 1e-11 * sizes).all(), printed
