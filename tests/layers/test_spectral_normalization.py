import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import ganzoo
from ganzoo.layers import ProjectionHead, SpectralNormalization
from support.gans import linear

KINDS = ["dense", "conv_1d", "conv_2d", "conv_3d", "conv_2d_transpose", "embedding"]


def layer_of(kind, dtype=None):
    return {
        "dense": lambda: layers.Dense(5, dtype=dtype),
        "conv_1d": lambda: layers.Conv1D(5, 3, dtype=dtype),
        "conv_2d": lambda: layers.Conv2D(5, (3, 2), strides=2, dtype=dtype),
        "conv_3d": lambda: layers.Conv3D(5, 2, dtype=dtype),
        "conv_2d_transpose": lambda: layers.Conv2DTranspose(5, (3, 2), strides=2, dtype=dtype),
        "embedding": lambda: layers.Embedding(6, 4, dtype=dtype),
    }[kind]()


def inputs_of(kind, dtype="float32"):
    rng = np.random.default_rng(0)
    if kind == "embedding":
        return ops.array([[0, 5], [3, 3]])
    shape = {
        "dense": (2, 7),
        "conv_1d": (2, 6, 3),
        "conv_2d": (2, 6, 6, 3),
        "conv_3d": (2, 4, 4, 4, 3),
        "conv_2d_transpose": (2, 4, 4, 3),
    }[kind]
    return ops.array(rng.standard_normal(shape).astype(dtype))


def paper_matrix(kind, kernel):
    """The paper's W in float64: a row for each output."""
    kernel = np.asarray(kernel, "float64")
    if kind == "embedding":
        return kernel
    if kind == "conv_2d_transpose":
        return np.transpose(kernel, (2, 0, 1, 3)).reshape(kernel.shape[2], -1)
    return kernel.reshape(-1, kernel.shape[-1]).T


def unit(vector):
    return vector / (np.linalg.norm(vector) + 1e-12)


def paper_iteration(matrix, u, iterations=1):
    """Algorithm 1 of the paper, u and v being rows and columns of W: returns u, v and sigma."""
    for _ in range(iterations):
        v = unit(matrix.T @ u)
        u = unit(matrix @ v)
    return u, v, u @ matrix @ v


def kernel_of(wrapper):
    return wrapper.kernel.numpy()


def built(kind, dtype=None, **arguments):
    wrapper = SpectralNormalization(layer_of(kind, dtype), **arguments)
    wrapper(inputs_of(kind))
    return wrapper


def output_with_kernel(wrapper, kernel, inputs):
    """The output of the wrapped layer with another kernel. The old kernel is restored."""
    before = kernel_of(wrapper)
    wrapper.kernel.assign(kernel)
    output = ops.convert_to_numpy(wrapper.layer(inputs))
    wrapper.kernel.assign(before)
    return output


