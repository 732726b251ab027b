"""Batches in an order that is a pure function of the seed and the step."""

import operator
from collections.abc import Callable
from typing import Self

import keras
import numpy as np

from ganzoo.data.philox import permutation
from ganzoo.validation import check_positive_integer, check_seed, describe


class Batches(keras.utils.PyDataset):
    """Batches of a data set, in a new order on every pass, that follow from seed and step alone.

    Pass `p` over the data follows a permutation keyed by `(seed, p)`. Examples that do not fill a
    batch are left out of that pass. So `batch(step)` can be computed for any step at any time: a
    run that was stopped and restored continues with the same batches as without the stop.

    `fit` takes the object directly, after `follow` has set where to read the step:

    - Pass `shuffle=False` to `fit`. Otherwise Keras draws the batches of an epoch in its own order,
      which is an error here. `ganzoo.GAN.fit` does it for you.
    - Only one loop at a time may read an object: use another one for validation data.

    Args:
        dataset: A `ganzoo.data.Dataset`.
        batch_size: Examples per batch; at most `len(dataset)`.
        seed: Integer in [0, 2**64). Another seed gives another order.
        steps_per_epoch: Batches in what Keras calls an epoch, the time between two calls of the
            callbacks. Defaults to one pass over the data. It does not change the order.

    Raises:
        ValueError: If an argument is out of range, or the data do not fill one batch.

    Example:

    >>> dataset = ganzoo.data.load("digits")
    >>> batches = dataset.batches(64, seed=0)
    >>> images, labels = batches.batch(0)
    >>> images.shape, images.dtype, labels.shape
    ((64, 32, 32, 1), dtype('uint8'), (64,))
    """

    # How Keras 3.15 reads a `PyDataset`, and why the step is taken where it is:
    #
    # `fit` calls `on_epoch_begin()`, then asks for the items 0, 1, ..., len - 1. Under TensorFlow a
    # thread of `tf.data` asks for them, several ahead of the training, so the running step says
    # nothing about the item that is asked for; and under JAX the model's variables hold no value
    # between an epoch's first step and its last. `on_epoch_begin` runs on the main thread, after
    # every step before it and before any item of a new iterator: the one place where the step can
    # be read. It is called before callbacks have restored a checkpoint too (Keras may look at one
    # batch to build the model), but again after it, before the first batch that is trained on.
    #
    # `fit(steps_per_epoch=k)` lets one iterator live through several epochs: `on_epoch_begin` then
    # runs in the middle of it, with items fetched ahead. So the step read there takes effect when
    # a new iterator starts, which is when item 0 is asked for.

    def __init__(self, dataset, batch_size: int, seed: int = 0, steps_per_epoch: int | None = None):
        # One worker: more would only add threads to a gather that takes microseconds.
        super().__init__(workers=1, use_multiprocessing=False)
        self.dataset = dataset
        self.batch_size = check_positive_integer("batch_size", batch_size)
        self.seed = check_seed(seed)
        if self.batch_size > len(dataset):
            raise ValueError(
                "`batch_size` must be at most the number of examples; lower it, or give more data. "
                f"Received: batch_size={batch_size} for {dataset!r}"
            )
        self.steps_per_pass = len(dataset) // self.batch_size
        self.steps_per_epoch = (
            self.steps_per_pass
            if steps_per_epoch is None
            else check_positive_integer("steps_per_epoch", steps_per_epoch)
        )
        self._order = (None, None)
        self._step_function = None
        self._in_epoch = False
        self._first_step = self._next_first_step = 0
        self._last_index = -1

    def batch(self, step: int) -> tuple[np.ndarray, ...]:
        """Returns the batch of a step: `(examples,)`, with labels or conditions if there are any.

        Args:
            step: Integer of at least 0; it may exceed one epoch.
        """
        rows, *labels = self.rows(step)
        examples = keras.tree.map_structure(
            lambda part: np.take(self.dataset.examples, part, axis=0), rows
        )
        return examples, *labels

    def rows(self, step: int) -> tuple[np.ndarray, ...]:
        """Returns the batch of a training step with the rows of its examples in their place.

        Args:
            step: Integer of at least 0; it may exceed one epoch.

        Returns:
            As `batch`, but int32 rows of `dataset.examples` instead of examples.
        """
        if step < 0:
            raise ValueError(f"`step` must be at least 0. Received: step={step!r}")
        number, position = divmod(operator.index(step), self.steps_per_pass)
        start = position * self.batch_size
        rows = self._order_of_pass(number)[start : start + self.batch_size].astype(np.int32)
        if self.dataset.targets is None:
            return (rows,)
        return rows, np.take(self.dataset.targets, rows, axis=0)

    @property
    def takes_rows(self) -> bool:
        """Whether each batch has the examples at `rows(step)`; a subclass may change `batch`."""
        return type(self).batch is Batches.batch and type(self).__getitem__ is Batches.__getitem__

    def follow(self, step_function: Callable[[], int]) -> Self:
        """Lets every epoch of `fit` start at the step that `step_function()` returns.

        Args:
            step_function: Callable without arguments that gives the number of training steps done,
                e.g. `lambda: int(gan.step)`, or for a plain Keras model
                `lambda: int(model.optimizer.iterations.numpy())`. It is called on the main thread,
                once an epoch.

        Returns:
            These batches.
        """
        if not callable(step_function):
            raise TypeError(
                "`step_function` must be a callable that returns the training step. "
                f"Received: step_function={step_function!r}"
            )
        self._step_function = step_function
        return self

    def __len__(self):
        return self.steps_per_epoch

    def __getitem__(self, index):
        return self.batch(self.step_of(index))

    def step_of(self, index: int) -> int:
        """Returns the training step of batch `index` of the epoch, which is the next to be read.

        Raises:
            IndexError: If the epoch has no such batch.
            ValueError: If it is not the one after the last one that was asked for.
        """
        if not 0 <= index < self.steps_per_epoch:
            raise IndexError(
                f"`index` must be in [0, {self.steps_per_epoch}); `batch(step)` takes any step. "
                f"Received: index={describe(index)}"
            )
        if index == 0:
            self._first_step = self._next_first_step
        elif self._in_epoch and index != self._last_index + 1:
            raise ValueError(
                "Batches must be read in order, but Keras requested batch "
                f"{index} of the epoch after batch {self._last_index}. Pass `shuffle=False` to "
                "`fit` (the data are shuffled already), and let one loop at a time read one "
                "`Batches`."
            )
        self._last_index = index
        return self._first_step + index

    def on_epoch_begin(self):
        if self._step_function is None:
            raise RuntimeError(
                "These batches depend on the training step, and do not know where to read it. "
                "Before `fit` call "
                "`batches.follow(lambda: int(model.optimizer.iterations.numpy()))`, or "
                "`batches.follow(lambda: 0)` where every epoch should be the same."
            )
        step = int(self._step_function())
        if step < 0:
            raise ValueError(f"The training step must be at least 0. Received: step={step}")
        self._next_first_step = step
        self._in_epoch = True

    def on_epoch_end(self):
        self._in_epoch = False

    def __repr__(self):
        return (
            f"Batches({self.dataset!r}, batch_size={self.batch_size}, seed={self.seed}, "
            f"steps_per_epoch={self.steps_per_epoch})"
        )

    def _order_of_pass(self, number):
        cached, order = self._order
        if cached != number:
            order = permutation(self.seed, number, len(self.dataset))
            self._order = (number, order)
        return order
