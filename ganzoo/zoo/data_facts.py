"""What a card says about the data that a model was trained on."""

import dataclasses
from collections.abc import Mapping


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


# What somebody who publishes a model can say about its data.
STATED = ("title", "license", "origin")


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


def check_stated(stated: Mapping[str, str]) -> None:
    """Raises `ValueError` unless what is said about data has known names, and words.

    Args:
        stated: A mapping of some of `STATED` to words in one line.
    """
    if not isinstance(stated, Mapping):
        raise ValueError(f"Expected a mapping of {', '.join(STATED)}. Received: {stated!r}")
    for name, words in stated.items():
        if name not in STATED:
            raise ValueError(
                f"About data, a card says {', '.join(STATED)}. Received: about_data={dict(stated)}"
            )
        if not isinstance(words, str) or not words.strip() or not words.isprintable():
            raise ValueError(
                f"About data, a card needs words in one line. Received: {name}={words!r}"
            )


def facts_of(data: Mapping) -> DataFacts:
    """Returns what is known about the data of a published model.

    Args:
        data: The facts about the data in its `metrics.json`: a mapping with the `source`, as for
            `ganzoo.data.load`, and perhaps with `about`, which says some of `STATED`.

    Raises:
        ValueError: If `about` says anything else.

    Example:

    >>> facts_of({"source": "tfds:mnist"}).license
    'CC BY-SA 3.0'
    >>> facts_of({"source": "folder:noto", "about": {"title": "Noto emoji"}}).title
    'Noto emoji'
    """
    stated = data.get("about", {})
    check_stated(stated)
    return dataclasses.replace(_of_source(data["source"]), **stated)


def _of_source(source):
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