@pytest.mark.parametrize("kind", KINDS)
def test_sigma_converges_to_the_largest_singular_value(kind):
    wrapper, inputs = built(kind), inputs_of(kind)
    wrapper.kernel.assign(np.random.default_rng(1).standard_normal(wrapper.kernel.shape))
    train = tf.function(lambda: wrapper(inputs, training=True), autograph=False)
    for _ in range(200):
        train()
    largest = np.linalg.svd(paper_matrix(kind, kernel_of(wrapper)), compute_uv=False)[0]
    np.testing.assert_allclose(wrapper.sigma(), largest, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_u_has_one_entry_for_each_output(kind):
    assert built(kind).u.shape == (6 if kind == "embedding" else 5,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("iterations", [1, 3])
def test_training_call_follows_algorithm_1(kind, iterations):
    wrapper, inputs = built(kind, power_iterations=iterations), inputs_of(kind)
    # A start far from the singular vector, so that the number of iterations shows.
    start = unit(np.random.default_rng(2).standard_normal(wrapper.u.shape[0]))
    wrapper.u.assign(start)
    u, _, sigma = paper_iteration(paper_matrix(kind, kernel_of(wrapper)), start, iterations)
    output = wrapper(inputs, training=True)
    np.testing.assert_allclose(wrapper.u.numpy(), u, atol=1e-6)
    expected = output_with_kernel(wrapper, kernel_of(wrapper) / sigma, inputs)
    np.testing.assert_allclose(output, expected, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_inference_before_training_divides_by_the_spectral_norm(kind):
    wrapper, inputs = built(kind), inputs_of(kind)
    largest = np.linalg.svd(paper_matrix(kind, kernel_of(wrapper)), compute_uv=False)[0]
    expected = output_with_kernel(wrapper, kernel_of(wrapper) / largest, inputs)
    np.testing.assert_allclose(wrapper(inputs, training=False), expected, rtol=0.02, atol=1e-3)


def test_u_is_warm_when_the_variables_are_initialized_late():
    wrapper = SpectralNormalization(layers.Dense(5))
    with keras.StatelessScope():
        wrapper.build((2, 7))
    largest = np.linalg.svd(kernel_of(wrapper), compute_uv=False)[0]
    np.testing.assert_allclose(wrapper.sigma(), largest, rtol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_the_papers(kind):
    wrapper, inputs = built(kind, "float64"), inputs_of(kind, "float64")
    start = unit(np.random.default_rng(2).standard_normal(wrapper.u.shape[0]))
    wrapper.u.assign(start)
    kernel = kernel_of(wrapper)
    u, v, sigma = paper_iteration(paper_matrix(kind, kernel), start)

    with tf.GradientTape() as tape:
        loss = ops.sum(ops.sin(wrapper(inputs, training=True)))
    gradient = paper_matrix(kind, tf.convert_to_tensor(tape.gradient(loss, wrapper.kernel.value)))

    wrapper.kernel.assign(kernel / sigma)
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.sin(wrapper.layer(inputs)))
    plain = tf.convert_to_tensor(tape.gradient(loss, wrapper.kernel.value))
    G, W_bar = paper_matrix(kind, plain), paper_matrix(kind, kernel / sigma)

    # Equation 12, with the derivative of sigma at fixed u and v.
    expected = (G - np.sum(G * W_bar) * np.outer(u, v)) / sigma
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_orthogonal_to_the_kernel(kind, training):
    wrapper, inputs = built(kind, "float64"), inputs_of(kind, "float64")
    with tf.GradientTape() as tape:
        loss = ops.sum(ops.sin(wrapper(inputs, training=training)))
    gradient = tf.convert_to_tensor(tape.gradient(loss, wrapper.kernel.value)).numpy()
    kernel = kernel_of(wrapper)
    cosine = np.sum(gradient * kernel) / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert abs(cosine) < 1e-10


@pytest.mark.parametrize("kind", KINDS)
def test_kernel_is_never_assigned(kind):
    wrapper = built(kind)
    before = kernel_of(wrapper)
    for training in (True, False):
        wrapper(inputs_of(kind), training=training)
    np.testing.assert_array_equal(kernel_of(wrapper), before)


def test_u_moves_only_in_training():
    wrapper, inputs = built("conv_2d"), inputs_of("conv_2d")
    start = unit(np.ones(5)).astype("float32")
    wrapper.u.assign(start)
    wrapper(inputs)
    wrapper(inputs, training=False)
    np.testing.assert_array_equal(wrapper.u.numpy(), start)
    wrapper.trainable = False
    wrapper(inputs, training=True)
    np.testing.assert_array_equal(wrapper.u.numpy(), start)
    wrapper.trainable = True
    wrapper(inputs, training=True)
    assert np.abs(wrapper.u.numpy() - start).max() > 1e-3


def test_u_is_the_only_state_that_is_added():
    wrapper = built("dense")
    assert [v.path.split("/")[-1] for v in wrapper.trainable_variables] == ["kernel", "bias"]
    assert wrapper.non_trainable_variables == [wrapper.u]


def test_biases_and_activation_come_from_the_layer():
    wrapper = SpectralNormalization(layers.Dense(5, activation="tanh"))
    wrapper(inputs_of("dense"))
    wrapper.layer.bias.assign(np.arange(5.0))
    inputs = inputs_of("dense")
    expected = np.tanh(inputs @ wrapper.layer.kernel / wrapper.sigma() + np.arange(5.0))
    np.testing.assert_allclose(wrapper(inputs), expected, rtol=1e-5)


def test_regularizers_of_the_layer_still_count():
    wrapper = SpectralNormalization(
        layers.Dense(5, kernel_regularizer="l2", activity_regularizer="l2")
    )
    outputs = wrapper(inputs_of("dense"))
    on_kernel = 0.01 * np.sum(kernel_of(wrapper) ** 2)
    on_outputs = 0.01 * np.sum(np.square(outputs)) / 2
    assert sorted(map(float, wrapper.losses)) == pytest.approx(sorted([on_kernel, on_outputs]))


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in ("dense", "conv_2d_transpose") else pytest.mark.slow)
        for kind in KINDS
    ],
)
def test_eager_graph_and_xla_agree(kind):
    wrapper, inputs = built(kind), inputs_of(kind)
    start = unit(np.arange(1.0, wrapper.u.shape[0] + 1))

    def step():
        with tf.GradientTape() as tape:
            output = wrapper(inputs, training=True)
            loss = ops.sum(ops.sin(output))
        gradient = tf.convert_to_tensor(tape.gradient(loss, wrapper.kernel.value))
        return output, gradient, tf.identity(wrapper.u.value)

    results = []
    for function in (
        step,
        tf.function(step, autograph=False),
        tf.function(step, jit_compile=True, autograph=False),
    ):
        wrapper.u.assign(start)
        results.append(function())
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_outer_stateless_scope_gives_the_values_and_gets_the_update():
    wrapper, inputs = built("dense"), inputs_of("dense")
    before = [v.numpy() for v in wrapper.variables]
    rng = np.random.default_rng(3)
    kernel, bias = rng.standard_normal((7, 5)), rng.standard_normal(5)
    start = unit(np.ones(5))
    mapping = [
        (wrapper.layer.kernel, ops.array(kernel, "float32")),
        (wrapper.layer.bias, ops.array(bias, "float32")),
        (wrapper.u, ops.array(start, "float32")),
    ]
    with keras.StatelessScope(mapping) as scope:
        output = wrapper(inputs, training=True)
    u, _, sigma = paper_iteration(kernel.T, start)
    np.testing.assert_allclose(output, inputs @ kernel / sigma + bias, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scope.get_current_value(wrapper.u), u, atol=1e-6)
    np.testing.assert_allclose(scope.get_current_value(wrapper.kernel), kernel, rtol=1e-6)
    for variable, value in zip(wrapper.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_keras_file_restores_u(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            SpectralNormalization(layers.Conv2D(4, 3), power_iterations=2, name="conv"),
            layers.Flatten(),
            SpectralNormalization(layers.Dense(2)),
        ]
    )
    images = np.random.default_rng(0).standard_normal((2, 8, 8, 3)).astype("float32")
    for weight in model.trainable_weights:
        weight.assign(weight + 0.1)
    model(images, training=True)
    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    assert restored.get_layer("conv").power_iterations == 2
    for a, b in zip(model.weights, restored.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    np.testing.assert_array_equal(model(images, training=True), restored(images, training=True))


@pytest.mark.parametrize("kind", KINDS)
def test_float64_stays_float64(kind):
    wrapper = built(kind, "float64")
    assert wrapper.u.dtype == "float64"
    for training in (True, False):
        assert wrapper(inputs_of(kind, "float64"), training=training).dtype == "float64"
    matrix = paper_matrix(kind, kernel_of(wrapper))
    v = unit(matrix.T @ wrapper.u.numpy())
    np.testing.assert_allclose(wrapper.sigma(), np.linalg.norm(matrix @ v), rtol=1e-2)
    np.testing.assert_allclose(wrapper.sigma(), wrapper.u.numpy() @ matrix @ v, rtol=1e-12)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("in_a_model", [True, False])
def test_mixed_precision_iterates_in_float32(policy, in_a_model):
    keras.config.set_dtype_policy(policy)
    try:
        wrapper = SpectralNormalization(layers.Conv2D(5, 3))
        inputs = inputs_of("conv_2d")
        network = wrapper
        if in_a_model:
            symbolic = keras.Input((6, 6, 3))
            network = keras.Model(symbolic, wrapper(symbolic))
            assert network.output.dtype == policy.removeprefix("mixed_")
        network(inputs)
        assert wrapper.u.dtype == wrapper.kernel.dtype == "float32"
        start = unit(np.arange(1.0, 6.0))
        wrapper.u.assign(start)
        u, _, sigma = paper_iteration(paper_matrix("conv_2d", kernel_of(wrapper)), start)
        output = network(inputs, training=True)
        assert output.dtype == policy.removeprefix("mixed_")
        np.testing.assert_allclose(wrapper.u.numpy(), u, atol=1e-6)
        expected = output_with_kernel(wrapper, kernel_of(wrapper) / sigma, inputs)
        np.testing.assert_array_equal(output, expected)
    finally:
        keras.config.set_dtype_policy("float32")


def test_mask_passes():
    wrapper = SpectralNormalization(layers.Embedding(6, 4, mask_zero=True))
    wrapper(np.array([[1, 0]]))
    assert wrapper.supports_masking
    np.testing.assert_array_equal(wrapper.compute_mask(ops.array([[1, 0]])), [[True, False]])


def test_replicas_keep_one_u(two_replicas):
    with two_replicas.scope():
        wrapper = built("dense")
    inputs = inputs_of("dense")
    start = unit(np.ones(5))
    wrapper.u.assign(start)
    expected, _, _ = paper_iteration(paper_matrix("dense", kernel_of(wrapper)), start)
    two_replicas.run(tf.function(lambda: wrapper(inputs, training=True), autograph=False))
    for replica in two_replicas.experimental_local_results(wrapper.u.value):
        np.testing.assert_allclose(replica, expected, atol=1e-6)


def as_pytorch(kind, kernel):
    """A kernel as PyTorch stores it: its transposed convolutions' is (in, out, height, width)."""
    return kernel.T if kind == "dense" else kernel.transpose(3, 2, 0, 1)


def channels_first(kind, array):
    return array if kind == "dense" else np.moveaxis(array, -1, 1)


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize("kind", ["dense", "conv_2d", "conv_2d_transpose"])
def test_sigma_output_and_gradient_equal_pytorch(kind, iterations):
    torch = pytest.importorskip("torch")
    make, make_theirs = {
        "dense": (lambda **a: layers.Dense(5, **a), lambda: torch.nn.Linear(7, 5)),
        "conv_2d": (
            lambda **a: layers.Conv2D(5, (3, 2), **a),
            lambda: torch.nn.Conv2d(3, 5, (3, 2)),
        ),
        "conv_2d_transpose": (
            lambda **a: layers.Conv2DTranspose(5, (3, 2), **a),
            lambda: torch.nn.ConvTranspose2d(3, 5, (3, 2)),
        ),
    }[kind]
    inputs = inputs_of(kind, "float64")
    wrapper = SpectralNormalization(make(dtype="float64"), power_iterations=iterations)
    wrapper(inputs)
    start = unit(np.random.default_rng(2).standard_normal(5))

    module = make_theirs().double()
    with torch.no_grad():
        module.weight.copy_(torch.tensor(as_pytorch(kind, kernel_of(wrapper))))
        module.bias.zero_()
    torch.nn.utils.parametrizations.spectral_norm(module, n_power_iterations=iterations)
    state = module.parametrizations.weight[0]
    state._u.copy_(torch.tensor(start))
    # PyTorch stores both vectors, and iterates u first: it starts from v, and ends with it.
    matrix = state._reshape_weight_to_matrix(module.parametrizations.weight.original).detach()
    state._v.copy_(torch.tensor(unit(matrix.numpy().T @ start)))
    theirs = module(torch.tensor(channels_first(kind, np.array(inputs))))
    torch.sin(theirs).sum().backward()
    their_gradient = module.parametrizations.weight.original.grad.numpy()

    wrapper.u.assign(start)
    wrapper(inputs, training=True)
    with tf.GradientTape() as tape:
        ours = wrapper(inputs, training=False)
        loss = ops.sum(ops.sin(ours))
    gradient = tf.convert_to_tensor(tape.gradient(loss, wrapper.kernel.value)).numpy()
    their_sigma = (state._u @ matrix @ state._v).item()
    np.testing.assert_allclose(wrapper.u.numpy(), state._u.numpy(), rtol=1e-10)
    assert wrapper.sigma().numpy() == pytest.approx(their_sigma, rel=1e-10)
    np.testing.assert_allclose(channels_first(kind, ours.numpy()), theirs.detach(), rtol=1e-10)
    np.testing.assert_allclose(as_pytorch(kind, gradient), their_gradient, rtol=1e-9, atol=1e-12)


# Several singular values, and the options of the official code.


def gram_schmidt(rows):
    """The rows after Gram-Schmidt: each is orthogonal to the rows before it."""
    done = []
    for row in rows:
        done.append(unit(row - sum((row @ other) * other for other in done)))
    return np.array(done)


@pytest.mark.parametrize("kind", ["dense", "conv_2d_transpose", "embedding"])
def test_several_singular_values_converge_to_the_decomposition(kind):
    wrapper, inputs = built(kind, num_singular_values=3), inputs_of(kind)
    train = tf.function(lambda: wrapper(inputs, training=True), autograph=False)
    for _ in range(300):
        train()
    values = np.linalg.svd(paper_matrix(kind, kernel_of(wrapper)), compute_uv=False)
    np.testing.assert_allclose(wrapper.singular_values(), values[:3], rtol=1e-3)
    np.testing.assert_allclose(wrapper.sigma(), values[0], rtol=1e-3)
    u = wrapper.u.numpy()
    assert u.shape == (3, 6 if kind == "embedding" else 5)
    np.testing.assert_allclose(u @ u.T, np.eye(3), atol=1e-5)


def test_several_vectors_follow_the_iteration_and_only_the_first_normalizes():
    wrapper = built("conv_2d", "float64", num_singular_values=3, power_iterations=2)
    alone = built("conv_2d", "float64", power_iterations=2)
    inputs = inputs_of("conv_2d", "float64")
    alone.kernel.assign(wrapper.kernel)
    start = gram_schmidt(np.random.default_rng(2).standard_normal((3, 5)))
    matrix, u = paper_matrix("conv_2d", kernel_of(wrapper)), start
    for _ in range(2):
        v = gram_schmidt(u @ matrix)
        u = gram_schmidt(v @ matrix.T)

    results = []
    for layer, vectors in ((wrapper, start), (alone, start[0])):
        layer.u.assign(vectors)
        with tf.GradientTape() as tape:
            output = layer(inputs, training=True)
            loss = ops.sum(ops.sin(output))
        gradient = tf.convert_to_tensor(tape.gradient(loss, layer.kernel.value))
        results.append((output, gradient, layer(inputs), layer.sigma()))
    np.testing.assert_allclose(wrapper.u.numpy(), u, rtol=1e-9)
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    v = gram_schmidt(u @ matrix)
    expected = np.sum(v * (u @ matrix), axis=1)
    np.testing.assert_allclose(wrapper.singular_values(), expected, rtol=1e-10)
    np.testing.assert_allclose(alone.singular_values(), expected[:1], rtol=1e-10)


@pytest.mark.parametrize("factor", [None, 0.7])
@pytest.mark.parametrize("learnable_scale", [False, True])
def test_factor_and_scale_multiply_the_normalized_kernel(factor, learnable_scale):
    wrapper = built("dense", "float64", factor=factor, learnable_scale=learnable_scale)
    inputs = inputs_of("dense", "float64")
    start = unit(np.random.default_rng(2).standard_normal(5))
    wrapper.u.assign(start)
    scale = factor or 1.0
    if learnable_scale:
        wrapper.gamma.assign(-1.3)
        scale *= -1.3
    kernel = kernel_of(wrapper)
    u, v, sigma = paper_iteration(kernel.T, start)
    variables = [variable.value for variable in wrapper.trainable_variables]
    with tf.GradientTape() as tape:
        output = wrapper(inputs, training=True)
        loss = ops.sum(ops.sin(output))
    gradients = {
        variable.name: tf.convert_to_tensor(gradient)
        for variable, gradient in zip(
            wrapper.trainable_variables, tape.gradient(loss, variables), strict=True
        )
    }
    normalized = kernel / sigma
    expected = inputs.numpy() @ (scale * normalized)
    np.testing.assert_allclose(output, expected, rtol=1e-9)
    # The derivative by the kernel that the layer computes with.
    G = inputs.numpy().T @ np.cos(expected)
    by_kernel = scale * (G - np.sum(G * normalized) * np.outer(v, u)) / sigma
    np.testing.assert_allclose(gradients["kernel"], by_kernel, rtol=1e-7, atol=1e-12)
    assert set(gradients) == {"kernel", "bias"} | ({"gamma"} if learnable_scale else set())
    if learnable_scale:
        by_gamma = np.sum(G * normalized) * (factor or 1.0)
        np.testing.assert_allclose(gradients["gamma"], by_gamma, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_scale_starts_as_the_exact_norm_so_that_outputs_do_not_change(kind):
    wrapper, inputs = built(kind, learnable_scale=True), inputs_of(kind)
    largest = np.linalg.norm(paper_matrix(kind, kernel_of(wrapper)), 2)
    assert wrapper.gamma.numpy() == pytest.approx(largest, rel=1e-6)
    np.testing.assert_allclose(wrapper(inputs), wrapper.layer(inputs), rtol=0.02, atol=2e-2)


def test_a_frozen_layer_keeps_its_scale():
    wrapper = built("dense", learnable_scale=True)
    assert wrapper.gamma in wrapper.trainable_variables
    wrapper.trainable = False
    assert wrapper.trainable_variables == []
    assert {variable.name for variable in wrapper.non_trainable_variables} >= {"u", "gamma"}


def test_the_scale_takes_the_dtype_of_the_variables():
    assert built("dense", "float64", learnable_scale=True).gamma.dtype == "float64"
    assert built("dense", "mixed_bfloat16", learnable_scale=True).gamma.dtype == "float32"
    half = built("dense", "bfloat16", learnable_scale=True)
    assert half.gamma.dtype == "bfloat16" and half(inputs_of("dense")).dtype == "bfloat16"


def test_one_vector_starts_as_the_decomposition_of_several_does(monkeypatch):
    """Its sign too is that of the decomposition."""
    kernel = np.random.default_rng(0).standard_normal((3, 3, 5, 7))
    matrix = kernel.reshape(-1, 7)
    layer = SpectralNormalization(keras.layers.Conv2D(7, 3))
    layer.build((None, 8, 8, 5))
    layer.layer.kernel.assign(kernel)
    start = np.random.default_rng(1).standard_normal(7)
    monkeypatch.setattr(
        keras.initializers, "RandomNormal", lambda stddev: lambda shape, dtype: start
    )
    expected = start[:, None]
    for _ in range(15):
        for map_ in (matrix, matrix.T):
            orthonormal, triangle = np.linalg.qr(map_ @ expected)
            expected = orthonormal * np.sign(triangle)
    monkeypatch.delattr(np.linalg, "qr")
    layer.warm_start()
    np.testing.assert_allclose(layer.u.numpy(), expected[:, 0], rtol=1e-6, atol=1e-7)
    layer.layer.kernel.assign(np.zeros(kernel.shape))
    with pytest.raises(ValueError, match="must not be 0"):
        layer.warm_start()


def test_warm_start_measures_an_assigned_kernel():
    wrapper = built("conv_2d", learnable_scale=True, num_singular_values=2)
    wrapper.kernel.assign(np.random.default_rng(4).standard_normal(wrapper.kernel.shape))
    wrapper.warm_start()
    values = np.linalg.svd(paper_matrix("conv_2d", kernel_of(wrapper)), compute_uv=False)
    np.testing.assert_allclose(wrapper.singular_values()[0], values[0], rtol=0.02)
    np.testing.assert_allclose(wrapper.gamma.numpy(), values[0], rtol=1e-6)


def test_an_old_config_without_the_options_gives_the_papers_layer():
    config = built("dense").get_config()
    for name in ("num_singular_values", "factor", "learnable_scale"):
        del config[name]
    wrapper = SpectralNormalization.from_config(config)
    wrapper(inputs_of("dense"))
    assert wrapper.u.shape == (5,) and wrapper.u.name == "u"
    assert wrapper.scale() == 1 and len(wrapper.weights) == 3


@pytest.mark.graph
def test_a_conditional_wgan_trains_with_norms_of_1():
    vectors, labels = keras.Input((linear.DIMENSIONS,)), keras.Input((), dtype="int32")
    hidden = SpectralNormalization(layers.Dense(8, activation="leaky_relu"))
    head = ProjectionHead(linear.NUM_CLASSES, spectral_normalization=True)
    discriminator = keras.Model([vectors, labels], head([hidden(vectors), labels]))
    gan = ganzoo.GAN(linear.generator(True), discriminator, num_classes=linear.NUM_CLASSES)
    gan.compile(g_optimizer="adam", d_optimizer=keras.optimizers.Adam(0.02), loss="wasserstein")
    before = [kernel_of(wrapper) for wrapper in (hidden, head.psi, head.embedding)]
    gan.fit(linear.vectors(40), linear.labels(40), batch_size=4, epochs=2, verbose=0)
    for wrapper, start in zip((hidden, head.psi, head.embedding), before, strict=True):
        assert np.abs(kernel_of(wrapper) - start).max() > 0.01
        exact = np.linalg.norm(kernel_of(wrapper).astype("float64"), 2)
        assert exact / wrapper.sigma().numpy() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    "layer",
    [layers.BatchNormalization(), layers.DepthwiseConv2D(3), layers.LSTM(2), "dense", None],
    ids=str,
)
def test_other_layers_are_refused(layer):
    with pytest.raises(ValueError, match=r"Conv2DTranspose, Embedding\. Received: layer="):
        SpectralNormalization(layer)


@pytest.mark.parametrize("iterations", [0, -1, 1.5, True, None])
def test_number_of_iterations_is_checked(iterations):
    with pytest.raises(ValueError, match="Received: power_iterations="):
        SpectralNormalization(layers.Dense(1), power_iterations=iterations)


def test_dtype_belongs_to_the_wrapped_layer():
    with pytest.raises(ValueError, match="Received: dtype='float64'"):
        SpectralNormalization(layers.Dense(1), dtype="float64")


@pytest.mark.parametrize(
    "arguments",
    [{"num_singular_values": 0}, {"num_singular_values": 1.5}, {"factor": 0}, {"factor": "1"}],
)
def test_options_are_checked(arguments):
    with pytest.raises(ValueError, match=f"Received: {next(iter(arguments))}="):
        SpectralNormalization(layers.Dense(1), **arguments)


def test_more_singular_values_than_the_kernel_has_are_refused():
    wrapper = SpectralNormalization(layers.Dense(2), num_singular_values=3)
    with pytest.raises(ValueError, match=r"values, 2\. Received: num_singular_values=3"):
        wrapper.build((None, 7))
