"""Batches for semi-supervised learning: few labeled examples, and all examples without labels."""

import operator

import numpy as np

from ganzoo.data.batches import Batches
from ganzoo.data.philox import permutation
from ganzoo.data.random_crops import RandomCrops
from ganzoo.validation import check_positive_integer

# Streams of the generator. `Batches` uses the streams from 0 on, one for each pass over the data.
# Each of these has as many streams of its own.
_SUBSET, _LABELED, _MATCHING = (purpose << 60 for purpose in (1, 2, 3))


class SemiSupervisedBatches(Batches):
    """Three batches in one: unlabeled, labeled, and unlabeled for feature matching.

    Only the labels of `labels_per_class` examples of each class are known. Batch `step` has

    - `"unlabeled"`: examples of the full set, in the order of `Batches`;
    - `"matching"`: examples of the full set, in endless permutations, for the generator to match;
    - `"labeled"` and its labels: the labeled examples, in endless permutations. None is left out: a
      batch that is larger than the rest of a permutation continues in the next one.

    The batches depend on the seed and the step alone. `follow` and `fit` work as for `Batches`.

    Args:
        dataset: A `ganzoo.data.Dataset` with labels.
        labels_per_class: Labeled examples of each class, chosen by the seed.
        batch_size: Examples in each of the three; at most `len(dataset)`.
        seed: Integer in [0, 2**64). Another seed gives another choice and another order.
        steps_per_epoch: Batches in what Keras calls an epoch; by default one pass over the data.

    Attributes:
        labeled_subset: Rows of the labeled examples in the data set, class after class.

    Raises:
        ValueError: If an argument is out of range, the data have no labels, or a class has too few
            examples.

    Example:

    >>> dataset = ganzoo.data.load("digits")
    >>> batches = ganzoo.data.SemiSupervisedBatches(dataset, labels_per_class=10)
    >>> examples, labels = batches.batch(0)
    >>> examples["unlabeled"].shape, examples["matching"].shape
    ((100, 32, 32, 1), (100, 32, 32, 1))
    >>> examples["labeled"].shape, labels.shape
    ((100, 32, 32, 1), (100,))

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 5, and
        its [code](https://github.com/openai/improved-gan).
    """

    def __init__(
        self,
        dataset,
        labels_per_class: int,
        batch_size: int = 100,
        seed: int = 0,
        steps_per_epoch: int | None = None,
    ):
        if isinstance(dataset, RandomCrops):
            raise ValueError(
                "Semi-supervised models take whole images, and no random windows of them. "
                f"Received: {dataset!r}"
            )
        super().__init__(dataset, batch_size, seed=seed, steps_per_epoch=steps_per_epoch)
        self.labels_per_class = check_positive_integer("labels_per_class", labels_per_class)
        self.labeled_subset = rows_of_each_class(
            dataset, self.labels_per_class, self.seed, argument="labels_per_class"
        )
        self._labeled = _Permutations(len(self.labeled_subset), self.seed, _LABELED)
        self._matching = _Permutations(len(dataset), self.seed, _MATCHING)

    def rows(self, step: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Returns the rows of the examples of training step `step`, and the labels.

        Args:
            step: Integer of at least 0; it may exceed one epoch.

        Returns:
            A dictionary of the int32 rows of the `"unlabeled"`, `"labeled"` and `"matching"`
            examples, and the int32 labels of the labeled ones. `batch` returns the examples.
        """
        unlabeled, _ = super().rows(step)
        start = operator.index(step) * self.batch_size
        labeled = self.labeled_subset[self._labeled.take(start, self.batch_size)]
        matching = self._matching.take(start, self.batch_size)
        rows = {"unlabeled": unlabeled, "labeled": labeled, "matching": matching}
        rows = {name: part.astype(np.int32) for name, part in rows.items()}
        return rows, np.take(self.dataset.labels, labeled)

    def __repr__(self):
        return (
            f"SemiSupervisedBatches({self.dataset!r}, labels_per_class={self.labels_per_class}, "
            f"batch_size={self.batch_size}, seed={self.seed}, "
            f"steps_per_epoch={self.steps_per_epoch})"
        )


class _Permutations:
    """An endless sequence: permutation after permutation of the numbers below `count`."""

    def __init__(self, count, seed, stream):
        self._count, self._seed, self._stream = count, seed, stream
        self._cached = (None, None)

    def take(self, start, size):
        """Returns the numbers at the positions `start`, ..., `start + size - 1` of the sequence."""
        first, last = start // self._count, (start + size - 1) // self._count
        parts = []
        for cycle in range(first, last + 1):
            skipped = cycle * self._count
            parts.append(self._cycle(cycle)[max(start - skipped, 0) : start + size - skipped])
        return np.concatenate(parts)

    def _cycle(self, number):
        cached, order = self._cached
        if cached != number:
            order = permutation(self._seed, self._stream + number, self._count)
            self._cached = (number, order)
        return order


def rows_of_each_class(
    dataset, count: int, seed: int, argument: str = "images_per_class"
) -> np.ndarray:
    """Returns rows of `count` examples of each class, class after class, chosen by the seed.

    Args:
        dataset: A `ganzoo.data.Dataset`.
        count: Number of examples of each class.
        seed: Integer in [0, 2**64).
        argument: What the number is called in messages.

    Raises:
        ValueError: If the data have no labels, or a class has too few examples.
    """
    if dataset.labels is None:
        raise ValueError(
            f"`{argument}` chooses examples by their labels. "
            f"Received: data without labels, {dataset!r}"
        )
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    if counts.min() < count:
        raise ValueError(
            f"Each class must have `{argument}` examples: lower it, or give more data. "
            f"Received: {argument}={count}, where class {counts.argmin()} has "
            f"{counts.min():,} examples in {dataset!r}"
        )
    order = permutation(seed, _SUBSET, len(dataset))
    labels = dataset.labels[order]
    chosen = [order[labels == label][:count] for label in range(dataset.num_classes)]
    return np.concatenate(chosen)
