"""Batches of generators, loaders and other iterables, each of them checked."""

import itertools

import keras

from ganzoo.data import cures
from ganzoo.data.batch_parts import (
    check_batched,
    has_keys,
    host_parts,
    parts_of,
    warn_of_unread_keys,
)
from ganzoo.data.iterables import of_one_size
from ganzoo.training.batch_check import BatchCheck
from ganzoo.training.streams import checked_parts, look


class IteratedBatches:
    """Batches of one size of a Python iterable, each of them checked.

    The batches of a pass are joined and split again. What does not fill a batch at its end is left
    out.

    Args:
        gan: The GAN that trains on them.
        passes: The `ganzoo.data.iterables.Passes`.
        size: Number of examples in each batch, or `None` for the size of the first batch.
        step_function: Function that returns the step of the GAN.

    Attributes:
        check: The `BatchCheck`.
        kind: Name of the kind of iterable.
        first: The first batch, a tuple of arrays.
        length: Number of batches in a pass, or `None` if only its end tells it.
        size: Number of examples in each batch.
        is_read_once: Whether there is a single pass.
        is_exact: Whether the batches follow from the step alone.

    Raises:
        ValueError: If the first batches do not fit the GAN, or there are none.
    """

    def __init__(self, gan, passes, size, step_function):
        self._passes, self._step_function = passes, step_function
        self.kind = passes.kind
        self.is_read_once, self.is_exact = passes.is_read_once, passes.follows_step
        self.check = BatchCheck(gan, gan.class_names)
        self._first_step = gan.step
        batches, start = passes.read(self._first_step), []

        def seen():
            for batch in batches:
                if not start:
                    self._check_structure(gan, batch)
                start.append(batch)
                yield host_parts(batch)

        look(self.check, seen(), f"a {passes.kind}")
        self.first = checked_parts(self.check, start[0])
        self.size = len(self.first[0]) if size is None else size
        self.length = None if passes.count is None else passes.count // self.size
        if self.length == 0:
            raise self._without_batch()
        # The batches that were looked at are the first ones of the first pass.
        self._begun = itertools.chain(start, batches)

    def _without_batch(self):
        return ValueError(
            "The data must hold at least one batch, which is full. "
            f"Received: a {self.kind} with fewer than {self.size:,} examples"
        )

    def _check_structure(self, gan, batch):
        warn_of_unread_keys(batch, stacklevel=8)
        examples, labels = parts_of(batch)
        check_batched(examples, labels, cures.ITERABLE, gan.example_shape)
        self.check.has_labels = labels is not None
        self.check.cures = cures.ITERABLE.cures(labels is not None, has_keys(batch))

    def read(self, steps):
        """Yields the batches of one pass, or `steps` batches of as many passes as that takes.

        Raises:
            ValueError: If the data end before, and cannot be read again.
        """
        try:
            yield from self._read(steps)
        except Exception as error:
            self.check.error = self.check.error or error
            raise

    def _read(self, steps):
        start, done = self._step_function(), 0
        while True:
            before, wanted = done, None if steps is None else steps - done
            for batch in itertools.islice(self._pass(start + done), wanted):
                done += 1
                yield batch
            if done == 0:
                raise self._without_batch()
            if steps is None or done == steps:
                return
            if self.is_read_once or done == before:
                raise ValueError(
                    f"The data have ended after {done:,} of {steps:,} batches, and cannot be read "
                    "again: give `fit` a function that makes them, or fewer steps. "
                    f"Received: x of type {self.kind}"
                )

    def _pass(self, step):
        """Yields the batches of the pass that starts at a step."""
        begun = self._begun
        if not self.is_read_once:
            self._begun = None
        if begun is None or (self.is_exact and step != self._first_step):
            begun = self._passes.read(step)
        return of_one_size((checked_parts(self.check, batch) for batch in begun), self.size)

    def open(self, steps):
        """Returns what Keras's `fit` reads: these batches from the current step on.

        Args:
            steps: Number of batches, or `None` for one pass.
        """
        if keras.backend.backend() != "tensorflow":
            return self.read(steps)
        import tensorflow as tf

        signature = tuple(
            tf.TensorSpec((self.size, *part.shape[1:]), part.dtype) for part in self.first
        )
        dataset = tf.data.Dataset.from_generator(
            lambda: self.read(steps), output_signature=signature
        )
        return dataset.prefetch(tf.data.AUTOTUNE)
