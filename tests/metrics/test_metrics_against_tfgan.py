"""TF-GAN gives the same values for the same features."""

import numpy as np
import tensorflow as tf
from metric_cases import features, probabilities

from ganzoo import metrics
from support import tfgan

classifier_metrics = tfgan.module("eval.classifier_metrics")

REAL, FAKE = features(600, 24), features(500, 24, seed=1, shift=0.2)


def test_inception_score():
    p = probabilities(500)
    theirs = classifier_metrics.classifier_score_from_logits(tf.constant(np.log(p)))
    np.testing.assert_allclose(metrics.inception_score(p, splits=1)[0], theirs, rtol=1e-9)


def test_frechet_distance():
    theirs = classifier_metrics.frechet_classifier_distance_from_activations(
        tf.constant(REAL), tf.constant(FAKE)
    )
    np.testing.assert_allclose(metrics.frechet_distance(REAL, FAKE), theirs, rtol=1e-6)


def test_kernel_distance():
    theirs = classifier_metrics.kernel_classifier_distance_from_activations(
        tf.constant(REAL), tf.constant(FAKE)
    )
    np.testing.assert_allclose(metrics.polynomial_mmd(REAL, FAKE), theirs, rtol=1e-9)
