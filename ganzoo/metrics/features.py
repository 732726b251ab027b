"""Arrays of features: brought to the host, checked, collected, and their distances in blocks."""

import numpy as np

from ganzoo.extractors.checks import on_host

# Bytes of one block of distances: 10,000 columns give blocks of 419 rows.
_BLOCK_BYTES = 2**25
# Columns that are converted to float64 at once.
_TILE = 1024


def check_features(name, features, minimum=1):
    """Returns finite features `(count, dimensions)` as a float32 or float64 array.

    Args:
        name: What the features are called, for the messages.
        features: Floating array or tensor. Half precision becomes float32, which is exact.
        minimum: The smallest count.

    Raises:
        ValueError: If the features are not floating, of another rank, empty, too few, or not
            finite.
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


def check_pair(real, fake, minimum=1):
    """Returns both as `check_features` does; raises if their dimensions differ."""
    real = check_features("real", real, minimum)
    fake = check_features("fake", fake, minimum)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            "`real` and `fake` must be features of the same dimensions. "
            f"Received: real of shape {real.shape}, fake of shape {fake.shape}"
        )
    return real, fake


def check_same_width(batch, width):
    """Raises if `batch` has another number of columns than the batches before it."""
    if width is not None and batch.shape[1] != width:
        raise ValueError(
            f"All batches must have the same dimensions, here {width}. "
            f"Received: a batch of shape {batch.shape}"
        )


class Collection:
    """Rows collected batch by batch, as they came."""

    def __init__(self):
        self._batches = []
        self.count = 0

    def update(self, batch):
        """Adds the rows of `batch`, whose other axes are those of the batches before it."""
        if self._batches and batch.shape[1:] != self._batches[0].shape[1:]:
            raise ValueError(
                f"All batches must have the same shape, here (batch, "
                f"{', '.join(map(str, self._batches[0].shape[1:]))}). "
                f"Received: a batch of shape {batch.shape}"
            )
        # A copy: the caller may fill the array anew.
        self._batches.append(np.array(batch))
        self.count += len(batch)

    def array(self):
        """Returns all rows in the order of their arrival."""
        self._batches = [np.concatenate(self._batches)]
        return self._batches[0]


def squared_distances(rows, columns):
    """Yields a slice of `rows` and its squared distances to all `columns`, block by block.

    The distances come from |x|² + |y|² - 2 x·y in float64, about the center of `columns`. Those
    that rounding cannot tell from 0 (dimensions × 2.2e-16 of |x|² + |y|²) are 0, so that copies
    have no distance. The array of distances is the caller's to change, and is filled anew for the
    next block.
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
