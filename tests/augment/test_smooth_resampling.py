import augment_equations as equations
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.augment import resampling
from ganzoo.augment.frequency_bands import filter_bank, scale_bands
from ganzoo.augment.resampling import resample

TURN = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # Counterclockwise; y points down.


def images_of(shape=(2, 7, 10, 3)):
    return np.random.default_rng(0).uniform(-1, 1, shape)


def band_limited(count=3, size=32, highest=0.25):
    """Images without frequencies above a share of one period in a pixel."""
    frequencies = np.abs(np.fft.fftfreq(size)) < highest
    spectrum = np.fft.fft2(np.random.default_rng(0).normal(size=(count, size, size)))
    return np.fft.ifft2(spectrum * frequencies[:, None] * frequencies).real[..., None]


def maps(count=2, seed=0):
    """Maps far from the identity, so that the mirrored border is seen from far away."""
    matrices = np.tile(np.eye(3), (count, 1, 1))
    rng = np.random.default_rng(seed)
    matrices[:, :2, :2] += rng.normal(size=(count, 2, 2))
    matrices[:, :2, 2] = 4 * rng.normal(size=(count, 2))
    return matrices


def inverses(matrices, count=None):
    matrices = matrices if count is None else np.tile(matrices, (count, 1, 1))
    return tf.constant(np.linalg.inv(matrices), "float32")


def peak_signal_to_noise(result, expected, border=4):
    inside = slice(border, -border)
    error = (np.asarray(result) - expected)[:, inside, inside]
    return 10 * np.log10(np.ptp(expected) ** 2 / np.mean(error**2))


def test_the_filter_is_sym6():
    taps, places = resampling._SYM6, np.arange(12)
    np.testing.assert_allclose(taps, equations.SYM6, atol=6e-8)
    for shift in range(6):
        product = taps[2 * shift :] @ taps[: 12 - 2 * shift]
        np.testing.assert_allclose(product, shift == 0, atol=1e-11)
    # Six vanishing moments: they and the orthogonality define the wavelets of 12 taps.
    for moment in range(6):
        assert abs(np.sum((-1.0) ** places * (places / 11) ** moment * taps)) < 1e-10


@pytest.mark.parametrize("shape", [(2, 7, 10, 3), (2, 8, 8, 1), (1, 9, 6, 4), (1, 1, 6, 1)])
def test_images_are_resampled_as_written_out(shape):
    images, matrices = images_of(shape), maps(shape[0])
    # Wide enough for the 3 sizes of margin of the written-out form.
    matrices[:, :2, :2] += np.eye(2)
    expected = [equations.resample(*pair) for pair in zip(images, matrices, strict=True)]
    result = resample(tf.constant(images), inverses(matrices))
    assert result.dtype == tf.float64
    np.testing.assert_allclose(result, expected, atol=2e-5)
    unchanged = resample(tf.constant(images), inverses(np.eye(3), shape[0]))
    np.testing.assert_allclose(unchanged, images, atol=1e-6)


def test_maps_of_pixels_to_pixels_nearly_equal_the_moved_pixels():
    images = band_limited()
    cases = {
        "flip": (np.diag([-1.0, 1, 1]), images[:, :, ::-1], 38),
        "rotate90": (TURN, np.rot90(images, axes=(1, 2)), 38),
        "half a turn": (TURN @ TURN, images[:, ::-1, ::-1], 35),
        "shift": (
            np.array([[1.0, 0, 3], [0, 1, -2], [0, 0, 1]]),
            np.roll(images, (-2, 3), (1, 2)),
            90,
        ),
    }
    for name, (matrix, expected, least) in cases.items():
        result = resample(tf.constant(images), inverses(matrix, 3))
        assert peak_signal_to_noise(result, expected) > least, name


def test_a_scaled_image_is_itself_after_the_inverse():
    images = tf.constant(band_limited(highest=0.2))
    for factor in (1.3, 0.9):
        larger = resample(images, inverses(np.diag([factor, factor, 1.0]), 3))
        back = resample(larger, inverses(np.diag([1 / factor, 1 / factor, 1.0]), 3))
        assert peak_signal_to_noise(larger, images) < 20
        assert peak_signal_to_noise(back, images, border=6) > 30, factor


def test_gradients_are_the_adjoint_and_second_derivatives_are_exact():
    x, y = tf.constant(images_of()), tf.constant(images_of()[::-1].copy())
    matrices = inverses(maps())
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            result = resample(x, matrices)
            cost = tf.reduce_sum(result**2 * y) / 2
        gradient = inner.gradient(cost, x)  # T^t (y * T x)
        product = tf.reduce_sum(gradient * y)
    curvature = outer.gradient(product, x)  # T^t (y * T y)
    of_y = resample(y, matrices)
    np.testing.assert_allclose(product, tf.reduce_sum(result * y * of_y), rtol=1e-12)
    with tf.GradientTape() as tape:
        tape.watch(x)
        cost = tf.reduce_sum(resample(x, matrices) * y * of_y)
    np.testing.assert_allclose(curvature, tape.gradient(cost, x), rtol=1e-9, atol=1e-12)


def test_the_bank_divides_the_frequencies_into_four_bands():
    bank = filter_bank()
    assert bank.shape == (4, 43)
    np.testing.assert_allclose(bank, equations.bank_of_bands(), atol=1e-12)
    np.testing.assert_allclose(bank.sum(axis=1), [1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(bank.sum(axis=0), np.eye(1, 43, 21)[0], atol=1e-12)
    # The powers at the middles of the bands [0, 1/8], [1/8, 1/4], [1/4, 1/2], [1/2, 1] of pi.
    middles = np.pi * np.array([1 / 16, 3 / 16, 3 / 8, 3 / 4])
    amplitudes = np.abs(bank @ np.exp(-1j * np.outer(np.arange(43), middles)))
    np.testing.assert_array_equal(amplitudes.argmax(axis=0), range(4))


@pytest.mark.parametrize("shape", [(2, 24, 31, 3), (2, 5, 9, 1)])
def test_bands_are_scaled_as_written_out(shape):
    images = images_of(shape)
    gains = np.array([[0.5, 2.0, 0.7, 1.5], [1.0, 1.0, 1.0, 1.0]])
    expected = [equations.scale_bands(*pair) for pair in zip(images, gains, strict=True)]
    result = scale_bands(tf.constant(images), tf.constant(gains))
    np.testing.assert_allclose(result, expected, atol=1e-12)
    np.testing.assert_allclose(result[1], images[1], atol=1e-12)
