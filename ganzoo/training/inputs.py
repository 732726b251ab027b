"""The examples that a GAN trains on, checked before the first step."""

import contextlib
import warnings
import weakref

import keras
import numpy as np

from ganzoo import backend, distribution
from ganzoo.data import Batches, Dataset, sharding
from ganzoo.data.batch_parts import host_parts, parts_of
from ganzoo.data.classes import have_same_numbers, listed, numbered_as
from ganzoo.data.conditions import check_conditions, check_same_conditions
from ganzoo.data.gathering import (
    all_parts,
    class_names_of,
    is_array,
    is_stream,
    split_dictionary,
    stacked,
)
from ganzoo.data.iterables import as_passes
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.training import output_range
from ganzoo.training.batch_check import BatchCheck, check_shape, without_labels
from ganzoo.training.iterated_batches import IteratedBatches
from ganzoo.training.streams import CheckedBatches, checked_dataset, checked_py_dataset
from ganzoo.validation import check_positive_integer, describe

BATCH_SIZE = 64
# So many images in a row that all look like [0, 1] are refused by `train_on_batch`.
_BRIGHT_IMAGES = 8


def as_batches(gan, x, y, batch_size):
    """Returns batches for `keras.Model.fit`, and a context that raises the errors of their checks.

    Data in memory are checked as a whole, and the first batches of others. Each batch of these is
    checked again when it is read.
    """
    x, y = split_dictionary(x, y)
    if y is not None:
        _warn_of_labels(gan)
    if is_array(x):
        x, y = _dataset_of(gan, x, y if gan.is_conditional else None), None
    if y is not None:
        owner = "A `Dataset` has its" if isinstance(x, Dataset) else "Batches have their"
        raise ValueError(
            f"{owner} own labels: leave `y` out. Received: {describe(x)} and {describe(y)}"
        )
    if isinstance(x, Dataset):
        x = _batches_of(gan, x, BATCH_SIZE if batch_size is None else batch_size)
    elif batch_size is not None:
        check_positive_integer("batch_size", batch_size)
    if not isinstance(x, Batches):
        return _as_stream(gan, x, batch_size)
    _check_classes(gan, x.dataset)
    check_same_classes(gan, x.dataset)
    first = parts_of(x.batch(0))
    check_first(gan, *first)
    check_size(gan, len(first[0]), batch_size)
    output_range.check_examples(gan.generator_range, np.asarray(first[0]))
    x.follow(_step_function(gan))
    if x.takes_rows:
        return sharding.own_batches(x), contextlib.nullcontext()
    check = BatchCheck(gan)
    check.size = x.batch_size
    return sharding.own_batches(CheckedBatches(x, check)), check.errors()


def _as_stream(gan, x, batch_size):
    """Returns checked batches of a data set of another library, and a context for their errors."""
    if distribution.process_count() > 1:
        raise ValueError(
            "Several processes train on arrays, a `ganzoo.data.Dataset` or its batches, of which "
            f"each process takes its own rows. Received: x of type {type(x).__name__} with "
            f"{distribution.process_count()} processes"
        )
    wanted = None if batch_size is None else batch_size * gan.discriminator_steps
    names = class_names_of(x)
    if isinstance(x, keras.utils.PyDataset):
        x, check = checked_py_dataset(gan, x)
        first, size = (*x[0], None)[:2], check.size
    elif hasattr(x, "element_spec"):
        x, check = checked_dataset(gan, x, wanted)
        first = parts_of(x.element_spec)
        size = first[0].shape[0]
    elif (passes := as_passes(x)) is not None:
        x = IteratedBatches(gan, passes, wanted, _step_function(gan))
        first, check, size = x.first, x.check, x.size
    else:
        raise ValueError(
            "`x` must be a `ganzoo.data.Dataset`, an array, a `ganzoo.data.Batches`, a "
            "`keras.utils.PyDataset`, a `tf.data.Dataset`, a loader or a generator of batches"
            f"{_cure(x)}. Received: x={describe(x)}"
        )
    if check.has_labels:
        _warn_of_labels(gan, stacklevel=5)
        if gan.num_classes is not None:
            _check_names(gan, names)
    check_first(gan, *first)
    check_size(gan, size, batch_size)
    if not isinstance(x, IteratedBatches):
        check.size = size
    _take_pixels_of(gan, first[0])
    return x, check.errors()


def _step_function(gan):
    # TensorFlow keeps what a data set was made of until the process ends: not the GAN too.
    own = weakref.ref(gan)
    return lambda: own().step


def as_batch(gan, x, y=None, evidence=None):
    """Returns the examples and the int32 labels, or `None`, of one batch, after all checks.

    Args:
        gan: The GAN.
        x: Array of examples, or a list of arrays of one shape.
        y: Labels of shape `(examples,)`, or `None`.
        evidence: The `RangeEvidence` of the batches before this one, or `None` to leave it out.

    Raises:
        ValueError: If they do not fit the GAN.
        TypeError: If they have an unusable type.
    """
    x, y = split_dictionary(x, y)
    if not is_array(x):
        raise ValueError(
            f"`x` must be an array of examples{_cure(x)}; `fit` takes other data. "
            f"Received: x={describe(x)}"
        )
    if y is not None:
        _warn_of_labels(gan, stacklevel=5)
    examples, labels = BatchCheck(gan, gan.class_names)(stacked(x), y)
    if evidence is not None:
        evidence.add(examples)
        if evidence.count >= _BRIGHT_IMAGES:
            evidence.check()
    _take_pixels_of(gan, examples)
    return examples, labels


