"""How often samples are of the class that was asked for."""

import numpy as np

from ganzoo.metrics.features import check_features
from ganzoo.metrics.mode_coverage import check_modes


def conditional_accuracy(probabilities, labels):
    """Returns the share of samples that a classifier takes for the class they were drawn for.

    It says nothing without the accuracy of the same classifier on real images, which it cannot be
    expected to exceed, and nothing of the variety within a class.

    Args:
        probabilities: What the classifier gives for each sample, `(count, classes)`; logits do as
            well. Of equal ones the first counts.
        labels: The class that each sample was drawn for, integers `(count,)`.

    Returns:
        A float in [0, 1].

    Raises:
        ValueError: If they are not such arrays, or of different lengths.

    Example:

    >>> probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> round(ganzoo.metrics.conditional_accuracy(probabilities, np.array([0, 1, 1])), 4)
    0.6667

    Reference:
        [How good is my GAN?](https://arxiv.org/abs/1807.09499), section 3, GAN-test.
    """
    probabilities = check_features("probabilities", probabilities)
    labels = check_modes(labels, probabilities.shape[1])
    if len(labels) != len(probabilities):
        raise ValueError(
            "There must be one label for each sample. "
            f"Received: {len(labels)} labels, probabilities of shape {probabilities.shape}"
        )
    return float(np.mean(probabilities.argmax(axis=1) == labels))
