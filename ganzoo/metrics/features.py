"""Arrays of features: checked, collected, and their distances computed in blocks."""

from collections.abc import Iterator

import numpy as np

from ganzoo.extractors.checks import on_host

# Bytes of a block of distances: with 10,000 columns, a block has 419 rows.
_BLOCK_BYTES = 2**25
# Number of columns that are converted to float64 at once.
_TILE = 1024


def check_features(name: str, features, minimum: int = 1) -> np.ndarray:
    """Returns finite features `(count, dimensions)` as a float32 or float64 array.

    Args:
        name: Name of the features, for the error messages.
        features: Floating array or tensor. Half precision becomes float32, which is exact.
        minimum: The smallest count.

    Raises:
        ValueError: If the features are not floating, have another rank, are empty, too few, or
            not finite.
    """
    features = on_host(features)
    if not np.issubdtype(features.dtype, np.floating):
        raise ValueError(f"`{name}` must be floating. Received: {name} of dtype {features.dtype}")
    if features.ndim != 2 or not features.shape[1]:
        raise ValueError(
            f"`{name}` must be of shape (count, dimensions). "
            f"Received: {name} of shape {features.shape}"
        )
    if len(features) < minimum:
        raise ValueError(
            f"`{name}` must have at least {minimum} rows. Received: {name} of shape "
            f"{features.shape}"
        )
    if not np.isfinite(features).all():
        row = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        raise ValueError(f"`{name}` must be finite. Received: {name} with NaN or inf in row {row}")
    return features


def check_pair(real, fake, minimum: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Returns both sets as `check_features` does, or raises if their dimensions differ."""
    real = check_features("real", real, minimum)
    fake = check_features("fake", fake, minimum)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            "`real` and `fake` must be features of the same dimensions. "
            f"Received: real of shape {real.shape}, fake of shape {fake.shape}"
        )
    return real, fake


def check_same_width(
    batch: np.ndarray, width: int | None, others: str = "the other batches"
) -> None:
    """Raises `ValueError` if `batch` does not have `width` columns, unless `width` is `None`."""
    if width is not None and batch.shape[1:] != (width,):
        raise ValueError(
            f"All batches must have the dimensions of {others}, here {width}. "
            f"Received: a batch of shape {batch.shape}"
        )


class Collection:
    """Rows collected batch by batch, in their order."""

    def __init__(self):
        self._batches = []
        self.count = 0

    @property
    def width(self):
        """Number of columns of features; `None` without rows, or for rows of more axes."""
        is_flat = self._batches and self._batches[0].ndim == 2
        return self._batches[0].shape[1] if is_flat else None

    def update(self, batch):
        """Adds the rows of `batch`; its other axes must agree with the earlier batches."""
        if self._batches and batch.shape[1:] != self._batches[0].shape[1:]:
            raise ValueError(
                f"All batches must have the same shape, here (batch, "
                f"{', '.join(map(str, self._batches[0].shape[1:]))}). "
                f"Received: a batch of shape {batch.shape}"
            )
        # A copy, because the caller may overwrite the array.
        self._batches.append(np.array(batch))
        self.count += len(batch)

    def array(self):
        """Returns all rows in the order in which they were added."""
        self._batches = [np.concatenate(self._batches)]
        return self._batches[0]


def squared_distances(rows: np.ndarray, columns: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields a slice of `rows` and its squared distances to all `columns`, block by block.

    The distances are |x|² + |y|² - 2 x·y in float64, relative to the center of `columns`. Distances
    below the rounding error (dimensions × 2.2e-16 of |x|² + |y|²) are 0, so that copies have the
    distance 0. The caller may change the array of distances; the next block overwrites it.
    """
    center = columns.mean(axis=0, dtype=np.float64)
    tolerance = columns.shape[1] * np.finfo(np.float64).eps
    height = max(1, _BLOCK_BYTES // (8 * len(columns)))
    buffer = np.empty((min(height, len(rows)), len(columns)))
    for start in range(0, len(rows), height):
        block = rows[start : start + height] - center
        block_norms = np.einsum("id,id->i", block, block)[:, None]
        distances = buffer[: len(block)]
        for left in range(0, len(columns), _TILE):
            tile = columns[left : left + _TILE] - center
            norms = block_norms + np.einsum("id,id->i", tile, tile)
            squares = block @ tile.T
            squares *= -2
            squares += norms
            squares[squares < tolerance * norms] = 0.0
            distances[:, left : left + _TILE] = squares
        yield slice(start, start + len(block)), distances
