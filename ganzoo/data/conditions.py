"""Checks of vectors of conditions: attributes, embeddings or multi-hot labels of examples."""

from collections.abc import Iterable

import numpy as np

from ganzoo.data.checks import as_array
from ganzoo.data.classes import as_names, listed


def check_conditions(conditions, count=None, condition_dim=None):
    """Returns float32 conditions of shape `(count, condition_dim)`, or raises.

    Args:
        conditions: Numbers or booleans, one row for each example.
        count: Number of examples, or `None` for any.
        condition_dim: Length of a row, or `None` for any.

    Raises:
        ValueError: If they have another shape, or are not finite.
        TypeError: If they are no numbers.
    """
    conditions = as_array("conditions", conditions)
    rows = "count" if count is None else count
    columns = "condition_dim" if condition_dim is None else condition_dim
    if (
        conditions.ndim != 2
        or 0 in conditions.shape
        or count not in (None, len(conditions))
        or condition_dim not in (None, conditions.shape[1])
    ):
        cure = " (for one number for each example `conditions[:, None]`)"
        raise ValueError(
            f"`conditions` must have the shape ({rows}, {columns}), one row for each example"
            f"{cure if conditions.ndim == 1 else ''}. "
            f"Received: conditions.shape={conditions.shape}"
        )
    if conditions.dtype.kind not in "biuf":
        raise TypeError(
            f"`conditions` must be numbers. Received: conditions.dtype={conditions.dtype}"
        )
    with np.errstate(over="ignore"):  # Numbers that float32 does not hold become infinite.
        conditions = np.ascontiguousarray(conditions, dtype=np.float32)
    if not np.isfinite(conditions).all():
        bad = ~np.isfinite(conditions).all(axis=1)
        raise ValueError(
            "`conditions` must be finite: remove or repair the rows with NaN, infinity or "
            "numbers that float32 does not hold. "
            f"Received: {bad.sum():,} such rows of {len(conditions):,}, the first at {bad.argmax()}"
        )
    return conditions


def check_condition_names(names: Iterable[str] | None, condition_dim: int | None) -> tuple | None:
    """Returns the names of the components of conditions in their order, or `None`.

    Raises:
        ValueError: If there are fewer or more names than components, two are equal, or it is one
            text.
    """
    if names is None:
        return None
    names = as_names("condition_names", names)
    if len(names) != (condition_dim or 0) or len(set(names)) < len(names):
        raise ValueError(
            "`condition_names` must name each component of the conditions, with different names. "
            f"Received: {len(names):,} names, {listed(names)}, with condition_dim={condition_dim}"
        )
    return names


def check_same_conditions(names: tuple | None, others: tuple | None, owner: str) -> None:
    """Raises `ValueError` if conditions have other names than elsewhere, or another order.

    Args:
        names: Names of the components in the data, or `None` if nobody knows.
        others: Names of the components elsewhere, or `None`.
        owner: What has these names, for messages, e.g. `"the GAN"`.
    """
    if None not in (names, others) and tuple(names) != tuple(others):
        raise ValueError(
            f"Conditions must be the ones of {owner}, in the same order: {listed(others)}. "
            f"Received: {listed(names)}"
        )
