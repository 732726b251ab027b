"""The length of an epoch: how many steps `fit` takes until it tells the callbacks."""

import contextlib
import copy
import warnings

import keras

from ganzoo.data import Batches
from ganzoo.data.iterables import length_of
from ganzoo.training.iterated_batches import IteratedBatches
from ganzoo.validation import check_positive_integer


def steps_of_epoch(batches, steps_per_epoch=None):
    """Returns the number of steps of an epoch, or `None` if only the end of the data tells it.

    Args:
        batches: `Batches`, a `keras.utils.PyDataset`, a `tf.data.Dataset` or `IteratedBatches`.
        steps_per_epoch: The number that the user gave, or `None` for one pass over the data.

    Raises:
        ValueError: If the data have no end and there is no `steps_per_epoch`.
    """
    if steps_per_epoch is not None:
        check_positive_integer("steps_per_epoch", steps_per_epoch)
    limit = keras.config.max_steps_per_epoch()
    if limit is not None:
        steps_per_epoch = limit if steps_per_epoch is None else min(limit, steps_per_epoch)
    steps = _length(batches) if steps_per_epoch is None else steps_per_epoch
    if steps == float("inf"):
        kind = "tf.data.Dataset" if hasattr(batches, "cardinality") else type(batches).__name__
        raise ValueError(
            "These batches have no end, so an epoch would have none: give `steps_per_epoch`. "
            f"Received: a {kind} without end, with steps_per_epoch=None"
        )
    return steps


def check_executions(batches, steps, steps_per_execution):
    """Raises `ValueError` if Keras would make more steps in an epoch than `steps`."""
    if isinstance(batches, Batches) or steps in (None, _length(batches)):
        # The execution at the end of the data is a short one.
        return
    if steps % steps_per_execution:
        raise ValueError(
            "An epoch that is not one pass over ready batches must have a multiple of the "
            "`steps_per_execution` of `compile`. "
            f"Received: steps_per_epoch={steps} with steps_per_execution={steps_per_execution}"
        )


def with_steps(batches, steps, epochs):
    """Returns batches for epochs of `steps` steps, and the `steps_per_epoch` for Keras.

    Keras would end an epoch early where a pass over the data ends. The batches that it gets do not
    end before all epochs have all of their steps.

    Args:
        batches: As for `steps_of_epoch`.
        steps: Steps of an epoch; `None` for one pass over data of unknown length.
        epochs: Number of epochs.
    """
    if isinstance(batches, Batches):
        # A loop that an error ended may still fetch batches from its copy.
        batches = copy.copy(batches)
        batches.steps_per_epoch = steps
        return batches, None
    if isinstance(batches, IteratedBatches):
        # Keras looks at a batch even if no epoch is left.
        return batches.open(None if steps is None else steps * max(epochs, 1)), steps
    length = _length(batches)
    if steps is None or steps == length:
        return batches, None
    if length == float("inf"):
        return batches, steps
    if isinstance(batches, keras.utils.PyDataset):
        return _Repeated(batches), steps
    return batches.repeat(), steps


def check_passes(batches, epochs, steps_per_epoch, initial_epoch):
    """Checks that data without a known length can be read as often as there are epochs.

    Raises:
        ValueError: If they can be read once, and more is needed.

    Warns:
        UserWarning: If only the end of the data tells how many batches there are.
    """
    if isinstance(batches, (Batches, keras.utils.PyDataset)) or steps_per_epoch is not None:
        return
    if getattr(batches, "is_read_once", False) and epochs - initial_epoch > 1:
        raise ValueError(
            "A generator is read once, and each epoch is a pass over the data: give `fit` a "
            "function that makes it, `gan.fit(make_batches)`, or `steps_per_epoch` for a generator "
            f"without end. Received: a {batches.kind} with epochs={epochs}"
        )
    if _length(batches) is None:
        cure = ""
        if hasattr(batches, "cardinality"):
            cure = (
                " Batches of one size tell the number: `dataset.batch(size, drop_remainder=True)`. "
                "After a filter or from a generator, "
                "`dataset.apply(tf.data.experimental.assert_cardinality(number))` tells it too."
            )
        warnings.warn(
            "Nobody knows how many batches there are, so each epoch takes all of them. If they "
            f"have no end, stop and give `steps_per_epoch`.{cure}",
            stacklevel=3,
        )


@contextlib.contextmanager
def unknown():
    """Keeps Keras from warning at each end of an epoch that the data have ended."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Your input ran out of data")
        yield


def _length(batches):
    """Returns the number of batches, infinity if they have no end, or `None` if nobody knows."""
    return batches.length if isinstance(batches, IteratedBatches) else length_of(batches)


class _Repeated(keras.utils.PyDataset):
    """A `PyDataset` again and again, without end."""

    def __init__(self, batches):
        super().__init__(batches.workers, batches.use_multiprocessing, batches.max_queue_size)
        self._batches = batches

    @property
    def num_batches(self):
        return None

    def __getitem__(self, index):
        return self._batches[index % self._batches.num_batches]

    def on_epoch_begin(self):
        self._batches.on_epoch_begin()

    def on_epoch_end(self):
        self._batches.on_epoch_end()
