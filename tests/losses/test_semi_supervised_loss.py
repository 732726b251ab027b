"""The form with K logits against the softmax over K + 1 logits."""

import numpy as np
import pytest
import tensorflow as tf
from other_loss_cases import CLASSES, FAKE, LABELED, LABELS, UNLABELED

from ganzoo import losses

LOSS = losses.SemiSupervised(CLASSES, unlabeled_weight=0.7)


def probabilities(class_logits):
    """The softmax over the K class logits and a zero for the class of fakes."""
    logits = np.concatenate([class_logits, np.zeros((len(class_logits), 1))], axis=1)
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def supervised(class_logits, labels):
    p = probabilities(class_logits)
    given_real = p[np.arange(len(labels)), labels] / (1 - p[:, -1])
    return -np.mean(np.log(given_real))


def unsupervised(unlabeled, fake):
    real_term = np.mean(np.log(1 - probabilities(unlabeled)[:, -1]))
    fake_term = np.mean(np.log(probabilities(fake)[:, -1]))
    return -0.5 * real_term - 0.5 * fake_term


def test_the_discriminators_loss_equals_the_form_with_k_plus_one_classes():
    value = LOSS.supervised(LABELED, LABELS)
    np.testing.assert_allclose(value, supervised(LABELED, LABELS), rtol=1e-12)
    value = LOSS.unsupervised(UNLABELED, FAKE)
    np.testing.assert_allclose(value, unsupervised(UNLABELED, FAKE), rtol=1e-12)
    expected = supervised(LABELED, LABELS) + 0.7 * unsupervised(UNLABELED, FAKE)
    value = LOSS.discriminator(LABELED, LABELS, UNLABELED, FAKE)
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_a_weight_of_two_gives_the_papers_equation():
    paper = supervised(LABELED, LABELS) + 2 * unsupervised(UNLABELED, FAKE)
    loss = losses.SemiSupervised(CLASSES, unlabeled_weight=2)
    value = loss.discriminator(LABELED, LABELS, UNLABELED, FAKE)
    np.testing.assert_allclose(value, paper, rtol=1e-12)


def test_smoothed_labels_are_those_of_real_examples_alone():
    p_real, p_fake = (1 - probabilities(logits)[:, -1] for logits in (UNLABELED, FAKE))
    real_term = np.mean(0.75 * np.log(p_real) + 0.25 * np.log(1 - p_real))
    smoothed = -0.5 * real_term - 0.5 * np.mean(np.log(1 - p_fake))
    loss = losses.SemiSupervised(
        CLASSES, unlabeled_weight=0.7, label_smoothing=0.25, labeled_weight=0.4
    )
    value = loss.discriminator(LABELED, LABELS, UNLABELED, FAKE)
    expected = 0.4 * supervised(LABELED, LABELS) + 0.7 * smoothed
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    fake = loss.real_logits(FAKE)
    np.testing.assert_allclose(loss.generator(fake), LOSS.generator(fake), rtol=1e-12)


def test_configs_of_earlier_versions_are_those_of_the_defaults():
    """Otherwise a checkpoint of an earlier version would seem to be of another run."""
    assert LOSS.get_config() == {"num_classes": CLASSES, "unlabeled_weight": 0.7}
    loss = losses.SemiSupervised(CLASSES, label_smoothing=0.25, labeled_weight=0.0)
    again = losses.SemiSupervised.from_config(loss.get_config())
    assert (again.label_smoothing, again.labeled_weight) == (0.25, 0.0)
    with pytest.raises(ValueError, match="`label_smoothing`"):
        losses.SemiSupervised(CLASSES, label_smoothing=1.0)


def test_the_generator_lowers_the_probability_of_the_class_of_fakes():
    """It takes the logits of being real, as the generators of adversarial losses do."""
    expected = np.mean(np.log(probabilities(FAKE)[:, -1]))
    fake, real = LOSS.real_logits(FAKE), LOSS.real_logits(UNLABELED)
    np.testing.assert_allclose(LOSS.generator(fake), expected, rtol=1e-12)
    np.testing.assert_allclose(LOSS.generator(fake[:, 0], real), expected, rtol=1e-12)


def test_the_generator_does_not_take_class_logits():
    with pytest.raises(ValueError, match=r"Received: fake_logits of shape \(6, 3\)"):
        LOSS.generator(FAKE)


def test_the_real_logits_give_the_probability_of_not_being_a_fake():
    logits = LOSS.real_logits(FAKE).numpy()
    assert logits.shape == (len(FAKE), 1)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits[:, 0])), 1 - probabilities(FAKE)[:, -1], rtol=1e-12
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_are_right_at_extreme_logits(dtype):
    extreme = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4], [0, 1e4, 1e4], [-1e4, 0, 0]], dtype)
    tensors = [tf.constant(extreme)] * 3
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = LOSS.discriminator(tensors[0], LABELS, *tensors[1:])
    gradient = tape.gradient(value, tensors[0])

    lse = np.logaddexp.reduce(extreme.astype("float64"), axis=1)
    chosen = extreme[np.arange(4), LABELS]
    expected = np.mean(lse - chosen)
    expected += 0.7 * 0.5 * np.mean(np.logaddexp(0, -lse) + np.logaddexp(0, lse))
    assert value.dtype == dtype
    np.testing.assert_allclose(value, expected, rtol=1e-6)

    softmax = np.exp(extreme - lse[:, None])
    real = np.exp(-np.logaddexp(0, -lse))[:, None]
    by_labeled = (softmax - np.eye(CLASSES)[LABELS]) / 4
    by_others = 0.7 * 0.5 * ((real - 1) + real) * softmax / 4
    # One tensor stands for all three batches.
    np.testing.assert_allclose(gradient, by_labeled + by_others, rtol=1e-6, atol=1e-7)


def test_equal_class_logits_play_the_game_of_two_classes():
    """At `K` equal logits `l`, being real has the logit `l + log K`."""
    equal = np.full((2, CLASSES), 0.4)
    logit = 0.4 + np.log(CLASSES)
    expected = 0.5 * losses.NonSaturating().discriminator(np.full(2, logit), np.full(2, logit))
    np.testing.assert_allclose(LOSS.unsupervised(equal, equal), expected, rtol=1e-12)