def as_dataset(gan, data, labels=None):
    """Returns a `Dataset` of arrays, of a pair of examples and labels, or of batches."""
    data, labels = split_dictionary(data, labels)
    if labels is None and isinstance(data, tuple) and len(data) == 2 and not is_stream(data):
        data, labels = data
    if isinstance(data, Dataset) or is_stream(data):
        if labels is not None:
            raise ValueError(
                "A `Dataset` and batches have their own labels: leave `y` out. "
                f"Received: {describe(data)} and labels"
            )
        return data if isinstance(data, Dataset) else _gathered(gan, data)
    if not is_array(data):
        raise ValueError(
            f"The data must be a `ganzoo.data.Dataset` or an array{_cure(data)}. "
            f"Received: {describe(data)}"
        )
    return _dataset_of(gan, data, labels)


def _gathered(gan, batches):
    """Returns a `Dataset` of all batches, whose classes are the ones of the GAN."""
    examples, targets = all_parts(batches)
    if targets is None:
        return Dataset(examples)
    if gan.condition_dim is not None:
        return Dataset(examples, conditions=targets)
    names = class_names_of(batches)
    if names is None and gan.class_count:
        names = gan.class_names
    return Dataset(examples, targets, gan.class_count or None, names)


def _dataset_of(gan, x, y):
    """Returns a `Dataset` of arrays, whose second one holds labels or conditions, or is `None`."""
    examples = stacked(x)
    if y is None:
        return Dataset(examples)
    if gan.condition_dim is not None:
        return Dataset(examples, conditions=check_conditions(y, len(examples), gan.condition_dim))
    y, num_classes = np.asarray(y), gan.class_count or None
    if y.dtype.kind in "OSU" and gan.class_names is not None:
        return Dataset(examples, y, num_classes, gan.class_names)
    return Dataset(examples, y, num_classes)


def _batches_of(gan, dataset, batch_size):
    size = check_positive_integer("batch_size", batch_size) * gan.discriminator_steps
    if size > len(dataset):
        raise ValueError(
            "A step takes `batch_size` examples for each of its discriminator_steps="
            f"{gan.discriminator_steps} updates, {size} in all. Lower one of the two, or give "
            f"more data. Received: batch_size={batch_size} for {dataset!r}"
        )
    return with_classes_of(gan, dataset).batches(size, seed=gan.seed)


def _cure(x):
    """Returns a text that tells how other data become usable, or an empty one."""
    if isinstance(x, dict) and x:
        image = next((name for name in x if "image" in str(name)), next(iter(x)))
        label = next((name for name in x if "label" in str(name)), None)
        labels = "" if label is None else f" and `y=data[{label!r}]`"
        return f": pass its arrays, `x=data[{image!r}]`{labels}"
    if isinstance(x, str):
        return f": load data by their name, `ganzoo.data.load({x[:80]!r})`"
    if isinstance(x, (list, tuple)):
        return ": a list must hold arrays of one shape, which are stacked, or batches"
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return (
            ": wrap a data set of single examples in a loader, "
            "`torch.utils.data.DataLoader(x, batch_size=64)`"
        )
    if hasattr(x, "__next__") or hasattr(x, "element_spec"):
        return ": a step takes one batch, such as `next(iter(x))`"
    return ""


def _warn_of_labels(gan, stacklevel=4):
    if not gan.is_conditional:
        warnings.warn(
            "The labels are not used, because the GAN has no classes: leave them out, or make it "
            "with `num_classes` or `condition_dim`.",
            stacklevel=stacklevel,
        )


def with_classes_of(gan, dataset):
    """Returns a data set whose classes have the numbers that they have in the GAN.

    A GAN that was not trained, and knows no names of its classes, takes the ones of the data.

    Raises:
        ValueError: If examples belong to a class that the GAN does not have.
    """
    _take_names_and_pixels(gan, dataset)
    return numbered_as(dataset, gan.class_names, "the GAN")


def check_same_classes(gan, dataset):
    """Raises `ValueError` unless the classes of ready batches have the numbers of the GAN's."""
    _take_names_and_pixels(gan, dataset)
    if not have_same_numbers(gan.class_names, dataset.class_names):
        raise ValueError(
            "The classes of ready batches must have the numbers that they have in the GAN: make "
            'the batches of `ganzoo.data.classes.numbered_as(dataset, gan.class_names, "the '
            f'GAN")`. Expected: {listed(gan.class_names)}. Received: '
            f"{listed(dataset.class_names)}"
        )


