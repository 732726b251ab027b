"""The examples and the labels of a batch, as the data sets of other libraries have them."""

import collections.abc
import numbers
import warnings

import numpy as np

from ganzoo.data import cures
from ganzoo.data.classes import listed

# The keys of a batch that is a dictionary, as in TensorFlow Datasets.
IMAGE, LABEL = "image", "label"
# What the parts of a tuple are called in messages.
_NAMES = ("images", "labels", "weights")
_FORMS = (
    "`examples`, `(examples, labels)`, or a dictionary of the examples under 'image' and their "
    "labels under 'label', all arrays"
)


def parts_of(batch, mapping=cures.ITERABLE):
    """Returns the examples and the labels, or `None`, of a batch or of the specification of one.

    Args:
        batch: An array; a tuple or list of examples and labels; or a dictionary with the keys
            "image" and "label". Parts that are `None` do not count.
        mapping: The `ganzoo.data.cures.BatchMapping` of the data, for messages.

    Raises:
        ValueError: If the batch has another structure. The message has the line that changes it.
    """
    batch = _unwrapped(batch)
    parts = batch
    if isinstance(batch, collections.abc.Mapping) and IMAGE in batch:
        parts = batch[IMAGE], batch.get(LABEL)
    if not isinstance(parts, (tuple, list)):
        parts = (parts, None)
    if len(parts) == 2:
        examples, labels = _only_value(parts[0], IMAGE), _only_value(parts[1], LABEL)
        if _is_list_of_scalars(labels):
            labels = np.array(labels)
        if hasattr(examples, "shape") and (labels is None or hasattr(labels, "shape")):
            return examples, labels
    raise ValueError(
        f"A batch must be {_FORMS}{_cure(batch, mapping)}. Received: a batch of {_structure(batch)}"
    )


def has_keys(batch):
    """Returns whether a batch is a dictionary."""
    return isinstance(_unwrapped(batch), collections.abc.Mapping)


def warn_of_unread_keys(batch, stacklevel=5):
    """Warns of the parts of a dictionary that are not read."""
    batch = _unwrapped(batch)
    if isinstance(batch, collections.abc.Mapping):
        unread = [name for name in batch if name not in (IMAGE, LABEL)]
        if unread:
            warnings.warn(
                "Of a batch that is a dictionary, 'image' and 'label' are read and nothing else. "
                f"Received: also {listed(unread)}",
                stacklevel=stacklevel,
            )


def host_parts(batch, mapping=cures.ITERABLE):
    """Returns the examples and the labels, or `None`, of a batch as NumPy arrays."""
    return tuple(None if part is None else as_numpy(part) for part in parts_of(batch, mapping))


def as_numpy(part):
    """Returns an array or a tensor of any library as a NumPy array."""
    if hasattr(part, "detach"):
        # A tensor of PyTorch, which may lie on a GPU or have a gradient.
        part = part.detach().cpu().numpy()
    return np.asarray(part)


def check_batched(examples, labels, mapping, example_shape=None):
    """Raises `ValueError` for a single example in place of a batch.

    Args:
        examples: Examples, an array or a specification whose rank is known.
        labels: Their labels, or `None`.
        mapping: The `ganzoo.data.cures.BatchMapping` of the data.
        example_shape: Shape of an example, or `None` if nobody knows.
    """
    shape = tuple(examples.shape)
    # `None` or a shape that TensorFlow does not know is unequal to ().
    is_single = len(shape) < 2 or getattr(labels, "shape", None) == ()
    if example_shape is not None and len(shape) == len(example_shape):
        pairs = zip(shape, example_shape, strict=True)
        is_single = is_single or all(size in (None, other) for size, other in pairs)
    if is_single:
        if mapping is cures.TENSORS:
            cure = "use `dataset.batch(64, drop_remainder=True)`"
        else:
            cure = (
                "give `torch.utils.data.DataLoader` a `batch_size`, and other iterables of single "
                "examples to `tf.data.Dataset.from_generator`, which has the method `batch`"
            )
        kind = "A `tf.data.Dataset`" if mapping is cures.TENSORS else "An iterable"
        raise ValueError(
            f"{kind} must yield batches: {cure}. Received: single examples of shape {shape}"
        )


def _unwrapped(batch):
    """Returns a batch without tuples around it, and without parts that are `None` at its end."""
    while isinstance(batch, (tuple, list)):
        parts = list(batch)
        while parts[1:] and parts[-1] is None:
            parts.pop()
        if len(parts) != 1:
            return tuple(parts)
        batch = parts[0]
    return batch


def _only_value(part, name):
    """Returns the value of a dictionary with this key alone, and anything else as it is."""
    is_wrapped = isinstance(part, collections.abc.Mapping) and set(part) == {name}
    return part[name] if is_wrapped else part


def _is_list_of_scalars(part):
    scalars = (str, bytes, numbers.Number)
    return isinstance(part, (list, tuple)) and all(isinstance(one, scalars) for one in part)


def _cure(batch, mapping):
    """Returns a text that tells how a batch of another structure is changed, or an empty one."""
    if isinstance(batch, collections.abc.Mapping) and IMAGE in batch:
        return (
            ". Pictures and other objects must become arrays of equal shapes first; a data set of "
            '`datasets` does it by `lambda: dataset.with_format("numpy").iter(64)`'
        )
    if isinstance(batch, collections.abc.Mapping) and batch:
        return f": choose among its keys, e.g. {mapping.line('row', _choice(batch, 'row'))}"
    if not isinstance(batch, tuple) or len(batch) < 2:
        return ""
    arguments = (*_NAMES, *(f"part_{index}" for index in range(len(_NAMES), len(batch))))
    arguments = arguments[: len(batch)]
    chosen = f"({_part(batch[0], 'images', IMAGE)}, {_part(batch[1], 'labels', LABEL)})"
    line = mapping.line(", ".join(arguments), chosen)
    if len(batch) == 3 and hasattr(batch[2], "shape"):
        return f". There are no sample weights, so leave them out: {line}"
    return f": choose among its parts, e.g. {line}"


def _part(part, name, key):
    """Returns code for the array in one part of a batch."""
    if isinstance(part, collections.abc.Mapping) and part:
        return f"{name}[{_likely(part, key)!r}]"
    return f"{name}[0]" if isinstance(part, (tuple, list)) and part else name


def _choice(batch, row):
    """Returns code for the examples, or the pair of them and their labels, of a dictionary."""
    image = _likely(batch, IMAGE)
    label = next((name for name in batch if LABEL in str(name) and name != image), None)
    return f"{row}[{image!r}]" if label is None else f"({row}[{image!r}], {row}[{label!r}])"


def _likely(keys, word):
    return next((name for name in keys if word in str(name)), next(iter(keys)))


def _structure(batch):
    """Returns the structure of a batch in words, without its values."""
    if isinstance(batch, collections.abc.Mapping):
        inner = ", ".join(f"{name!r}: {_structure(part)}" for name, part in batch.items())
        return f"{{{inner}}}"
    if isinstance(batch, (tuple, list)) and not _is_list_of_scalars(batch):
        return f"({', '.join(map(_structure, batch))})"
    return type(batch).__name__
