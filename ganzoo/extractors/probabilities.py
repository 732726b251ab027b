"""The class probabilities of an extractor, as an extractor of its own."""

from collections.abc import Callable

import numpy as np


class Probabilities:
    """An extractor that returns the class probabilities of another one.

    Args:
        classifier: An extractor with the method `probabilities`.
    """

    output = "probabilities"

    def __init__(self, classifier: Callable):
        self._classifier = classifier
        self.name, self.sha256 = classifier.name, classifier.sha256
        self.resize = getattr(classifier, "resize", None)
        self.takes_lists = getattr(classifier, "takes_lists", False)

    def __call__(self, images) -> np.ndarray:
        """Returns the probabilities of uint8 images, `(batch, classes)`."""
        return self._classifier.probabilities(images)


def classifier_of(extractor: Callable) -> Callable:
    """Returns an extractor of class probabilities.

    Args:
        extractor: An extractor with the method `probabilities`, or one whose `output` is
            `"probabilities"`, which is returned.

    Raises:
        ValueError: If the extractor knows no classes.
    """
    if getattr(extractor, "output", None) == "probabilities":
        return extractor
    if not hasattr(extractor, "probabilities"):
        raise ValueError(
            "This metric needs a classifier, an extractor with the method `probabilities`. "
            f"Received: extractor={extractor!r}"
        )
    return Probabilities(extractor)
