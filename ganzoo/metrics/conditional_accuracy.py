"""How often samples belong to the requested class."""

import numpy as np

from ganzoo.metrics.features import check_features
from ganzoo.metrics.mode_coverage import check_modes


def conditional_accuracy(probabilities, labels) -> float:
    """Returns the share of samples that a classifier assigns to the class they were drawn for.

    Compare it with the accuracy of the same classifier on real images, which it should not be
    expected to exceed. It does not measure the variety within a class.

    Args:
        probabilities: The classifier's probabilities or logits of each sample, `(count, classes)`.
            Among equal ones, the first counts.
        labels: The class that each sample was drawn for, integers `(count,)`.

    Returns:
        A float in [0, 1].

    Raises:
        ValueError: If they are not such arrays, or their lengths differ.

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
