import keras
import numpy as np
import pytest
import tensorflow as tf
from loss_equations import CASES, EQUATIONS, SMOOTHED, build, numerical_gradient

REAL = np.array([-2.3, -0.4, 0.3, 1.7, 4.0, 0.6])
FAKE = np.array([0.9, -3.1, -0.2, 2.2, -1.4, 0.1])
EXTREME = np.array([-1e4, -50.0, 0.0, 50.0, 1e4])


def value_and_gradients(function, *logits):
    """A loss of logits `(batch, 1)`, and its gradients in the shape `(batch,)`."""
    logits = [tf.constant(values)[:, tf.newaxis] for values in logits]
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = function(*logits)
    gradients = tape.gradient(loss, logits, unconnected_gradients="zero")
    return loss.numpy(), [gradient.numpy()[:, 0] for gradient in gradients]


@pytest.mark.parametrize(("name", "s"), CASES)
def test_the_discriminator_minimizes_the_papers_equation(name, s):
    _, equation, _ = EQUATIONS[name]
    value, (d_real, d_fake) = value_and_gradients(build(name, s).discriminator, REAL, FAKE)
    assert value.shape == ()
    np.testing.assert_allclose(value, equation(REAL, FAKE, s), rtol=1e-12)
    expected = numerical_gradient(lambda real: equation(real, FAKE, s), REAL)
    np.testing.assert_allclose(d_real, expected, atol=1e-9)
    expected = numerical_gradient(lambda fake: equation(REAL, fake, s), FAKE)
    np.testing.assert_allclose(d_fake, expected, atol=1e-9)


@pytest.mark.parametrize(("name", "s"), CASES)
def test_the_generator_minimizes_the_papers_equation(name, s):
    _, _, equation = EQUATIONS[name]
    value, (d_fake, d_real) = value_and_gradients(build(name, s).generator, FAKE, REAL)
    assert value.shape == ()
    np.testing.assert_allclose(value, equation(FAKE, REAL), rtol=1e-12)
    expected = numerical_gradient(lambda fake: equation(fake, REAL), FAKE)
    np.testing.assert_allclose(d_fake, expected, atol=1e-9)
    expected = numerical_gradient(lambda real: equation(FAKE, real), REAL)
    np.testing.assert_allclose(d_real, expected, atol=1e-9)


@pytest.mark.parametrize("name", sorted(set(EQUATIONS) - {"relativistic_pairing"}))
def test_the_two_batches_may_differ_in_size(name):
    loss, (_, d_loss, g_loss) = build(name, 0.0), EQUATIONS[name]
    value = loss.discriminator(REAL[:4, None], FAKE[:, None])
    np.testing.assert_allclose(value, d_loss(REAL[:4], FAKE, 0.0), rtol=1e-12)
    value = loss.generator(FAKE[:, None], REAL[:4, None])
    np.testing.assert_allclose(value, g_loss(FAKE, REAL[:4]), rtol=1e-12)


@pytest.mark.parametrize("name", EQUATIONS)
def test_logits_with_and_without_their_last_axis_can_be_mixed(name):
    loss = build(name, 0.0)
    expected = loss.discriminator(REAL[:, None], FAKE[:, None])
    np.testing.assert_array_equal(loss.discriminator(REAL, FAKE), expected)
    np.testing.assert_array_equal(loss.discriminator(REAL, FAKE[:, None]), expected)


@pytest.mark.parametrize("other", [EXTREME, EXTREME[::-1]], ids=["alike", "opposite"])
@pytest.mark.parametrize(("name", "s"), CASES)
def test_values_and_gradients_are_right_at_extreme_logits(name, s, other):
    loss, (_, d_loss, g_loss) = build(name, s), EQUATIONS[name]
    for function, equation in (
        (loss.discriminator, lambda first, second: d_loss(first, second, s)),
        (loss.generator, g_loss),
    ):
        value, gradients = value_and_gradients(
            function, EXTREME.astype("float32"), other.astype("float32")
        )
        np.testing.assert_allclose(value, equation(EXTREME, other), rtol=1e-5)
        expected = (
            numerical_gradient(lambda first, of=equation: of(first, other), EXTREME, step=1e-3),
            numerical_gradient(lambda second, of=equation: of(EXTREME, second), other, step=1e-3),
        )
        np.testing.assert_allclose(gradients, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "s"), CASES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_promoted_before_anything_is_computed(name, s, dtype):
    loss, (_, d_loss, g_loss) = build(name, s), EQUATIONS[name]
    real, fake = (keras.ops.convert_to_tensor(300 * x, dtype=dtype) for x in (REAL, FAKE))
    real_rounded, fake_rounded = (np.asarray(tf.cast(x, "float64")) for x in (real, fake))
    for value, expected in (
        (loss.discriminator(real, fake), d_loss(real_rounded, fake_rounded, s)),
        (loss.generator(fake, real), g_loss(fake_rounded, real_rounded)),
    ):
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        np.testing.assert_allclose(value, expected, rtol=1e-6)


@pytest.mark.parametrize("name", EQUATIONS)
def test_float64_is_kept(name):
    loss = build(name, 0.0)
    assert loss.discriminator(REAL, FAKE).dtype == tf.float64
    assert loss.generator(FAKE, REAL).dtype == tf.float64


@pytest.mark.parametrize(("name", "s"), CASES)
def test_graph_and_xla_agree_with_eager(name, s):
    loss = build(name, s)

    def both(real, fake):
        return tf.stack([loss.discriminator(real, fake), loss.generator(fake, real)])

    real, fake = (tf.constant(x[:, None], "float32") for x in (REAL, FAKE))
    expected = both(real, fake)
    any_batch = [tf.TensorSpec((None, 1), "float32")] * 2
    graph = tf.function(both, input_signature=any_batch, autograph=False)
    np.testing.assert_allclose(graph(real, fake), expected, rtol=1e-6)
    compiled = tf.function(both, jit_compile=True, autograph=False)
    np.testing.assert_allclose(compiled(real, fake), expected, rtol=1e-6)


@pytest.mark.parametrize(("name", "s"), [case for case in CASES if case[0] in SMOOTHED])
def test_agrees_with_torch(name, s):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    criterion = {
        "minimax": functional.binary_cross_entropy_with_logits,
        "non_saturating": functional.binary_cross_entropy_with_logits,
        "least_squares": lambda logits, target: functional.mse_loss(logits, target) / 2,
    }[name]
    real, fake = (torch.tensor(x, requires_grad=True) for x in (REAL, FAKE))
    torch_loss = criterion(real, torch.full_like(real, 1 - s))
    torch_loss = torch_loss + criterion(fake, torch.zeros_like(fake))
    torch_loss.backward()

    value, (d_real, d_fake) = value_and_gradients(build(name, s).discriminator, REAL, FAKE)
    np.testing.assert_allclose(value, torch_loss.item(), rtol=1e-12)
    np.testing.assert_allclose(d_real, real.grad.numpy(), rtol=1e-10)
    np.testing.assert_allclose(d_fake, fake.grad.numpy(), rtol=1e-10)

    sign, target = (-1, 0.0) if name == "minimax" else (1, 1.0)
    expected = sign * criterion(fake, torch.full_like(fake, target)).item()
    np.testing.assert_allclose(build(name, s).generator(FAKE), expected, rtol=1e-12)
