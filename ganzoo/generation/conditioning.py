"""What samples are conditioned on: classes, vectors of conditions, or nothing."""

import numpy as np

from ganzoo.data.classes import listed
from ganzoo.data.conditions import check_conditions
from ganzoo.validation import describe, did_you_mean


def condition_of(gan, labels, conditions, n, seeds=None):
    """Returns what the generator takes with `n` latents: labels, conditions or `None`.

    Args:
        gan: The GAN.
        labels: One class or `n` classes, as numbers or names, or `None`.
        conditions: One vector of conditions, or `n` of them, or `None`.
        n: Number of samples.
        seeds: uint64 seeds, for the default classes; or `None` where classes must be given.

    Raises:
        ValueError: If they do not fit the GAN.
    """
    if gan.condition_dim is None:
        check_no_conditions(conditions)
        if labels is None and seeds is not None:
            labels = labels_of(seeds, gan.num_classes)
        return check_labels(numbers_of(gan, labels), n, gan.num_classes)
    if labels is not None or conditions is None:
        raise ValueError(
            f"This GAN takes vectors of conditions: give `conditions` of shape "
            f"({gan.condition_dim},) for all samples, or ({n}, {gan.condition_dim}). "
            f"Received: labels={describe(labels)}, conditions={describe(conditions)}"
        )
    if np.ndim(conditions) == 1:
        conditions = np.tile(conditions, (n, 1))
    return check_conditions(conditions, n, gan.condition_dim)


def check_no_conditions(conditions):
    """Raises `ValueError` if a GAN that takes no vectors of conditions is given some."""
    if conditions is not None:
        raise ValueError(
            "This GAN takes no vectors of conditions. Expected: conditions=None. "
            f"Received: conditions={describe(conditions)}"
        )


def numbers_of(gan, labels):
    """Returns the numbers of classes that are given by name, and other labels as they are.

    Raises:
        ValueError: If the GAN has no class of a name, or knows no names.
    """
    names = np.asarray(labels)
    if labels is None or names.dtype.kind not in "OSU":
        return labels
    known = gan.class_names or ()
    for name in names.ravel().tolist():
        if name not in known:
            what = f"among {listed(known)}" if known else "integers: this GAN knows no names"
            raise ValueError(
                f"`labels` must be {what}.{did_you_mean(name, known)} "
                f"Received: labels={describe(name)}"
            )
    return np.vectorize(known.index, otypes=[np.int32])(names)


def check_labels(labels, n, num_classes):
    """Returns one class, or `n` of them, as int32 of shape `(n,)`, or `None` without classes."""
    if num_classes is None:
        if labels is not None:
            raise ValueError(
                "This GAN has no classes. Expected: labels=None. "
                f"Received: labels={describe(labels)}"
            )
        return None
    labels = np.asarray(labels)
    if labels.shape not in ((), (n,)) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"`labels` must be one class or {n} classes. Received: labels={describe(labels)}"
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"`labels` must be classes from 0 to {num_classes - 1}. Received: labels from "
            f"{labels.min()} to {labels.max()}"
        )
    return np.broadcast_to(labels, n).astype("int32")


def labels_of(seeds, num_classes):
    """Returns the default classes of uint64 seeds, or `None` without classes."""
    return None if num_classes is None else (seeds % np.uint64(num_classes)).astype("int32")
