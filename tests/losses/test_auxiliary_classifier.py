import numpy as np
from other_loss_cases import FAKE, FAKE_LABELS, LABELED, LABELS

from ganzoo import losses


def log_likelihood(class_logits, labels):
    """E[log P(C = c | x)] with the probabilities of a softmax."""
    terms = []
    for logits, label in zip(class_logits, labels, strict=True):
        terms.append(np.log(np.exp(logits[label]) / np.sum(np.exp(logits))))
    return np.mean(terms)


def test_the_discriminator_classifies_real_and_fake_examples():
    expected = -log_likelihood(LABELED, LABELS) - log_likelihood(FAKE, FAKE_LABELS)
    loss = losses.AuxiliaryClassifier()
    value = loss.discriminator(LABELED, LABELS, FAKE, FAKE_LABELS)
    np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_the_generator_wants_its_classes_recognized_too():
    value = losses.AuxiliaryClassifier().generator(FAKE, FAKE_LABELS)
    np.testing.assert_allclose(value, -log_likelihood(FAKE, FAKE_LABELS), rtol=1e-12)


def test_each_player_has_its_weight():
    plain, weighted = losses.AuxiliaryClassifier(), losses.AuxiliaryClassifier(0.5, 0.1)
    batch = LABELED, LABELS, FAKE, FAKE_LABELS
    np.testing.assert_allclose(
        weighted.discriminator(*batch), 0.5 * plain.discriminator(*batch), rtol=1e-12
    )
    np.testing.assert_allclose(
        weighted.generator(FAKE, FAKE_LABELS), 0.1 * plain.generator(FAKE, FAKE_LABELS), rtol=1e-12
    )


def test_without_fakes_the_discriminator_learns_from_real_examples_alone():
    loss = losses.AuxiliaryClassifier(classify_fakes=False)
    expected = -log_likelihood(LABELED, LABELS)
    np.testing.assert_allclose(loss.discriminator(LABELED, LABELS), expected, rtol=1e-12)
    value = loss.discriminator(LABELED, LABELS, FAKE, FAKE_LABELS)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
