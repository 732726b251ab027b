"""The data of a cell: the examples that it trains on, and their batches."""

import functools
import json

import numpy as np

from ganzoo import data as sources
from ganzoo.data import Batches, Dataset, SemiSupervisedBatches, philox
from ganzoo.data.semi_supervised import rows_of_each_class
from ganzoo.studies.study import Cell


def load(cell: Cell, split: str) -> Dataset:
    """Returns a part of a cell's source."""
    return _load(cell.recipe.data, split, json.dumps(cell.data_options))


@functools.lru_cache(maxsize=2)
def _load(source, split, options):
    """Returns the data of the latest cells without another reading: cells often share them."""
    return sources.load(source, split=split, **json.loads(options))


def training_data(cell: Cell, seed: int) -> Dataset:
    """Returns the examples that a cell trains on, which the seed chooses if they are not all.

    Raises:
        ValueError: If there are fewer examples, in all or of a class, than the cell trains on.
    """
    data = load(cell, "train")
    if cell.images_per_class is not None:
        return data.take(np.sort(rows_of_each_class(data, cell.images_per_class, seed)))
    if cell.images is None:
        return data
    if not 1 <= cell.images <= len(data):
        raise ValueError(
            "`images` must be from 1 to the number of examples. "
            f"Received: images={cell.images} of {data!r}"
        )
    return data.take(np.sort(philox.permutation(seed, 0, len(data))[: cell.images]))


def batches(cell: Cell, data: Dataset, seed: int) -> Batches:
    """Returns the batches of a cell's steps."""
    recipe = cell.recipe
    if recipe.labels_per_class is not None:
        labels = recipe.labels_per_class
        return SemiSupervisedBatches(data, labels, recipe.batch_size, seed=seed)
    return data.batches(recipe.batch_size * recipe.discriminator_steps, seed=seed)
