"""The examples that a GAN trains on, checked before the first step."""

import keras
import numpy as np

from ganzoo import backend, distribution
from ganzoo.data import Batches, Dataset, sharding
from ganzoo.data.classes import listed, numbered_as
from ganzoo.validation import check_positive_integer


def as_batches(gan, x, y, batch_size):
    """Returns batches for `keras.Model.fit`, after a check of the first one."""
    if isinstance(x, Dataset):
        if y is not None:
            raise ValueError(
                "A `Dataset` has its own labels: leave `y` out. Received: a Dataset and `y`."
            )
        size = check_positive_integer("batch_size", batch_size) * gan.discriminator_steps
        if size > len(x):
            raise ValueError(
                "A step takes `batch_size` examples for each of its discriminator_steps="
                f"{gan.discriminator_steps} updates, {size} in all. Lower one of the two, or give "
                f"more data. Received: batch_size={batch_size} for {x!r}"
            )
        x = with_classes_of(gan, x).batches(size, seed=gan.seed)
    elif hasattr(x, "shape"):
        labels = () if y is None else (np.asarray(y), gan.num_classes)
        return as_batches(gan, Dataset(np.asarray(x), *labels), None, batch_size)
    elif y is not None:
        raise ValueError("Batches have their own labels: leave `y` out. Received: batches and `y`.")
    if isinstance(x, Batches):
        _check_classes(gan, x.dataset)
        check_same_classes(gan, x.dataset)
        _check_shapes(gan, *_parts_of(x.batch(0)))
        return sharding.own_batches(x.follow(lambda: gan.step))
    if distribution.process_count() > 1:
        raise ValueError(
            "Several processes train on arrays, a `ganzoo.data.Dataset` or its batches, of which "
            f"each process takes its own rows. Received: x of type {type(x).__name__} with "
            f"{distribution.process_count()} processes"
        )
    if isinstance(x, keras.utils.PyDataset):
        _check_py_dataset(gan, x)
    elif hasattr(x, "element_spec"):
        _check_tf_dataset(gan, x)
    else:
        raise ValueError(
            "`x` must be a `ganzoo.data.Dataset`, an array, a `ganzoo.data.Batches`, a "
            f"`keras.utils.PyDataset` or a `tf.data.Dataset`. Received: x={x!r}"
        )
    return x


def with_classes_of(gan, dataset):
    """Returns a data set whose classes have the numbers that they have in the GAN.

    A GAN that was not trained, and knows no names of its classes, takes the ones of the data.

    Raises:
        ValueError: If examples belong to a class that the GAN does not have.
    """
    _take_class_names(gan, dataset)
    return numbered_as(dataset, gan.class_names, "the GAN")


def check_same_classes(gan, dataset):
    """Raises `ValueError` unless the classes of ready batches have the numbers of the GAN's."""
    _take_class_names(gan, dataset)
    names = gan.class_names, dataset.class_names
    if None not in names and names[0] != names[1]:
        raise ValueError(
            "The classes of ready batches must have the numbers that they have in the GAN: make "
            'the batches of `ganzoo.data.classes.numbered_as(dataset, gan.class_names, "the '
            f'GAN")`. Expected: {listed(gan.class_names)}. Received: '
            f"{listed(dataset.class_names)}"
        )


def _take_class_names(gan, dataset):
    is_new = gan.class_names is None and gan.preset is None and gan.step == 0
    if is_new and dataset.num_classes == gan.class_count:
        gan.class_names = dataset.class_names


def check_equal_shares(gan, count):
    """Raises unless the examples of an update fill whole packs, equally many on each device."""
    if count % gan.packing:
        raise ValueError(
            f"The discriminator sees {gan.packing} examples in a row, so their number in an update "
            f"must be a multiple of that. Received: {count} examples with packing={gan.packing}"
        )
    replicas = backend.share_count(gan)
    if count // gan.packing % replicas:
        raise ValueError(
            "Each replica, one on each device, takes an equal share of the examples of an update: "
            "change the batch size, or the number of devices. Received: "
            f"{count} examples in an update, with {replicas} replicas and packing={gan.packing}"
        )


