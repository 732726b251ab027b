"""What a card says of the data that a model was trained on."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """What is known of a data set.

    Attributes:
        title: What it is called.
        license: Under which license it is, or that none is known.
        origin: Who made it, with an address.
        tag: Its name on the hubs of models, or `None`.
    """

    title: str
    license: str
    origin: str
    tag: str | None = None


_KNOWN = {
    "digits": DataFacts(
        "UCI optical digits",
        "CC BY 4.0",
        "E. Alpaydin and C. Kaynak, 1998, https://doi.org/10.24432/C50P49; the 1,797 digits of "
        "8 x 8 pixels that scikit-learn bundles, enlarged",
    ),
    "tfds:mnist": DataFacts(
        "MNIST",
        "CC BY-SA 3.0",
        "Y. LeCun, C. Cortes and C. J. C. Burges, http://yann.lecun.com/exdb/mnist/",
        "mnist",
    ),
    "tfds:fashion_mnist": DataFacts(
        "Fashion-MNIST",
        "MIT, © 2017 Zalando SE",
        "H. Xiao, K. Rasul and R. Vollgraf, https://github.com/zalandoresearch/fashion-mnist",
        "fashion_mnist",
    ),
    "tfds:cifar10": DataFacts(
        "CIFAR-10",
        "none stated by its authors",
        "A. Krizhevsky, 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
        "cifar10",
    ),
}


def facts_of(source):
    """Returns the `DataFacts` of a source as `ganzoo.data.load` names it.

    Example:

    >>> facts_of("tfds:mnist").license
    'CC BY-SA 3.0'
    """
    kind, _, argument = source.partition(":")
    if source in _KNOWN:
        return _KNOWN[source]
    if kind == "folder":
        return DataFacts(
            f"the images of the folder {argument!r}",
            "not known to ganzoo, but to whoever trained the model; it is that of the images",
            "the trainer's own images",
        )
    return DataFacts(source, "not known to ganzoo", "see the source of the data")
