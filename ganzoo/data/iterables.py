"""Batches of Python iterables: generators, loaders of other libraries, lists, and functions."""

import collections.abc
import inspect
import itertools
import warnings

import keras
import numpy as np

from ganzoo.data.batch_parts import host_parts

# `tf.data.UNKNOWN_CARDINALITY`. The only other negative number stands for data without end.
_UNKNOWN = -2
# What is iterable or callable, and no source of batches.
_NO_BATCHES = (type, keras.layers.Layer, collections.abc.Mapping, str, bytes, bytearray)


class Passes:
    """The batches of a Python iterable, as often as it can be read.

    Args:
        source: An iterator, which can be read once; an iterable, such as a
            `torch.utils.data.DataLoader` or a list of batches; or a function that returns one of
            these, a `tf.data.Dataset` or a `keras.utils.PyDataset`, for each pass. A function with
            an argument gets the step at which the pass starts.

    Attributes:
        kind: Name of the kind of source, for messages and records.
        is_read_once: Whether there is a single pass.
        follows_step: Whether the source is told the step.
    """

    def __init__(self, source):
        self._source = source
        self.kind = type(source).__name__
        self.is_read_once = isinstance(source, collections.abc.Iterator)
        self.follows_step = False
        if callable(source) and not isinstance(source, collections.abc.Iterable):
            self.kind = "function"
            self.follows_step = _required_arguments(source) == 1

    @property
    def count(self):
        """Number of examples in a pass, or `None` if only its end tells it."""
        if isinstance(self._source, (list, tuple)):
            return sum(len(host_parts(batch)[0]) for batch in self._source)
        loader = self._source
        size = getattr(loader, "batch_size", None)
        if not isinstance(size, int) or not hasattr(loader, "sampler"):
            return None
        try:
            examples = len(loader.sampler)
        except TypeError:
            return None
        return examples // size * size if getattr(loader, "drop_last", False) else examples

    def source_at(self, step):
        """Returns the source of a pass that starts at a training step."""
        if self.kind != "function":
            return self._source
        return self._source(step) if self.follows_step else self._source()

    def read(self, step):
        """Returns an iterator of the batches of a pass, as they are.

        Args:
            step: The training step at which the pass starts.
        """
        return read_pass(self.source_at(step))


def read_pass(source):
    """Returns an iterator of the batches of a source, one after another.

    Raises:
        TypeError: If it is no source of batches.
    """
    if isinstance(source, keras.utils.PyDataset):
        length = length_of(source)
        indices = itertools.count() if length == float("inf") else range(length)
        return (source[index] for index in indices)
    if hasattr(source, "as_numpy_iterator"):
        return source.as_numpy_iterator()
    if not isinstance(source, collections.abc.Iterable):
        raise TypeError(
            "A function of data must return an iterable of batches. "
            f"Received: {type(source).__name__}"
        )
    return iter(source)


def length_of(batches):
    """Returns the number of batches, infinity if they have no end, or `None` if nobody knows.

    Args:
        batches: A `keras.utils.PyDataset` or a `tf.data.Dataset`.
    """
    if isinstance(batches, keras.utils.PyDataset):
        count = batches.num_batches
        return float("inf") if count is None else count
    count = int(batches.cardinality())
    if count == _UNKNOWN:
        return None
    return count if count >= 0 else float("inf")


def as_passes(source):
    """Returns the `Passes` of a Python iterable or a function, or `None` of anything else.

    Raises:
        ValueError: If a function takes more than a step.
    """
    if isinstance(source, _NO_BATCHES):
        return None
    if hasattr(source, "shape") or hasattr(source, "element_spec"):
        return None
    if isinstance(source, (list, tuple)):
        kinds = (list, tuple, collections.abc.Mapping)
        are_batches = source and all(isinstance(batch, kinds) for batch in source)
        return Passes(source) if are_batches else None
    if isinstance(source, collections.abc.Iterable):
        return Passes(source)
    if not callable(source):
        return None
    if _required_arguments(source) > 1:
        raise ValueError(
            "A function of data takes no argument, or the step at which it starts. "
            f"Received: a function of {_required_arguments(source)} arguments"
        )
    return Passes(source)


def of_one_size(batches, size):
    """Yields batches of `size` examples: batches of several sizes are joined and split again.

    Args:
        batches: Iterator of tuples of arrays, one row for each example.
        size: Number of examples in a batch.

    Warns:
        UserWarning: If the last examples do not fill a batch, and are left out.
    """
    parts, count = [], 0
    for batch in batches:
        parts.append(batch)
        count += len(batch[0])
        if count < size:
            continue
        joined = batch
        if len(parts) > 1:
            joined = tuple(map(np.concatenate, zip(*parts, strict=True)))
        for start in range(0, count - size + 1, size):
            yield tuple(part[start : start + size] for part in joined)
        count %= size
        parts = [tuple(part[len(part) - count :] for part in joined)] if count else []
    if count:
        warn_of_rest(count, size)


def warn_of_rest(count, size):
    """Warns that the last `count` examples of a pass do not fill a batch of `size` examples."""
    warnings.warn(
        f"The last {count:,} examples of a pass over the data do not fill a batch of {size:,}, "
        "and are left out of it. `ganzoo.data.gather` reads the data into memory, where each "
        "pass has a new order.",
        stacklevel=3,
    )


def _required_arguments(function):
    """Returns the number of arguments that a function must be given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in positional and one.default is one.empty for one in parameters)
