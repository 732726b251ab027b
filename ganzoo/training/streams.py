"""Ready batches of a `tf.data.Dataset` or a `keras.utils.PyDataset`, each of them checked."""

import warnings

import keras
import numpy as np

from ganzoo.data import Batches, cures
from ganzoo.data.batch_parts import (
    check_batched,
    has_keys,
    host_parts,
    parts_of,
    warn_of_unread_keys,
)
from ganzoo.data.checks import RangeEvidence
from ganzoo.data.iterables import warn_of_rest
from ganzoo.training.batch_check import BatchCheck

# So many images tell the range [-1, 1] from [0, 1].
ENOUGH = 512


def checked_dataset(gan, dataset, size):
    """Returns a `tf.data.Dataset` of batches of one size, and its `BatchCheck`.

    Args:
        gan: The GAN.
        dataset: A `tf.data.Dataset`. Batches of several sizes are joined and split again.
        size: Number of examples in each batch, or `None` for the size of the first batch.

    Raises:
        ValueError: If the first batches do not fit the GAN, or there are none.

    Warns:
        UserWarning: If the last examples do not fill a batch, and are left out; at the end of the
            first pass.
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        raise ValueError(
            "Give the `tf.data.Dataset` itself: `fit` distributes it. "
            f"Received: x of type {type(dataset).__name__}"
        )
    dataset, is_dictionary = _of_parts(dataset)
    has_tuples = isinstance(dataset.element_spec, tuple)
    examples, labels = parts_of(dataset.element_spec)
    if examples.shape.rank is None:
        raise ValueError(
            "The rank of the examples must be known: use `tf.ensure_shape` in a `dataset.map`. "
            f"Received: element_spec={dataset.element_spec!r}"
        )
    check_batched(examples, labels, cures.TENSORS, gan.example_shape)
    lines = cures.TENSORS.cures(labels is not None, is_dictionary)
    check = BatchCheck(gan, gan.class_names, lines, labels is not None)
    if examples.shape[0] is None:
        if size is None:
            size = next((len(parts_of(b)[0]) for b in dataset.take(1)), 1)
        dataset = _of_size(dataset, size)
    look(check, map(host_parts, dataset.as_numpy_iterator()), "a tf.data.Dataset")
    converts = gan.num_classes is not None and not _are_numbers(labels)

    def run(*parts):
        labels = check(*parts)[1]
        return labels if converts else np.zeros((), np.int32)

    def checked(*parts):
        result = tf.numpy_function(run, parts, tf.int32)
        if converts:
            with tf.control_dependencies([result]):
                return tf.identity(parts[0]), tf.ensure_shape(result, parts[0].shape[:1])
        with tf.control_dependencies([result]):
            parts = tf.nest.map_structure(tf.identity, parts)
        return parts if has_tuples else parts[0]

    return dataset.map(checked).prefetch(tf.data.AUTOTUNE), check


def _of_size(dataset, size):
    """Returns a `tf.data.Dataset` of full batches, which warns once of what does not fill one."""
    import tensorflow as tf

    has_warned = False

    def warn(count):
        nonlocal has_warned
        if not has_warned:
            warn_of_rest(int(count), size)
        has_warned = True
        return False

    def is_full(*parts):
        count = tf.shape(parts[0])[0]
        return tf.cond(
            tf.equal(count, size), lambda: True, lambda: tf.numpy_function(warn, [count], tf.bool)
        )

    def with_size(*parts):
        parts = tuple(tf.ensure_shape(part, (size, *part.shape[1:])) for part in parts)
        return parts if has_tuples else parts[0]

    has_tuples = isinstance(dataset.element_spec, tuple)
    return dataset.rebatch(size).filter(is_full).map(with_size)


def _of_parts(dataset):
    """Returns a `tf.data.Dataset` of examples or pairs, and whether it had dictionaries."""
    import tensorflow as tf

    spec = dataset.element_spec
    parts = parts_of(spec, cures.TENSORS)
    for part in parts:
        if part is not None and not isinstance(part, tf.TensorSpec):
            raise ValueError(
                "Batches must be dense tensors: use `to_tensor()` of a ragged tensor, or "
                "`tf.sparse.to_dense`, in a `dataset.map`. "
                f"Received: a part of type {type(part).__name__}"
            )
    plain = spec if isinstance(spec, tuple) else (spec,)
    if len(plain) < 3 and all(isinstance(part, tf.TensorSpec) for part in plain):
        return dataset, False
    warn_of_unread_keys(spec)

    def select(*batch):
        return tuple(part for part in parts_of(batch) if part is not None)

    return dataset.map(select), has_keys(spec)


def _are_numbers(labels):
    """Returns whether labels are integers, one for each example, as far as a specification says."""
    return labels.shape.rank == 1 and labels.dtype.is_integer


def checked_py_dataset(gan, dataset):
    """Returns a `keras.utils.PyDataset` that checks every batch, and its `BatchCheck`.

    Raises:
        ValueError: If the first batches or the last one do not fit the GAN, or there are none.
    """
    check = BatchCheck(gan, gan.class_names)
    count = dataset.num_batches  # `None` for endless data.
    indices = range(ENOUGH if count is None else count)
    if count != 0:
        warn_of_unread_keys(dataset[0])
        check.has_labels = parts_of(dataset[0])[1] is not None
    look(check, (host_parts(dataset[index]) for index in indices), "no batches")
    check.size = len(parts_of(dataset[0])[0])
    if count is not None:
        last = host_parts(dataset[count - 1])
        if count > 1 and len(last[0]) < check.size:
            warnings.warn(
                f"The last batch has {len(last[0]):,} examples in place of {check.size:,}, and is "
                "left out of each epoch.",
                stacklevel=4,
            )
            count -= 1
        else:
            check(*last)
    return _Checked(dataset, check, count), check


def look(check, batches, received):
    """Checks the first batches, until they show that their values are in the right range.

    Args:
        check: The `BatchCheck`.
        batches: Iterable of pairs of examples and labels, or `None`, as NumPy arrays.
        received: What the data are, for the message about data without batches.
    """
    evidence = None
    for batch in batches:
        examples, _ = check(*batch)
        evidence = evidence or RangeEvidence(check.cures)
        evidence.add(examples)
        if evidence.is_clear or evidence.count >= ENOUGH:
            break
    if evidence is None:
        raise ValueError(
            "The data must hold at least one batch, which is full. "
            f"Received: {received} without a full batch"
        )
    evidence.check()


def checked_parts(check, batch):
    """Returns a checked batch, as a tuple of examples and of what the networks take with them."""
    return tuple(part for part in check(*host_parts(batch)) if part is not None)


class _Checked(keras.utils.PyDataset):
    """The batches of a `PyDataset`, each of them checked.

    Attributes:
        kind: Name of the class of the batches.
    """

    def __init__(self, batches, check, count):
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self._batches, self._check, self._count = batches, check, count
        self.kind = type(batches).__name__

    @property
    def num_batches(self):
        return self._count

    def __getitem__(self, index):
        return checked_parts(self._check, self._batches[index])

    def on_epoch_begin(self):
        self._batches.on_epoch_begin()

    def on_epoch_end(self):
        self._batches.on_epoch_end()


class CheckedBatches(Batches):
    """The batches of a class of a user's own that inherits from `Batches`, each of them checked.

    Attributes:
        kind: Name of the class of the batches.

    Raises:
        ValueError: If the class changes `__getitem__`, which is one of two ways to a batch.
    """

    def __init__(self, batches, check):
        if type(batches).__getitem__ is not Batches.__getitem__:
            raise ValueError(
                "A subclass of `ganzoo.data.Batches` changes `batch(step)`, which several steps in "
                "one call need too, and not `__getitem__`. "
                f"Received: x of type {type(batches).__name__}"
            )
        super().__init__(batches.dataset, batches.batch_size, batches.seed, batches.steps_per_epoch)
        self._batches, self._check = batches, check
        self.kind = type(batches).__name__
        self.follow(batches._step_function)

    def batch(self, step):
        return checked_parts(self._check, self._batches.batch(step))
