"""Features of images that a descent can follow: of ganzoo's classifiers, or of Inception."""

from collections.abc import Callable

import numpy as np


def feature_function(extractor, example_shape) -> Callable | None:
    """Returns the function from images in [-1, 1] to the features of an extractor.

    Args:
        extractor: One of ganzoo's extractors, or `None`, for which there is no function.
        example_shape: Shape of the images.

    Raises:
        ValueError: If it is something else, or does not take such images.
    """
    if extractor is None:
        return None
    if len(example_shape) != 3 or not hasattr(extractor, "differentiable_features"):
        raise ValueError(
            "`extractor` must be one of ganzoo's extractors for images, such as "
            f"`ganzoo.extractors.get('mnist')`. Received: {extractor!r}, for examples of shape "
            f"{example_shape}"
        )
    extractor.prepare(np.zeros((1, *example_shape), "uint8"))  # Checks the channels.
    return lambda images: extractor.differentiable_features((images + 1.0) * 127.5)
