"""How well a classifier that was trained on samples classifies real images."""

import copy
from collections.abc import Sequence

import keras
import numpy as np

from ganzoo.data import Dataset
from ganzoo.data.classes import numbered_as
from ganzoo.data.images import convert_array
from ganzoo.data.random_crops import RandomCrops
from ganzoo.extractors.classifier_network import SIDE, classifier_network
from ganzoo.extractors.classifier_training import fit_classifier, shifted_and_flipped
from ganzoo.extractors.network_extractor import float32
from ganzoo.validation import (
    check_number_between,
    check_positive,
    check_positive_integer,
    check_seed,
    describe,
)

_TEST_BATCH = 500
_MOMENTUM = 0.9  # So that statistics do not lag after few steps.


def classification_accuracy(
    train: Dataset | Sequence[Dataset],
    test: Dataset,
    steps: int = 1000,
    batch_size: int = 64,
    shift: int = 0,
    flip: bool = False,
    learning_rate: float = 3e-3,
    widths: tuple[int, int, int] = (24, 48, 96),
    seed: int = 0,
) -> float:
    """Trains a small classifier, and returns its accuracy on test images.

    With samples of a conditional GAN as training images, this is the classification accuracy score,
    or GAN-train: it is low if samples belong to wrong classes, look unreal, or lack variety. With
    real images and samples, it tells whether the samples help a classifier of few images.

    Compare accuracies of the same settings and of several seeds. The network is the one of
    ganzoo's own extractors, trained with AdamW and a rate that falls to 0.

    Args:
        train: Images with labels, uint8 or float. Or a list of several such data sets, such as real
            images and samples: each batch then has equal parts of all of them.
        test: Images with labels. Classes are compared by their names, if both sides have some.
        steps: Updates of the classifier.
        batch_size: Images in each update, a multiple of the number of data sets.
        shift: Training images are shifted by up to this many of 32 pixels, mirrored at the border.
        flip: Whether training images are randomly mirrored left to right.
        learning_rate: First learning rate.
        widths: Channels of the three blocks of the network.
        seed: Seed of the initial weights, of the order and of the shifts.

    Returns:
        The share of test images that are classified correctly, in [0, 1].

    Raises:
        ValueError: If the data have no labels or other classes, are no images, or differ in the
            number of channels; if a data set is smaller than its part of a batch; or if a setting
            is out of range.

    Example:

    >>> labels = np.arange(1000) % gan.num_classes
    >>> samples = ganzoo.data.Dataset(gan.sample(1000, labels=labels), labels)
    >>> ganzoo.metrics.classification_accuracy(samples, test)
    0.81...

    Reference:
        [Classification Accuracy Score for Conditional Generative
        Models](https://arxiv.org/abs/1905.10887), and [How good is my
        GAN?](https://arxiv.org/abs/1807.09499), section 3, GAN-train.

    Deviations:
        The papers train ResNets for many epochs. This network is small, images are resized to 32
        pixels, and the number of steps does not depend on the number of images.
    """
    test = _checked("test", test)
    parts = [train] if isinstance(train, Dataset) else list(train)
    parts = [numbered_as(_checked("train", part), test.class_names, "`test`") for part in parts]
    for part in parts:
        _check_comparable(part, test)
    check_positive_integer("batch_size", batch_size)
    if not parts or batch_size % len(parts):
        raise ValueError(
            "`batch_size` must be a multiple of the number of data sets, of which there is at "
            f"least one. Received: batch_size={batch_size} with {len(parts)} data sets"
        )
    check_positive_integer("steps", steps)
    check_number_between("shift", shift, 0, SIDE - 1)
    check_positive("learning_rate", learning_rate)
    check_seed(seed)
    batches = [
        _resized(part).batches(batch_size // len(parts), seed=seed + number)
        for number, part in enumerate(parts)
    ]

    def batch(step):
        images, labels = (
            np.concatenate(arrays)
            for arrays in zip(*(one.batch(step) for one in batches), strict=True)
        )
        if shift or flip:
            rng = np.random.default_rng((seed, step))
            images = shifted_and_flipped(images, shift, flip, rng)
        return images, labels

    with float32():
        network = classifier_network(
            test.image_shape[2], test.num_classes, widths, momentum=_MOMENTUM
        )
        _initialize(network, seed)
        fit_classifier(network, batch, steps, learning_rate)
    classifier = keras.Model(network.input, network.output["logits"])
    logits = classifier.predict(_resized(test).examples, _TEST_BATCH, verbose=0)
    return float(np.mean(logits.argmax(axis=1) == test.labels))


def _checked(name, data):
    if not isinstance(data, Dataset) or not data.has_images or data.labels is None:
        raise ValueError(
            f"`{name}` must be a `ganzoo.data.Dataset` of images with labels. "
            f"Received: {name}={describe(data)}"
        )
    if isinstance(data, RandomCrops):
        raise ValueError(
            "Images are resized whole, so that there are no random crops: load them without "
            f"crop='random'. Received: {name}={data!r}"
        )
    return data.in_eight_bits()


def _check_comparable(part, test):
    if part.image_shape[2] != test.image_shape[2] or part.num_classes != test.num_classes:
        raise ValueError(
            "The training images must have the channels and the classes of the test images. "
            f"Received: {part!r} and {test!r}"
        )


def _resized(data):
    images = data.examples
    if images.dtype != np.uint8:
        images = np.rint((images + 1) * 127.5).astype(np.uint8)
    result = copy.copy(data)
    result.examples = convert_array(images, (SIDE, SIDE))
    return result


def _initialize(network, seed):
    """Draws the kernels from the seed alone: Keras's own seed is global."""
    kernels = [variable for variable in network.trainable_variables if len(variable.shape) > 1]
    seeds = np.random.SeedSequence(seed).generate_state(len(kernels)) >> 1
    for kernel, one in zip(kernels, seeds.tolist(), strict=True):
        kernel.assign(keras.initializers.GlorotUniform(seed=one)(kernel.shape))
