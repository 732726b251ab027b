"""The rows of a batch that each process and each device gets."""

import keras
import numpy as np

from ganzoo import backend, distribution
from ganzoo.data import Batches
from ganzoo.data.sharded_array import ShardedArray


class OwnBatches(Batches):
    """The rows that this process feeds, of batches on which several processes train.

    Attributes:
        batches: The whole batches.
    """

    def __init__(self, batches):
        super().__init__(batches.dataset, batches.batch_size, batches.seed, batches.steps_per_epoch)
        self.batches = batches
        self.follow(batches._step_function)

    def batch(self, step):
        return distribution.process_rows(self.batches.batch(step))

    def rows(self, step):
        return distribution.process_rows(self.batches.rows(step))

    @property
    def takes_rows(self):
        return self.batches.takes_rows


def own_batches(batches: Batches) -> Batches:
    """Returns batches that read only the rows of this process; with one process, the same."""
    return batches if distribution.process_count() == 1 else OwnBatches(batches)


def test_arrays(gan, data, batch_size):
    """Prepares labeled examples for an evaluation on several devices.

    Keras leaves a device without examples if a batch cannot be divided into equal shares. So the
    examples are padded with examples of the label -1, which do not count.

    Returns:
        The first arguments of Keras's `evaluate`: the examples and the labels that this process
        feeds, and the number of them per batch. Examples in shards are batches in place of arrays,
        because they may not fit into memory.
    """
    count, processes = backend.share_count(gan), distribution.process_count()
    size = batch_size if count == 1 else -(-min(batch_size, len(data)) // count) * count
    missing = -len(data) % size if count > 1 else 0
    labels = np.pad(data.labels, (0, missing), constant_values=-1)
    own = slice(distribution.process_index(), None, processes)
    # Example 0 fills up.
    rows, labels = np.pad(np.arange(len(data)), (0, missing))[own], labels[own]
    if isinstance(data.examples, ShardedArray):
        return _InOrder(data.examples, rows, labels, size // processes), None, None
    examples = data.examples if count == 1 else np.take(data.examples, rows, axis=0)
    return examples, labels, size // processes


class _InOrder(keras.utils.PyDataset):
    """Batches of rows of examples, with their labels."""

    def __init__(self, examples, rows, labels, batch_size):
        super().__init__()
        self._examples, self._rows, self._labels = examples, rows, labels
        self._batch_size = batch_size

    def __len__(self):
        return -(-len(self._rows) // self._batch_size)

    def __getitem__(self, index):
        part = slice(index * self._batch_size, (index + 1) * self._batch_size)
        return np.take(self._examples, self._rows[part], axis=0), self._labels[part]
