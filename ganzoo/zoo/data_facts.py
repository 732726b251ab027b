"""What a card says about the data that a model was trained on."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """What is known about a data set.

    Attributes:
        title: Its name for readers.
        license: Its license, or the words that none is known.
        origin: Its authors and its address.
        tag: Its name on model hubs, or `None`.
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
        "8 x 8 pixels that ganzoo ships, enlarged",
    ),
    "tfds:mnist": DataFacts(
        "MNIST",
        "CC BY-SA 3.0",
        "Y. LeCun, C. Cortes and C. J. C. Burges, http://yann.lecun.com/exdb/mnist/",
        "ylecun/mnist",
    ),
    "tfds:fashion_mnist": DataFacts(
        "Fashion-MNIST",
        "MIT, © 2017 Zalando SE",
        "H. Xiao, K. Rasul and R. Vollgraf, https://github.com/zalandoresearch/fashion-mnist",
        "zalando-datasets/fashion_mnist",
    ),
    "tfds:cifar10": DataFacts(
        "CIFAR-10",
        "none stated by its authors",
        "A. Krizhevsky, 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
        "uoft-cs/cifar10",
    ),
}


def facts_of(source: str) -> DataFacts:
    """Returns what is known about a data source.

    Args:
        source: The source, as for `ganzoo.data.load`.

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
            "not known to ganzoo; ask whoever trained the model",
            "the trainer's own images",
        )
    if kind == "hf":
        name = argument.removeprefix("//").partition("@")[0]
        address = f"https://huggingface.co/datasets/{name}"
        return DataFacts(name, f"see {address}", address, name)
    return DataFacts(source, "not known to ganzoo", "see the source of the data")
