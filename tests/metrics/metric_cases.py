"""Samples, an extractor, and input for every metric."""

import keras
import numpy as np

from ganzoo import metrics
from ganzoo.extractors.network_extractor import NetworkExtractor, softmax


def features(count, dimensions=8, seed=0, shift=0.0):
    """Correlated Gaussian features, float64."""
    draws = np.random.default_rng(seed)
    mixing = np.random.default_rng(100).normal(size=(dimensions, dimensions)) / dimensions**0.5
    return draws.normal(size=(count, dimensions)) @ mixing + shift


def probabilities(count, classes=6, seed=0):
    logits = 2 * np.random.default_rng(seed).normal(size=(count, classes))
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True)


def images(count, size=12, channels=1, seed=0):
    draws = np.random.default_rng(seed)
    return draws.integers(0, 256, (count, size, size, channels), dtype="uint8")


class Corners(NetworkExtractor):
    """A network without layers: sums of the rows and of the columns of a corner of 4 x 4 pixels."""

    name, sha256, resize = "corners", "0c", "top left corner"
    outputs = ("features", "probabilities")

    def __init__(self):
        super().__init__(batch_size=100)
        self.passes = 0

    def features(self, images):
        return self.run(images, "features")

    def probabilities(self, images):
        return softmax(self.run(images, "logits"))

    def prepare(self, images):
        return images[:, :4, :4].mean(axis=3)

    def network(self, image_shape):
        return self

    def predict_on_batch(self, batch):
        self.passes += 1
        return {"features": batch.sum(axis=2), "logits": batch.sum(axis=1) / 99}


@keras.saving.register_keras_serializable(package="metric_tests")
class Projection:
    """An extractor: a fixed random projection of the pixels."""

    def __init__(self, dimensions=4, sha256="0a1b"):
        self.name, self.sha256, self.dimensions = "projection", sha256, dimensions

    def __call__(self, images):
        pixels = np.asarray(images, np.float64).reshape(len(images), -1) / 255
        matrix = np.random.default_rng(7).normal(size=(pixels.shape[1], self.dimensions))
        return keras.ops.convert_to_tensor((pixels @ matrix).astype("float32"))

    def get_config(self):
        return {"dimensions": self.dimensions, "sha256": self.sha256}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


CENTERS = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])

# Name in the registry -> (arguments, generated samples, real samples or None).
CASES = {
    "frechet_distance": ({}, features(130, seed=1, shift=0.3), features(150)),
    "inception_score": ({"splits": 3}, probabilities(130), None),
    "kernel_distance": (
        {"subsets": 3, "subset_size": 60},
        features(130, seed=1, shift=0.3),
        features(150),
    ),
    "mixture_coverage": (
        {"centers": CENTERS, "deviation": 1.0},
        features(130, dimensions=2),
        None,
    ),
    "mode_coverage": ({}, np.random.default_rng(0).integers(0, 1000, 130), None),
    "pairwise_distance": ({}, features(130), None),
    "precision_recall": ({}, features(130, seed=1, shift=0.3), features(150)),
    "structural_similarity": ({"pairs": 20}, images(130), None),
}


def stream(metric, samples, reference=None, batch_size=64):
    """Passes samples to a metric batch by batch, and returns it."""
    for start in range(0, len(samples), batch_size):
        metric.update_state(samples[start : start + batch_size])
    for start in range(0, 0 if reference is None else len(reference), batch_size):
        metric.update_reference(reference[start : start + batch_size])
    return metric


def streamed(name, batch_size=64, order=None):
    """Returns the metric of that name after its samples, shuffled if `order` is given."""
    arguments, samples, reference = CASES[name]
    if order is not None:
        samples = samples[order.permutation(len(samples))]
        reference = None if reference is None else reference[order.permutation(len(reference))]
    return stream(metrics.get(name, **arguments), samples, reference, batch_size)


def values(metric):
    """Returns the values of a metric as an array."""
    result = metric.result()
    return np.array(list(result.values()) if isinstance(result, dict) else [result])