def first_examples(batches, count=500):
    """Returns up to `count` examples for initialization, and their labels or `None`."""
    if isinstance(batches, Batches):
        # Spread over all of the data, which may be sorted by class.
        every = max(1, len(batches.dataset) // count)
        first = [
            None if part is None else part[::every]
            for part in (batches.dataset.examples, batches.dataset.labels)
        ]
    elif isinstance(batches, keras.utils.PyDataset):
        first = _parts_of(batches[0])
    else:
        first = _parts_of(next(iter(batches)))
    return [None if part is None else np.asarray(part[:count]) for part in first]


def size_of(batches):
    """Returns the number of examples in each batch."""
    if isinstance(batches, Batches):
        return batches.batch_size
    if hasattr(batches, "element_spec"):
        return _parts_of(batches.element_spec)[0].shape[0]
    return len(_parts_of(batches[0])[0])


def _parts_of(batch):
    """Returns the examples and the labels, or `None`, of a batch or of the specification of one."""
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    while parts[1:] and parts[-1] is None:
        parts = parts[:-1]
    if len(parts) not in (1, 2) or not all(hasattr(part, "shape") for part in parts):
        kinds = ", ".join(type(part).__name__ for part in parts)
        raise ValueError(
            "A batch must be `examples`, `(examples,)` or `(examples, labels)`, all arrays; there "
            f"are no sample weights. Received: a batch of ({kinds})"
        )
    return parts if len(parts) == 2 else (*parts, None)


def _check_batch(gan, batch):
    """Checks a batch of NumPy arrays from outside a `Dataset`; returns its size."""
    examples, labels = _parts_of(batch)
    Dataset(examples, labels, None if labels is None else gan.num_classes)
    return _check_shapes(gan, examples, labels)


def _check_classes(gan, dataset):
    if None not in (gan.num_classes, dataset.num_classes) and dataset.num_classes > gan.num_classes:
        raise ValueError(
            "The data must not have more classes than the GAN. Received: a GAN of num_classes="
            f"{gan.num_classes} and {dataset!r}"
        )


def _check_shapes(gan, examples, labels):
    """Checks that a batch fits the networks and the updates of a step; returns its size."""
    if gan.num_classes is not None and labels is None:
        raise ValueError(
            f"A GAN with num_classes={gan.num_classes} trains on (examples, labels). "
            "Received: examples without labels"
        )
    if tuple(examples.shape[1:]) != gan.example_shape:
        raise ValueError(
            f"The networks are made for examples of shape {gan.example_shape}. "
            f"Received: examples of shape {tuple(examples.shape[1:])}"
        )
    if len(examples) % gan.discriminator_steps:
        raise ValueError(
            "A batch is split among the discriminator's updates of a step, so its size must be a "
            f"multiple of discriminator_steps={gan.discriminator_steps}. "
            f"Received: a batch of {len(examples)}"
        )
    check_equal_shares(gan, len(examples) // gan.discriminator_steps)
    return len(examples)


def _check_py_dataset(gan, dataset):
    count = dataset.num_batches  # `None` for endless data.
    if count == 0:
        raise ValueError("The data must hold at least one batch. Received: no batches")
    first = _check_batch(gan, dataset[0])
    if count is not None:
        _check_equal_sizes(first, len(_parts_of(dataset[count - 1])[0]))


def _check_tf_dataset(gan, dataset):
    spec = dataset.element_spec
    examples, _ = _parts_of(spec)
    if examples.shape.rank is None or examples.shape[0] is None:
        raise ValueError(
            "All batches of a `tf.data.Dataset` must have one size that is known before training: "
            f"use `.batch(size, drop_remainder=True)`. Received: element_spec={spec!r}"
        )
    for batch in dataset.take(1).as_numpy_iterator():
        _check_batch(gan, batch)
        return
    raise ValueError("The data must hold at least one batch. Received: an empty tf.data.Dataset")


def _check_equal_sizes(first, last):
    if first != last:
        raise ValueError(
            "All batches must have one size: drop the remainder. Received: a first batch of "
            f"{first} and a last one of {last}"
        )
