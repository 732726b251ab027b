"""Data sets on the Hugging Face Hub, through its library `datasets`."""

import re
import warnings

import numpy as np

from ganzoo import hub
from ganzoo.data.dataset import Dataset
from ganzoo.data.image_options import image_options
from ganzoo.data.images import convert_stream, is_transparent
from ganzoo.data.sources import UnknownSplit, choose_feature, register

_ARGUMENT = re.compile(r"(?://)?([^/@]+/[^/@]+)(?:/([^/@]+))?(@.+)?")


@register("hf", argument="USER/NAME")
def load_hub(
    argument,
    split="train",
    size=None,
    channels=None,
    *,
    image_key: str | None = None,
    label_key: str | None = None,
    alpha: str | None = None,
) -> Dataset:
    """A data set of images on the Hugging Face Hub, such as hf:zalando-datasets/fashion_mnist.

    All files of its repository are downloaded into the Hub's cache, and compared with the hashes
    that the Hub lists. Without a network, they are taken from the cache.

    Args:
        argument: Owner and name; then, where needed, a slash and its configuration, and an at sign
            and a revision: `"user/name"`, `"user/name/configuration"`, `"user/name@v1"`. Give a
            commit to get the same data at all times.
        split: A split, or a slice of one, e.g. `"train[:10%]"`.
        size: (height, width). Needed if the images differ in size.
        channels: 1, 3, 4 to keep alpha, or None.
        image_key: Name of the column of images; needed only if there are several.
        label_key: Name of the column of classes; needed only if there are several, or if it holds
            plain integers or texts.
        alpha: `"keep"` for a fourth channel; or a color such as `"#000000"` that transparent pixels
            are laid over. By default they are laid over white, and a warning says so.

    Raises:
        ImportError: If the extra `hub` is not installed.
        OSError: If the data cannot be downloaded, or a file has another hash.
        ValueError: If the name, the split or a column is unknown, or the data are unusable.
    """
    match = _ARGUMENT.fullmatch(argument)
    if match is None:
        raise ValueError(
            "Write this source as 'hf:user/name', 'hf:user/name/configuration' or with a revision "
            f"as 'hf:user/name@revision'. Received: source='hf:{argument}'"
        )
    datasets = _import_datasets()
    repository = hub.Repository.parse(f"hf:{match[1]}{match[3] or ''}", "dataset")
    folder, _ = hub.snapshot(repository)
    rows = _rows(datasets, str(folder), match[2], split, argument)
    image_key, label_key = _keys(datasets, rows.features, image_key, label_key, argument)
    labels = None if label_key is None else _labels(rows, label_key, argument)
    options = image_options(size, channels, alpha)
    images = (row[image_key] for row in rows.select_columns([image_key]))
    if alpha is None and options.channels != 4:
        images = _warning_of_alpha(images, argument)
    names = None if label_key is None else getattr(rows.features[label_key], "names", None)
    if names is None and labels is not None and labels.dtype.kind == "U":
        names = sorted(set(labels.tolist()))
    return Dataset(
        convert_stream(images, len(rows), options.size, options.channels, options.background),
        labels,
        class_names=names,
        name=f"hf:{argument}",
        split=split,
    )


def _warning_of_alpha(images, argument):
    """Yields the images, and warns once if one of them is transparent."""
    is_said = False
    for row, image in enumerate(images):
        if not is_said and is_transparent(image):
            is_said = True
            warnings.warn(
                "Transparent pixels are laid over white: alpha='keep' keeps alpha as a fourth "
                "channel, alpha='#ffffff' says that white is wanted, and another color is taken "
                f"in its place. Received: source='hf:{argument}' with alpha in row {row}",
                stacklevel=2,
            )
        yield image


def _import_datasets():
    hub.check_installed()
    try:
        import datasets
    except ImportError as error:
        raise ImportError(
            f'Data sets on the Hugging Face Hub need an extra: pip install "ganzoo[hub]". {error}'
        ) from error
    return datasets


def _rows(datasets, folder, configuration, split, argument):
    """Returns the rows of a split of the data set in a folder."""
    try:
        splits = datasets.load_dataset(folder, configuration)
    except Exception as error:  # Readers of many formats raise many kinds of errors.
        raise ValueError(
            f"The data set cannot be read. Received: source='hf:{argument}': "
            f"{type(error).__name__}: {error}"
        ) from error
    whole, bracket, _ = split.partition("[")
    if whole not in splits:
        raise UnknownSplit(
            f"`split` must be one of {', '.join(splits)} of 'hf:{argument}', or a slice of it. "
            f"Received: split={split!r}"
        )
    if not bracket:
        return splits[whole]
    return datasets.load_dataset(folder, configuration, split=split)


def _keys(datasets, features, image_key, label_key, argument):
    """Returns the names of the columns of images and of classes, or `None` for the latter."""
    images = [name for name, kind in features.items() if isinstance(kind, datasets.Image)]
    classes = [name for name, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    if label_key is not None and label_key not in classes:
        # A column of integers or texts may hold classes, and only the user knows.
        classes = [name for name in features if name not in images]
    source = f"hf:{argument}"
    image_key = choose_feature(source, "image_key", image_key, images)
    if image_key is None:
        raise ValueError(f"'{source}' has no images. Received: columns {list(features)}")
    return image_key, choose_feature(source, "label_key", label_key, classes)


def _labels(rows, label_key, argument):
    labels = np.asarray(rows[label_key][:])
    if labels.dtype.kind not in "iuU" or labels.ndim != 1:
        raise ValueError(
            f"A column of classes holds integers or texts. Received: label_key={label_key!r} of "
            f"'hf:{argument}', of type {labels.dtype}"
        )
    return labels