def _check_names(gan, names):
    """Lets a GAN that was not trained take names of classes, and checks them for another one."""
    if names is None:
        return
    if len(names) != gan.num_classes or not have_same_numbers(gan.class_names, names):
        expected = gan.class_names or [f"{gan.num_classes} classes"]
        raise ValueError(
            "The classes of the data must have the numbers that they have in the GAN. "
            f"Expected: {listed(expected)}. Received: {listed(names)}"
        )
    if gan.class_names is None and gan.preset is None and gan.step == 0:
        gan.class_names = names


def _take_names_and_pixels(gan, dataset):
    """Lets a GAN that was not trained take what it does not know from the data."""
    if gan.preset is None and gan.step == 0:
        if gan.class_names is None and dataset.num_classes == gan.class_count:
            gan.class_names = dataset.class_names
        if gan.condition_names is None and gan.condition_dim is not None:
            gan.condition_names = dataset.condition_names
    _take_pixels(gan, dataset.pixels)
    formats = {gan.pixels, dataset.pixels}
    if len(formats) > 1 and all(pixels.dtype == "float32" for pixels in formats):
        raise ValueError(
            "The GAN was trained on pixels of another range: pass its `value_range`. "
            f"Expected: {gan.pixels}. Received: {dataset.pixels}"
        )


def _take_pixels(gan, pixels):
    """Lets the samples of a GAN that was not trained have the pixels of its data."""
    is_new = gan.preset is None and gan.step == 0
    if is_new and gan.pixels.is_eight_bits and gan.pixels != pixels:
        gan.pixels = pixels
        gan._forget_functions()


def _take_pixels_of(gan, examples):
    if keras.backend.standardize_dtype(examples.dtype) == "uint16":
        _take_pixels(gan, PixelFormat("uint16"))


def check_equal_shares(gan, count):
    """Raises unless the rows of an update are equally many on each device and in each part."""
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
    if count // gan.packing % (replicas * gan.accumulate):
        raise ValueError(
            f"An update is computed in accumulate={gan.accumulate} parts of equally many rows. "
            f"Received: {count} examples in an update, with {replicas} replicas and "
            f"packing={gan.packing}"
        )


def first_examples(batches, count=500):
    """Returns up to `count` examples for initialization, and what they are conditioned on."""
    if isinstance(batches, CheckedBatches):
        first = host_parts(batches.batch(0))
    elif isinstance(batches, Batches):
        # Spread over all of the data, which may be sorted by class.
        every = -(-len(batches.dataset) // count)
        first = [
            None if part is None else part[::every]
            for part in (batches.dataset.examples, batches.dataset.targets)
        ]
    elif isinstance(batches, keras.utils.PyDataset):
        first = host_parts(batches[0])
    elif isinstance(batches, IteratedBatches):
        first = (*batches.first, None)[:2]
    else:
        first = host_parts(next(iter(batches)))
    return [None if part is None else np.asarray(part[:count]) for part in first]


def size_of(batches):
    """Returns the number of examples in each batch."""
    if isinstance(batches, Batches):
        return batches.batch_size
    if isinstance(batches, IteratedBatches):
        return batches.size
    if hasattr(batches, "element_spec"):
        return parts_of(batches.element_spec)[0].shape[0]
    return len(parts_of(batches[0])[0])


def _check_classes(gan, dataset):
    """Raises unless examples are conditioned on what the networks take."""
    if gan.is_conditional and dataset.targets is not None:
        taken = "classes" if gan.condition_dim is None else "conditions"
        if (dataset.condition_dim is None) != (gan.condition_dim is None):
            raise ValueError(f"The GAN takes {taken}. Received: {dataset!r}")
        if gan.condition_dim is not None:
            check_conditions(dataset.conditions, condition_dim=gan.condition_dim)
            check_same_conditions(dataset.condition_names, gan.condition_names, "the GAN")
    if None not in (gan.num_classes, dataset.num_classes) and dataset.num_classes > gan.num_classes:
        raise ValueError(
            "The data must not have more classes than the GAN. Received: a GAN of num_classes="
            f"{gan.num_classes} and {dataset!r}"
        )


def check_first(gan, examples, labels=None):
    """Raises `ValueError` unless the networks take a batch of arrays or of specifications."""
    if gan.is_conditional and labels is None:
        raise without_labels(gan)
    check_shape(gan.example_shape, examples)


def check_size(gan, size, batch_size=None):
    """Checks that the number of examples in a batch fits the updates of a step."""
    if size % gan.discriminator_steps:
        raise ValueError(
            "A batch is split among the discriminator's updates of a step, so its size must be a "
            f"multiple of discriminator_steps={gan.discriminator_steps}. "
            f"Received: a batch of {size}"
        )
    check_equal_shares(gan, size // gan.discriminator_steps)
    if batch_size is not None and batch_size * gan.discriminator_steps != size:
        raise ValueError(
            "Ready batches have their own size: leave `batch_size` out, or make batches of "
            "`batch_size` examples for each of the discriminator_steps="
            f"{gan.discriminator_steps} updates. Received: batch_size={batch_size} with batches of "
            f"{size}"
        )
