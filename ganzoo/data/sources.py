"""The names under which data are loaded: `digits`, `tfds:NAME`, `folder:PATH`, a packed file."""

import dataclasses
import inspect
import pathlib
from collections.abc import Callable

from ganzoo.data.dataset import Dataset
from ganzoo.data.image_options import check_channels, check_size
from ganzoo.data.shards import is_sharded
from ganzoo.files import user_path
from ganzoo.registry import Registry
from ganzoo.validation import describe, did_you_mean

SOURCES = Registry("data source")


class UnknownSplit(ValueError):
    """A data source has no split of the requested name."""


def check_split(split, choices):
    """Returns `split` if it is one of `choices`, or raises `UnknownSplit` that lists them."""
    if split not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise UnknownSplit(
            f"`split` must be one of {listed}.{did_you_mean(split, choices)} "
            f"Received: split={describe(split)}"
        )
    return split


def choose_feature(source, option, given, candidates, usual=()):
    """Returns the name of the feature of a source that an option names.

    Args:
        source: Name of the source.
        option: Name of the option.
        given: Its value, or `None` for the only candidate, or the only one of the usual ones.
        candidates: Names of the features of the right kind.
        usual: Names of the features that the source itself prefers.

    Returns:
        The name, or `None` if there is no candidate.

    Raises:
        ValueError: If it is no candidate, or if there are several and none is given.
    """
    if given is not None and given not in candidates:
        raise ValueError(
            f"`{option}` must be one of {candidates} in '{source}'. Received: {option}={given!r}"
        )
    preferred = [name for name in candidates if name in usual]
    if given is None and len(candidates) > 1 and len(preferred) != 1:
        raise ValueError(
            f"'{source}' has several features of this kind: pass `{option}`, one of {candidates}. "
            f"Received: {option}=None"
        )
    return given or next(iter(preferred or candidates), None)


@dataclasses.dataclass(frozen=True)
class Source:
    """One kind of data source.

    Attributes:
        name: The part before the colon, e.g. `"tfds"`.
        argument: Name of the part after the colon, e.g. `"NAME"`, or None if there is none.
        load: Function `(argument, split, size, channels, **options) -> Dataset`.
    """

    name: str
    argument: str | None
    load: Callable

    @property
    def usage(self):
        """The form of the source's name, e.g. `"tfds:NAME"`."""
        return self.name if self.argument is None else f"{self.name}:{self.argument}"

    @property
    def summary(self):
        """One sentence that describes the data."""
        return inspect.getdoc(self.load).splitlines()[0]

    @property
    def options(self):
        """Names of the options that it takes in addition to the options of `load`."""
        parameters = inspect.signature(self.load).parameters.values()
        return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


def register(name, argument=None):
    """Returns a decorator that makes a loading function available to `load` under `name`."""

    def enter(function):
        SOURCES.register(name)(Source(name, argument, function))
        return function

    return enter


def names() -> list[str]:
    """Returns the form of each source's name, e.g. `["arrays", "digits", "folder:PATH", ...]`."""
    return [SOURCES[name].usage for name in SOURCES.names()]


def load(
    source: str | pathlib.Path,
    split: str = "train",
    size: int | str | tuple[int, int] | None = None,
    channels: int | None = None,
    **options,
) -> Dataset:
    """Loads a data set into memory, images as uint8.

    Args:
        source: One of
            `"digits"`, 1,797 small handwritten digits, which come with ganzoo;
            `"tfds:NAME"`, a data set of TensorFlow Datasets;
            `"hf:USER/NAME"`, a data set on the Hugging Face Hub (extra `hub`);
            `"generated:PATH"`, a folder written by `ganzoo generate`;
            `"folder:PATH"`, a folder of image files;
            `"arrays"`, the arrays given as `images=` and `labels=`;
            `"toy:ring"` and `"toy:grid"`, mixtures of Gaussians in the plane;
            `"stacked_mnist"`, 1000 classes of three digits;
            `"packed:PATH"`, or just the path: a file written by `pack`, or a folder by
            `pack_shards`.
        split: Part of the source: `"train"`, `"test"`, or another one that the source has.
        size: Side of the images in pixels, (height, width), or a text such as "48x64". Images are
            cropped about their center to its aspect and resized with antialiasing. Defaults to
            their own size.
        channels: 1 for grayscale, 3 for color, 4 for color with alpha. Defaults to what the images
            have.
        **options: Further options of the source; see its function in `ganzoo.data`.

    Returns:
        A `ganzoo.data.Dataset`.

    Raises:
        ValueError: If the source, the split or an option is unknown, or the data are unusable.

    Example:

    >>> ganzoo.data.load("digits", size=32)
    Dataset('digits' train, 1,438 uint8 images of shape (32, 32, 1), 10 classes)
    """
    entry, argument = _parse(source)
    unknown = sorted(set(options) - set(entry.options))
    if unknown:
        raise ValueError(
            f"`{entry.usage}` takes the options: {', '.join(entry.options) or 'none'}. "
            f"Received: {', '.join(f'{name}={options[name]!r}' for name in unknown)}"
        )
    if not isinstance(split, str) or not split:
        raise ValueError(
            f"`split` must be a name such as 'train'. Received: split={describe(split)}"
        )
    return entry.load(
        argument, split=split, size=check_size(size), channels=check_channels(channels), **options
    )


def _parse(source):
    """Returns the `Source` and its argument."""
    if not isinstance(source, (str, pathlib.Path)) or not str(source):
        raise ValueError(
            f"`source` must be one of {', '.join(names())}. Received: source={describe(source)}"
        )
    text = str(source)
    name, colon, argument = text.partition(":")
    if name not in SOURCES.names():
        if text.endswith(".npz") or is_sharded(text):
            return SOURCES["packed"], text
        is_folder = not colon and user_path(text).is_dir()
        hint = f" Did you mean 'folder:{text}'?" if is_folder else _closest(name, argument)
        raise ValueError(
            f"`source` must be one of {', '.join(names())}.{hint} "
            f"Received: source={describe(source)}"
        )
    entry = SOURCES[name]
    if (entry.argument is None) != (not argument) or (colon and not argument):
        raise ValueError(
            f"Write this source as '{entry.usage}'. Received: source={describe(source)}"
        )
    return entry, argument


def _closest(name, argument):
    """Returns a sentence with the source whose name is most like a mistyped one, or `""`."""
    return did_you_mean(name, SOURCES.names()).replace("'?", f":{argument}'?" if argument else "'?")
