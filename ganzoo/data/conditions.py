"""Checks of vectors of conditions: attributes, embeddings or multi-hot labels of examples."""

import numpy as np

from ganzoo.data.checks import as_array


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
    if not np.isfinite(conditions).all():
        bad = ~np.isfinite(conditions).all(axis=1)
        raise ValueError(
            "`conditions` must be finite: remove or repair the rows with NaN or infinity. "
            f"Received: {bad.sum():,} such rows of {len(conditions):,}, the first at {bad.argmax()}"
        )
    return np.ascontiguousarray(conditions, dtype=np.float32)
