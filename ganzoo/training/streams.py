"""Ready batches of a `tf.data.Dataset` or a `keras.utils.PyDataset`, each of them checked."""

import contextlib

import keras
import numpy as np

from ganzoo.data import Batches
from ganzoo.data.checks import ARRAY_CURES, RangeEvidence, check_examples, check_labels
from ganzoo.data.conditions import check_conditions
from ganzoo.training import output_range
from ganzoo.validation import describe

# So many images tell the range [-1, 1] from [0, 1].
_ENOUGH = 512

# What to write in each case in the function of a `dataset.map`.
_TENSOR_CURES = {
    **ARRAY_CURES,
    "[0, 1]": "images * 2 - 1",
    "[0, 255]": "images / 127.5 - 1",
    "{0, 1}": "images * 255",
    "bright": "tf.cast(tf.round((images + 1) * 127.5), tf.uint8)",
    "8 bits": "tf.cast(images, tf.uint8)",
    "16 bits": "tf.cast(images, tf.uint16)",
    "bool": "tf.cast(images, tf.uint8) * 255",
    "vectors": "tf.cast(images, tf.float32)",
    "half": "tf.cast(images, tf.float32)",
    "axis": "images[..., None]",
    "one-hot": "tf.argmax(labels, -1)",
    "column": "labels[:, 0]",
    "integers": "tf.cast(labels, tf.int32)",
    "from 1": "labels - 1",
}
_LABEL_CURES = ("one-hot", "column", "integers", "from 1")


class BatchCheck:
    """Checks batches of arrays: shapes, types, values and labels.

    Args:
        gan: The GAN that trains on them.
        class_names: Names of the classes where labels may be texts, or `None`.
        cures: What to write in each case, for messages.

    Attributes:
        size: Number of examples in each batch, or `None` if each may have its own.
        error: The first error, or `None`. TensorFlow raises another one in its place.
    """

    def __init__(self, gan, class_names=None, cures=ARRAY_CURES):
        self.error = self.size = None
        self.cures = cures
        self._class_names = class_names
        self._shape, self._num_classes = gan.example_shape, gan.num_classes
        self._condition_dim, self._without_labels = gan.condition_dim, without_labels(gan)
        # `None` after the first batch, and in a run that has begun.
        self._generator_range = gan.generator_range if gan.step == 0 else None

    def __call__(self, examples, labels=None):
        """Returns the examples, and the int32 labels or float32 conditions or `None`; or raises."""
        try:
            return self._checked(np.asarray(examples), labels)
        except (TypeError, ValueError) as error:
            self.error = self.error or error
            raise

    def _checked(self, examples, labels):
        examples = check_examples(examples, self.cures)
        if self.size is not None and len(examples) != self.size:
            raise ValueError(
                "All batches must have one size: drop the remainder. Received: a first batch of "
                f"{self.size} and another one of {len(examples)}"
            )
        check_shape(self._shape, examples, self.cures)
        output_range.check_examples(self._generator_range, examples)
        self._generator_range = None
        if self._num_classes is None and self._condition_dim is None:
            return examples, None
        if labels is None:
            raise self._without_labels
        if self._condition_dim is not None:
            return examples, check_conditions(labels, len(examples), self._condition_dim)
        return examples, self.checked_labels(labels, self._num_classes, len(examples))

    def checked_labels(self, labels, num_classes, count):
        """Returns the int32 labels of `count` examples, or raises."""
        labels = np.asarray(labels)
        names = self._class_names if labels.dtype.kind in "OSU" else None
        return check_labels(labels, num_classes, names, count, self.cures)[0]

    @contextlib.contextmanager
    def errors(self):
        """Raises the error of this check where TensorFlow raises one of its own."""
        try:
            yield
        except Exception as error:
            if self.error is None or error is self.error:
                raise
            raise self.error from None


def check_shape(expected, examples, cures=ARRAY_CURES):
    """Raises `ValueError` unless examples have the shape that the networks take."""
    shape = tuple(examples.shape[1:])
    if shape != expected:
        cure = ""
        if expected == (*shape, 1):
            cure = f" Grayscale images need a last axis of 1 ({cures['axis']})."
        raise ValueError(
            f"The networks are made for examples of shape {expected}.{cure} "
            f"Received: examples of shape {shape}"
        )


def without_labels(gan):
    """Returns the error for examples without labels or conditions in a conditional GAN."""
    if gan.condition_dim is not None:
        return ValueError(
            f"A GAN with condition_dim={gan.condition_dim} trains on (examples, conditions). "
            "Received: examples without conditions"
        )
    return ValueError(
        f"A GAN with num_classes={gan.num_classes} trains on (examples, labels). "
        "Received: examples without labels"
    )


def parts_of(batch):
    """Returns the examples and the labels, or `None`, of a batch or of the specification of one."""
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    while parts[1:] and parts[-1] is None:
        parts = parts[:-1]
    if len(parts) not in (1, 2) or not all(hasattr(part, "shape") for part in parts):
        kinds = ", ".join(type(part).__name__ for part in parts)
        cure = ""
        if isinstance(batch, dict) and batch:
            cure = f". Choose among the keys, e.g. `dataset.map(lambda row: {_row(batch)})`"
        raise ValueError(
            "A batch must be `examples`, `(examples,)` or `(examples, labels)`, all arrays; there "
            f"are no sample weights{cure}. Received: a batch of ({kinds})"
        )
    return parts if len(parts) == 2 else (*parts, None)


