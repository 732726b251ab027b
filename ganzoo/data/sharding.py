"""The rows of a batch that each process and each device gets."""

import numpy as np

from ganzoo import backend, distribution
from ganzoo.data import Batches


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
        The examples and the labels that this process feeds, and the number of them per batch.
    """
    count = backend.share_count(gan)
    if count == 1:
        return data.examples, data.labels, batch_size
    size = -(-min(batch_size, len(data)) // count) * count
    missing = -len(data) % size
    labels = np.pad(data.labels, (0, missing), constant_values=-1)
    processes = distribution.process_count()
    own = slice(distribution.process_index(), None, processes)
    # Example 0 fills up.
    rows = np.pad(np.arange(len(data)), (0, missing))[own]
    return np.take(data.examples, rows, axis=0), labels[own], size // processes
