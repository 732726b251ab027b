"""The figures of a model that its card gives, each with the same figure of real images beside it.

No figure is of use alone. Those of training images, measured as samples are, say what a perfect
copy of the data would reach.
"""

import numpy as np

from ganzoo.data import philox
from ganzoo.metrics import PairwiseDistance, Protocol, Result, conditional_accuracy
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.metrics.structural_similarity import StructuralSimilarity
from ganzoo.training import SemiSupervisedGAN
from ganzoo.zoo.memorization import Nearest, Pixels

# Samples that are looked at for copies, and where no extractor fits.
_FEW = 1000
# Below it, the Inception Score tells how evenly its splits were drawn from the classes.
_SCORED = 5000
_SMALLEST_SIDE = 11  # Of the window of structural similarity.


def measure(gan, training, test=None, extractor=None, n=None, labels=None, progress=None):
    """Measures a GAN for its card.

    Args:
        gan: The `ganzoo.GAN` of images.
        training: The `ganzoo.data.Dataset` that it was trained on.
        test: Likewise, with images that it was not trained on, or `None`.
        extractor: Extractor of `ganzoo.metrics.extractors` that knows such images, or `None`.
        n: Number of samples; by default as many as there are real images to compare them with.
        labels: Of a semi-supervised GAN, how many labels it was trained with.
        progress: As for `Evaluation.measure`.

    Returns:
        Facts for the card, plain data, and the picture of nearest neighbors.
    """
    if len(training) < 2:
        raise ValueError(f"Figures need at least 2 training images. Received: {training!r}")
    reference = training if test is None else test
    images = training.examples[philox.permutation(0, 0, len(training))]
    if extractor is None:
        samples, real = _without_extractor(gan, images, n, progress)
    else:
        n = len(reference) if n is None else n
        samples = _evaluation(reference, extractor, n).measure(gan.sample, progress=progress)
        real = {}
        if test is not None:
            count = min(n, len(images))
            real = _evaluation(test, extractor, count).measure(images[:count], progress=progress)
        if _tells_classes(extractor, gan, reference):
            drawn, found = _class_accuracies(gan, reference, extractor, n)
            samples["conditional_accuracy"], real["conditional_accuracy"] = drawn, found
    if tells_error(gan, test):
        samples["test_error"] = error_of(gan, test, labels)
    spaces = {"pixels": Pixels(), **({} if extractor is None else {extractor.name: extractor})}
    held_out = None
    if test is not None:
        held_out = test.examples[philox.permutation(0, 0, len(test))[:_FEW]]
    nearest, picture = Nearest(gan.sample(_FEW), images, held_out, spaces).measure()
    nearest["real_of"] = len(training if test is None else test)
    facts = {"samples": _plain(samples), "real": _plain(real), "nearest": nearest}
    return facts, picture


def _evaluation(reference, extractor, n):
    metrics = ["fid", "kid", "precision_recall"]
    if hasattr(extractor, "probabilities") and n >= _SCORED:
        metrics.append("is")
    return Evaluation(metrics, reference, extractor, n)


def _without_extractor(gan, images, n, progress):
    """Returns the figures that no network is needed for, of samples and of training images."""
    n = n or _FEW

    def metrics():
        similarity = min(images.shape[1:3]) >= _SMALLEST_SIDE
        return [PairwiseDistance(Pixels()), *([StructuralSimilarity()] if similarity else [])]

    samples = Evaluation(metrics(), n=n).measure(gan.sample, progress=progress)
    count = min(n, len(images))
    return samples, Evaluation(metrics(), n=count).measure(images[:count], progress=progress)


def _tells_classes(extractor, gan, data):
    return (
        gan.num_classes is not None
        and data.labels is not None
        and hasattr(extractor, "probabilities")
        and getattr(extractor, "num_classes", None) == gan.num_classes == data.num_classes
    )


def _class_accuracies(gan, data, classifier, n):
    """Returns the classifier's accuracy on samples of chosen classes, and on real images."""
    labels = np.arange(n) % gan.num_classes
    samples = gan.sample(n, labels=labels)
    name = " ".join(filter(None, (data.name, data.split)))

    def result(images, labels, **settings):
        value = conditional_accuracy(classifier.probabilities(images), labels)
        protocol = Protocol(
            "accuracy",
            classifier.name,
            classifier.sha256,
            samples=len(images),
            resize=classifier.resize,
            **settings,
        )
        return Result("accuracy", value, None, protocol)

    return (
        result(samples, labels, seed=0),
        result(data.examples, data.labels, reference=name),
    )


def tells_error(gan, data):
    """Whether a model is a classifier, and the data, or `None`, have labels to check it by."""
    return isinstance(gan, SemiSupervisedGAN) and data is not None and data.labels is not None


def error_of(gan, test, labels=None):
    """Returns the `Result` of which share of test images a semi-supervised GAN gets wrong.

    Args:
        gan: The `ganzoo.SemiSupervisedGAN`.
        test: Data set with labels.
        labels: How many labels it was trained with, if that is known.
    """
    wrong = float(np.mean(gan.classify(test.examples) != test.labels))
    protocol = Protocol(
        "test error",
        reference=" ".join(filter(None, (test.name, test.split))),
        reference_samples=len(test),
        settings={} if labels is None else {"labels": labels},
    )
    return Result("test error", wrong, None, protocol)


def _plain(results):
    return {name: result.to_dict() for name, result in results.items()}
