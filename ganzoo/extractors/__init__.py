"""Networks whose features and classes samples are measured by.

    extractor = ganzoo.extractors.get("mnist")
    metric = ganzoo.metrics.FrechetDistance(extractor)

An extractor is a callable of uint8 images `(batch, height, width, channels)` that returns an array
`(batch, dimensions)`. Its string attributes `name`, `sha256` (of its weights) and, if it resizes,
`resize` enter the protocol of every figure. Those here return `"features"`, for the distances, or
`"probabilities"`, for the Inception score and the coverage of modes:

    classes = ganzoo.extractors.get("mnist", "probabilities")
    score, modes = ganzoo.metrics.InceptionScore(classes), ganzoo.metrics.ModeCoverage(classes)

**Yours.** A function that returns such a callable needs three lines to have a name of its own:

    @ganzoo.extractors.register("faces")
    def faces(output="features", **arguments):
        return FaceNetwork(output, **arguments)

To be saved with a metric, it must have `get_config` and be registered with Keras, as `Classifier`.
"""

import functools

from ganzoo.extractors.checks import check_extractor
from ganzoo.extractors.classifier import Classifier, name_for
from ganzoo.extractors.inception import Inception
from ganzoo.registry import Registry

__all__ = ["Classifier", "Inception", "get", "get_for", "names", "register"]

_EXTRACTORS = Registry("feature extractor")


def register(name):
    """Returns a decorator that makes a function or class available to `get` under `name`.

    It is called with the arguments that `get` was given after the name, and returns an extractor.
    """
    return _EXTRACTORS.register(name)


def get(identifier, *arguments, **keywords):
    """Returns the feature extractor that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.extractors.names()`, or an extractor, which is
            returned.
        *arguments: Arguments of the extractor, with a name only; first of all `output`,
            `"features"` (the default) or `"probabilities"`.
        **keywords: Likewise.

    Raises:
        FileNotFoundError: If the weights are not there; the message says how to make them.
        ValueError: If it is neither, or its `name` or `sha256` are missing.

    Example:

    >>> ganzoo.extractors.get("digits", "probabilities").name
    'digits-classifier'
    """
    if isinstance(identifier, str):
        return check_extractor(_EXTRACTORS[identifier](*arguments, **keywords))
    if arguments or keywords:
        raise ValueError(
            "Arguments are for an extractor that is given by its name. "
            f"Received: identifier={identifier!r}, {arguments!r}, {keywords!r}"
        )
    if identifier is None:
        raise ValueError(
            f"An extractor must be one of the names {', '.join(names())}, or a callable. "
            "Received: None"
        )
    return check_extractor(identifier)


def get_for(source):
    """Returns the extractor of the package that was trained on a data source, or `None`.

    Args:
        source: The source as `ganzoo.data.load` names it.

    Example:

    >>> ganzoo.extractors.get_for("tfds:mnist").name
    'mnist-classifier'
    """
    name = name_for(source)
    return None if name is None else get(name)


def names():
    """Returns the names of all extractors in alphabetical order."""
    return _EXTRACTORS.names()


register("inception")(Inception)
for _data in ("cifar10", "digits", "fashion_mnist", "mnist"):
    register(_data)(functools.partial(Classifier, _data))
