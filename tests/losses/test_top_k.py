"""Top-k training against its definition, and in a GAN with a schedule."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo import losses
from support.gans import linear

FAKE = np.array([0.3, -1.0, 2.0, 0.7, -0.2], "float32")
REAL = np.array([1.0, 0.5, -0.3, 0.1, 2.0], "float32")


@pytest.mark.parametrize("share, chosen", [(1.0, 5), (0.5, 3), (0.4, 2), (0.01, 1)])
def test_the_highest_logits_count(share, chosen):
    loss = losses.TopK("least_squares", share)
    fake = tf.constant(FAKE)
    with tf.GradientTape() as tape:
        tape.watch(fake)
        value = loss.generator(fake)
    top = np.argsort(-FAKE)[:chosen]
    assert float(value) == pytest.approx(0.5 * np.mean((FAKE[top] - 1.0) ** 2), rel=1e-6)
    expected = np.zeros(5)
    expected[top] = (FAKE[top] - 1.0) / chosen
    np.testing.assert_allclose(tape.gradient(value, fake), expected, atol=1e-6)
    same = losses.LeastSquares().discriminator(REAL, FAKE)
    assert float(loss.discriminator(REAL, FAKE)) == float(same)


@pytest.mark.parametrize("share, chosen", [(0.3, 15), (0.9, 45), (0.31, 16), (1.0, 50)])
def test_rounding_does_not_add_a_fake(share, chosen):
    fake = np.arange(50, dtype="float32")
    value = losses.TopK("hinge", share).generator(fake)
    assert float(value) == -np.mean(fake[-chosen:])


def test_pairs_keep_their_real_logits():
    loss = losses.TopK("relativistic_pairing", 0.4)
    assert loss.generator_needs_real
    top = np.argsort(-FAKE)[:2]
    expected = np.mean(np.logaddexp(0, REAL[top] - FAKE[top]))
    assert float(loss.generator(FAKE, REAL)) == pytest.approx(expected, rel=1e-6)


def test_the_share_may_be_a_schedule_which_is_logged_and_saved(tmp_path):
    loss = losses.TopK("hinge", share="linear/1/0.5/2steps")
    gan = linear.gan(loss=loss, run_eagerly=True)
    history = gan.fit(linear.vectors(16), batch_size=4, verbose=0).history
    np.testing.assert_allclose(history["loss_share"], np.mean([1, 0.75, 0.5, 0.5]))
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras").adversarial_loss
    assert loaded.share.get_config() == loss.share.get_config()
    assert isinstance(loaded.loss, losses.Hinge)


def test_bad_input():
    for share in (0.0, 1.5, True, "half", np.nan):
        with pytest.raises(ValueError, match=r"`share` must be .*Received"):
            losses.TopK("hinge", share)
    with pytest.raises(ValueError, match=r"a term of its own. Received: loss=Relativ"):
        losses.TopK("relativistic_average")
