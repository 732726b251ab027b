"""The check of every batch that a GAN trains on."""

import contextlib

import numpy as np

from ganzoo.data.checks import check_examples, check_labels
from ganzoo.data.conditions import check_conditions
from ganzoo.data.cures import ARRAY_CURES
from ganzoo.training import output_range


class BatchCheck:
    """Checks batches of arrays: shapes, types, values and labels.

    Args:
        gan: The GAN that trains on them.
        class_names: Names of the classes where labels may be texts, or `None`.
        cures: What to write in each case, for messages.
        has_labels: Whether the batches have labels or conditions, also if the GAN takes none.

    Attributes:
        size: Number of examples in each batch, or `None` if each may have its own.
        error: The first error, or `None`. TensorFlow raises another one in its place.
    """

    def __init__(self, gan, class_names=None, cures=ARRAY_CURES, has_labels=False):
        self.error = self.size = None
        self.cures, self.has_labels = cures, has_labels
        self._class_names = class_names
        self._shape, self._num_classes = gan.example_shape, gan.num_classes
        self._condition_dim, self._without_labels = gan.condition_dim, without_labels(gan)
        # `None` after the first batch, and in a run that has begun.
        self._generator_range = gan.generator_range if gan.step == 0 else None

    def __call__(self, examples, labels=None):
        """Returns the examples, and the int32 labels or float32 conditions or `None`; or raises."""
        try:
            return self._checked(np.asarray(examples), labels)
        except (TypeError, ValueError) as error:
            self.error = self.error or error
            raise

    def _checked(self, examples, labels):
        examples = check_examples(examples, self.cures)
        if self.size is not None and len(examples) != self.size:
            raise ValueError(
                "All batches must have one size: drop the remainder. Received: a first batch of "
                f"{self.size} and another one of {len(examples)}"
            )
        check_shape(self._shape, examples, self.cures)
        output_range.check_examples(self._generator_range, examples)
        self._generator_range = None
        if self._num_classes is None and self._condition_dim is None:
            return examples, None
        if labels is None:
            raise self._without_labels
        if self._condition_dim is not None:
            return examples, check_conditions(labels, len(examples), self._condition_dim)
        return examples, self.checked_labels(labels, self._num_classes, len(examples))

    def checked_labels(self, labels, num_classes, count):
        """Returns the int32 labels of `count` examples, or raises."""
        labels = np.asarray(labels)
        names = self._class_names if labels.dtype.kind in "OSU" else None
        return check_labels(labels, num_classes, names, count, self.cures)[0]

    @contextlib.contextmanager
    def errors(self):
        """Raises the error of this check where TensorFlow raises one of its own."""
        try:
            yield
        except Exception as error:
            if self.error is None or error is self.error:
                raise
            raise self.error from None


def check_shape(expected, examples, cures=ARRAY_CURES):
    """Raises `ValueError` unless examples have the shape that the networks take."""
    shape = tuple(examples.shape[1:])
    if shape != expected:
        cure = ""
        if expected == (*shape, 1):
            cure = f" Grayscale images need a last axis of 1 ({cures['axis']})."
        raise ValueError(
            f"The networks are made for examples of shape {expected}.{cure} "
            f"Received: examples of shape {shape}"
        )


def without_labels(gan):
    """Returns the error for examples without labels or conditions in a conditional GAN."""
    if gan.condition_dim is not None:
        return ValueError(
            f"A GAN with condition_dim={gan.condition_dim} trains on (examples, conditions). "
            "Received: examples without conditions"
        )
    return ValueError(
        f"A GAN with num_classes={gan.num_classes} trains on (examples, labels). "
        "Received: examples without labels"
    )