def _row(names):
    """Returns code that makes a batch of a dictionary with these keys."""
    image = next((name for name in names if "image" in str(name)), next(iter(names)))
    label = next((name for name in names if "label" in str(name)), None)
    return f"row[{image!r}]" if label is None else f"(row[{image!r}], row[{label!r}])"


def checked_dataset(gan, dataset, size):
    """Returns a `tf.data.Dataset` of batches of one size, and its `BatchCheck`.

    Args:
        gan: The GAN.
        dataset: A `tf.data.Dataset`. Batches of several sizes are joined and split again.
        size: Number of examples in each batch, or `None` for the size of the first batch.

    Raises:
        ValueError: If the first batches do not fit the GAN, or there are none.
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        raise ValueError(
            "Give the `tf.data.Dataset` itself: `fit` distributes it. "
            f"Received: x of type {type(dataset).__name__}"
        )
    has_tuples = isinstance(dataset.element_spec, tuple)
    examples, labels = parts_of(dataset.element_spec)
    if examples.shape.rank is None or examples.shape.rank < 2:
        raise ValueError(
            "The rank of the examples must be known, and batches are needed: use "
            "`dataset.batch(size, drop_remainder=True)` or `tf.ensure_shape`. "
            f"Received: element_spec={dataset.element_spec!r}"
        )
    if examples.shape.is_compatible_with(gan.example_shape):
        raise ValueError(
            "A `tf.data.Dataset` must yield batches: use `dataset.batch(64, drop_remainder=True)`. "
            f"Received: single examples of shape {examples.shape}"
        )
    check = BatchCheck(gan, cures=_map_cures(labels is not None))
    if examples.shape[0] is None:
        if size is None:
            size = next((len(parts_of(b)[0]) for b in dataset.take(1)), 1)
        dataset = dataset.rebatch(size, drop_remainder=True)
    _look(check, dataset.as_numpy_iterator(), "a tf.data.Dataset")

    def run(*parts):
        check(*parts)
        return np.True_

    def checked(*parts):
        arrays = [part for part in parts if part is not None]
        with tf.control_dependencies([tf.numpy_function(run, arrays, tf.bool)]):
            parts = tf.nest.map_structure(tf.identity, parts)
        return parts if has_tuples else parts[0]

    return dataset.map(checked).prefetch(tf.data.AUTOTUNE), check


def _map_cures(has_labels):
    """Returns what to write in each case for a `tf.data.Dataset`."""
    arguments = "images, labels" if has_labels else "images"

    def line(name, code):
        batch = code
        if has_labels:
            batch = f"(images, {code})" if name in _LABEL_CURES else f"({code}, labels)"
        return f"`dataset.map(lambda {arguments}: {batch})`"

    return {name: line(name, code) for name, code in _TENSOR_CURES.items()}


def checked_py_dataset(gan, dataset):
    """Returns a `keras.utils.PyDataset` that checks every batch, and its `BatchCheck`.

    Raises:
        ValueError: If the first batches or the last one do not fit the GAN, or there are none.
    """
    check = BatchCheck(gan)
    count = dataset.num_batches  # `None` for endless data.
    indices = range(_ENOUGH if count is None else count)
    _look(check, (dataset[index] for index in indices), "no batches")
    check.size = len(parts_of(dataset[0])[0])
    if count is not None:
        check(*parts_of(dataset[count - 1]))
    return _Checked(dataset, check), check


def _look(check, batches, received):
    """Checks the first batches, until they show that their values are in the right range."""
    evidence = RangeEvidence(check.cures)
    for batch in batches:
        examples, _ = check(*parts_of(batch))
        evidence.add(examples)
        if evidence.is_clear or evidence.count >= _ENOUGH:
            break
    if not evidence.count:
        raise ValueError(
            "The data must hold at least one batch, which is full. "
            f"Received: {received} without a full batch"
        )
    evidence.check()


class _Checked(keras.utils.PyDataset):
    """The batches of a `PyDataset`, each of them checked.

    Attributes:
        kind: Name of the class of the batches.
    """

    def __init__(self, batches, check):
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self._batches, self._check = batches, check
        self.kind = type(batches).__name__

    @property
    def num_batches(self):
        return self._batches.num_batches

    def __getitem__(self, index):
        batch = parts_of(self._batches[index])
        self._check(*batch)
        return tuple(part for part in batch if part is not None)

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
        batch = parts_of(self._batches.batch(step))
        self._check(*batch)
        return tuple(part for part in batch if part is not None)


def as_examples(x):
    """Returns an array of examples: a list or tuple of equal arrays is stacked.

    Raises:
        ValueError: If the arrays of a list differ in shape.
    """
    if not isinstance(x, (list, tuple)):
        return np.asarray(x)
    shapes = {np.shape(part) for part in x}
    if len(shapes) == 1:
        return np.stack([np.asarray(part) for part in x])
    pair = len(x) == 2 and np.shape(x[1]) == np.shape(x[0])[:1]
    cure = "pass examples and labels apart, `fit(x[0], x[1])`" if pair else "resize or pad them"
    raise ValueError(
        f"A list of examples must hold arrays of one shape: {cure}. Received: {describe(x)}, "
        f"of {len(shapes):,} shapes"
    )
