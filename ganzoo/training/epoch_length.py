"""The length of an epoch: how many steps `fit` takes until it tells the callbacks."""

import contextlib
import copy
import warnings

import keras

from ganzoo.data import Batches
from ganzoo.validation import check_positive_integer

# `tf.data.UNKNOWN_CARDINALITY`. The only other negative number stands for data without end.
_UNKNOWN = -2


def steps_of_epoch(batches, steps_per_epoch=None):
    """Returns the number of steps of an epoch, or `None` if only the end of the data tells it.

    Args:
        batches: `Batches`, a `keras.utils.PyDataset` or a `tf.data.Dataset`.
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


def with_steps(batches, steps):
    """Returns batches for epochs of `steps` steps, and the `steps_per_epoch` for Keras.

    Keras would end an epoch early where a pass over the data ends. The batches that it gets do not
    end before all epochs have all of their steps.

    Args:
        batches: As for `steps_of_epoch`.
        steps: Steps of an epoch; `None` for one pass over data of unknown length.
    """
    if isinstance(batches, Batches):
        # A loop that an error ended may still fetch batches from its copy.
        batches = copy.copy(batches)
        batches.steps_per_epoch = steps
        return batches, None
    length = _length(batches)
    if steps is None or steps == length:
        return batches, None
    if length == float("inf"):
        return batches, steps
    if isinstance(batches, keras.utils.PyDataset):
        return _Repeated(batches), steps
    return batches.repeat(), steps


def warn_of_unknown(batches):
    """Warns of a `tf.data.Dataset` that may have no end."""
    if hasattr(batches, "cardinality") and int(batches.cardinality()) == _UNKNOWN:
        warnings.warn(
            "TensorFlow does not know how many batches there are, so each epoch takes all of them. "
            "If they have no end, stop and give `steps_per_epoch`. If you know the number, "
            "`dataset.apply(tf.data.experimental.assert_cardinality(number))` tells it.",
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
    if isinstance(batches, keras.utils.PyDataset):
        count = batches.num_batches
        return float("inf") if count is None else count
    count = int(batches.cardinality())
    if count == _UNKNOWN:
        return None
    return count if count >= 0 else float("inf")


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
