"""The values of a model that its card gives, each next to the same value of real images.

A value says little without a comparison. Training images, measured as samples are, show what a
perfect copy of the data would reach.
"""

import numpy as np

from ganzoo.data import Dataset, philox
from ganzoo.data.classes import have_same_numbers, numbered_as
from ganzoo.extractors.checks import known_range
from ganzoo.metrics import Protocol, Result, conditional_accuracy
from ganzoo.metrics.base import kinds
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.training import GAN, SemiSupervisedGAN
from ganzoo.zoo.memorization import Nearest, Pixels

# How many samples are searched for copies, and how many are measured where no extractor fits.
_FEW = 1000


def measure(
    gan: GAN,
    training: Dataset,
    test: Dataset | None = None,
    extractor=None,
    n: int | None = None,
    labels: int | None = None,
    progress=None,
) -> tuple[dict, np.ndarray]:
    """Measures a GAN for its card.

    Args:
        gan: The `ganzoo.GAN` of images.
        training: The `ganzoo.data.Dataset` that it was trained on.
        test: A data set of images that it was not trained on, or `None`.
        extractor: Extractor of `ganzoo.extractors` that knows such images, or `None`.
        n: Number of samples; by default as many as the real images they are compared with.
        labels: For a semi-supervised GAN, how many labels it was trained with.
        progress: As for `ganzoo.metrics.Evaluation.measure`.

    Returns:
        Facts for the card, plain data, and the picture of nearest neighbors, a uint8 array.

    Raises:
        ValueError: If there are fewer than 2 training images, or a metric does not fit the images.
    """
    if len(training) < 2:
        raise ValueError(f"A card needs at least 2 training images. Received: {training!r}")
    # Metrics and pictures are of 8 bits.
    training, test = (data and data.in_eight_bits() for data in (training, test))
    reference = training if test is None else test
    sample = gan.sampler_for(reference)
    images = training.examples[philox.permutation(0, 0, len(training))]
    if extractor is None:
        samples, real = _by_pixels(sample, images, n or _FEW, progress)
    else:
        n = len(reference) if n is None else n
        samples = _evaluation(reference, extractor, n).measure(sample, progress=progress)
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
    with known_range():
        nearest, picture = Nearest(sample(_FEW), images, held_out, spaces).measure()
    nearest["real_of"] = len(reference)
    facts = {"samples": _plain(samples), "real": _plain(real), "nearest": nearest}
    return facts, picture


def _evaluation(reference, extractor, n):
    names = _metrics_of_cards("features", reference.example_shape, n, extractor)
    return Evaluation(names, reference, extractor, n)


def _by_pixels(sample, images, n, progress):
    """Returns the values that need no network, of samples and of training images."""
    names = _metrics_of_cards("pixels", images.shape[1:], n, Pixels())
    samples = Evaluation(names, None, Pixels(), n).measure(sample, progress=progress)
    count = min(n, len(images))
    real = Evaluation(names, None, Pixels(), count).measure(images[:count], progress=progress)
    return samples, real


def _metrics_of_cards(space, example_shape, n, extractor):
    """Returns the names of the metrics that a card gives: by an extractor, or by pixels."""
    return [
        name
        for name, kind in kinds().items()
        if kind.card == space
        and kind.is_meaningful(example_shape, n)
        and ("probabilities" not in kind.needs or hasattr(extractor, "probabilities"))
    ]


def _tells_classes(extractor, gan, data):
    return (
        gan.num_classes is not None
        and data.labels is not None
        and hasattr(extractor, "probabilities")
        and getattr(extractor, "num_classes", None) == gan.num_classes == data.num_classes
        and have_same_numbers(gan.class_names, data.class_names)
        and have_same_numbers(gan.class_names, getattr(extractor, "class_names", None))
    )


def _class_accuracies(gan, data, classifier, n):
    """Returns the classifier's accuracy on samples of chosen classes, and on real images."""
    labels = np.arange(n) % gan.num_classes
    samples = gan.pixels.in_eight_bits(gan.sample(n, labels=labels))
    name = " ".join(filter(None, (data.name, data.split)))

    def result(images, labels, **settings):
        # A generator that has collapsed may draw nothing but black.
        with known_range():
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


def tells_error(gan: GAN, data: Dataset | None) -> bool:
    """Whether a model is a classifier, and the data have labels to check it by."""
    return isinstance(gan, SemiSupervisedGAN) and data is not None and data.labels is not None


def error_of(gan: SemiSupervisedGAN, test: Dataset, labels: int | None = None) -> Result:
    """Returns the share of test images that a semi-supervised GAN classifies wrongly.

    Args:
        gan: The `ganzoo.SemiSupervisedGAN`.
        test: Data set with labels.
        labels: How many labels it was trained with, if known.
    """
    test = numbered_as(test, gan.class_names, "the model")
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
