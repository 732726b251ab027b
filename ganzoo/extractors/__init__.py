"""Networks whose features and classes are used to measure samples.

    extractor = ganzoo.extractors.get("mnist")
    metric = ganzoo.metrics.FrechetDistance(extractor)

An extractor is a callable of uint8 images `(batch, height, width, channels)` that returns an array
`(batch, dimensions)`. Its string attributes `name`, `sha256` (of its weights) and, if it resizes,
`resize` are part of the protocol of every value. The extractors here return `"features"`, for the
distances, or `"probabilities"`, for the Inception score and the coverage of modes:

    classes = ganzoo.extractors.get("mnist", "probabilities")
    score, modes = ganzoo.metrics.InceptionScore(classes), ganzoo.metrics.ModeCoverage(classes)

**Your own.** Three lines give a name to a function that returns such a callable:

    @ganzoo.extractors.register("faces")
    def faces(output="features", **arguments):
        return FaceNetwork(output, **arguments)

A metric can be saved with its extractor if the extractor has a `get_config` and is registered with
Keras, as `Classifier` is.
"""

import functools
from collections.abc import Callable

from ganzoo.extractors.checks import check_extractor
from ganzoo.extractors.classifier import Classifier, name_for
from ganzoo.extractors.inception import Inception
from ganzoo.registry import Registry

__all__ = ["Classifier", "Inception", "get", "get_for", "names", "register"]

_EXTRACTORS = Registry("feature extractor")


def register(name: str) -> Callable:
    """Returns a decorator that makes a function or class available to `get` under `name`.

    `get` calls it with the arguments after the name, and it returns an extractor.
    """
    return _EXTRACTORS.register(name)


def get(identifier: str | Callable, *arguments, **keywords) -> Callable:
    """Returns the feature extractor that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.extractors.names()`, or an extractor, which is
            returned.
        *arguments: Arguments of the extractor, only with a name. The first one is `output`,
            `"features"` (the default) or `"probabilities"`.
        **keywords: More arguments of the extractor, only with a name.

    Raises:
        FileNotFoundError: If the weights are missing; the message says how to train them.
        ValueError: If it is neither, or has no `name` or no `sha256`.

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


def get_for(source: str | None) -> Callable | None:
    """Returns the extractor of the package that was trained on a data source, or `None`.

    Args:
        source: The data source, as for `ganzoo.data.load`; `None` is not a source.

    Example:

    >>> ganzoo.extractors.get_for("tfds:mnist").name
    'mnist-classifier'
    """
    name = name_for(source)
    return None if name is None else get(name)


def names() -> list[str]:
    """Returns the names of all extractors in alphabetical order."""
    return _EXTRACTORS.names()


register("inception")(Inception)
for _data in ("cifar10", "digits", "fashion_mnist", "mnist"):
    register(_data)(functools.partial(Classifier, _data))
