"""Which examples are near each other: searched in float32, decided in float64."""

import numpy as np

from ganzoo.metrics.features import squared_distances

# Number of distances in one matrix product: 16 MB in float32.
_BLOCK = 2**22
# Number of distances that are processed together and fit into a processor's cache.
_PART = 2**19
# Number of elements of the differences that are computed at once: 16 MB in float64.
_DIFFERENCES = 2**21
# If more than this share of a part's distances is needed, a matrix product in float64 is faster
# than the differences of single pairs.
_MANY = 1 / 128


class Neighbors:
    """Squared distances from all `rows` to all `columns`, to find the short ones.

    A matrix product in float32 gives a lower and an upper bound of each distance. If the bounds do
    not decide, the distance is computed in float64. The memory is a float32 copy of both sets, and
    blocks of 16 MB.

    Args:
        rows, columns: Features, `(count, dimensions)`.
    """

    def __init__(self, rows, columns):
        self._rows, self._columns = rows, columns
        self._itself = rows is columns
        center = columns.mean(axis=0, dtype=np.float64)
        # Scaled to a length of at most 1, so that no square overflows.
        sets = (columns,) if self._itself else (columns, rows)
        scale = max(_largest_norm(features, center) for features in sets) or 1.0
        self._unit = scale**2
        y, y_norms = _single(columns, center, scale)
        x, x_norms = (y, y_norms) if self._itself else _single(rows, center, scale)
        # `relative` bounds the rounding of the products, of the norms, of their sums, and of the
        # features; `least`, the smallest normal number, bounds underflow.
        relative = (columns.shape[1] + 16) * np.finfo(np.float32).eps / 2
        least = columns.shape[1] * np.finfo(np.float32).tiny
        self._x, self._y = x, y
        self._x_norms, self._y_norms = (n * (1 - relative) - least for n in (x_norms, y_norms))
        self._x_slack, self._y_slack = (2 * (n * relative + least) for n in (x_norms, y_norms))

    def radii(self, *neighbors):
        """Returns the squared distance of each row to its n-th nearest column, for each n.

        If rows and columns are the same set, an example is not its own neighbor.
        """
        radii = np.empty((len(neighbors), len(self._rows)))
        farthest = max(neighbors)
        for rows, lower in self._parts():
            if self._itself:
                own = np.arange(rows.start, rows.stop)
                lower[own - rows.start, own] = np.inf
            upper = lower + self._y_slack
            upper.partition(farthest - 1, axis=1)
            # The n-th smallest distance is at most the n-th smallest upper bound.
            limit = upper[:, farthest - 1] + self._x_slack[rows]
            i, j = np.nonzero(lower <= limit[:, None])
            distances = self._exact(rows, i, j, lower.size)
            order = np.lexsort((distances, i))
            first = np.searchsorted(i, np.arange(len(lower)))
            for radius, n in zip(radii, neighbors, strict=True):
                radius[rows] = distances[order[first + n - 1]]
        return radii

    def pairs(self, row_limits, column_limits):
        """Yields indices of rows and of columns, and squared distances, of the pairs that are near.

        These are all pairs that are nearer than one of their limits. A distance is exact, or lies
        on the same side of all limits as the exact one.

        Args:
            row_limits, column_limits: Squared distances, `(limits, count)`.
        """
        widest_of_rows = _rounded_up(row_limits.max(axis=0) / self._unit)
        widest_of_columns = _rounded_up(column_limits.max(axis=0) / self._unit)
        for rows, lower in self._parts():
            limit = np.maximum(widest_of_rows[rows, None], widest_of_columns)
            i, j = np.nonzero(lower <= limit)
            low = lower[i, j].astype(np.float64)
            distances = (low + self._x_slack[rows][i] + self._y_slack[j]) * self._unit
            low *= self._unit
            limits = (*row_limits[:, rows][:, i], *column_limits[:, j])
            open_ones = np.zeros(len(i), bool)
            for limit in limits:
                open_ones |= (low <= limit) & (limit < distances)
            (undecided,) = np.nonzero(open_ones)
            distances[undecided] = self._exact(rows, i[undecided], j[undecided], lower.size)
            yield rows.start + i, j, distances

    def _parts(self):
        """Yields slices of the rows, and lower bounds of their distances in units of the scale."""
        count = len(self._columns)
        height, step = max(1, _BLOCK // count), max(1, _PART // count)
        buffer = np.empty((min(height, len(self._x)), count), np.float32)
        for start in range(0, len(self._x), height):
            block = self._x[start : start + height]
            products = np.matmul(block, self._y.T, out=buffer[: len(block)])
            for top in range(0, len(block), step):
                part = products[top : top + step]
                rows = slice(start + top, start + top + len(part))
                part *= -2
                part += self._y_norms
                part += self._x_norms[rows, None]
                yield rows, part

    def _exact(self, rows, i, j, size):
        """Returns the distances of pairs in float64; the part has `size` distances."""
        if len(i) > _MANY * size:
            distances = np.empty((rows.stop - rows.start, len(self._columns)))
            for block, values in squared_distances(self._rows[rows], self._columns):
                distances[block] = values
            return distances[i, j]
        distances = np.empty(len(i))
        step = max(1, _DIFFERENCES // self._columns.shape[1])
        for start in range(0, len(i), step):
            some = slice(start, start + step)
            difference = self._rows[rows.start + i[some]].astype(np.float64)
            difference -= self._columns[j[some]]
            distances[some] = np.einsum("id,id->i", difference, difference)
        return distances


def _largest_norm(features, center):
    blocks = (block for _, block in _centered(features, center))
    return max(float(np.linalg.norm(block, axis=1).max()) for block in blocks)


def _single(features, center, scale):
    """Returns centered and scaled features and their squared norms, in float32."""
    copy = np.empty(features.shape, np.float32)
    norms = np.empty(len(features), np.float32)
    for rows, block in _centered(features, center):
        block /= scale
        copy[rows] = block
        norms[rows] = np.einsum("id,id->i", block, block)
    return copy, norms


def _centered(features, center):
    """Yields slices of the rows, and these rows in float64 relative to the center."""
    step = max(1, _DIFFERENCES // features.shape[1])
    for start in range(0, len(features), step):
        rows = slice(start, min(start + step, len(features)))
        yield rows, features[rows] - center


def _rounded_up(limits):
    """Returns limits in float32, rounded up."""
    return np.nextafter(limits.astype(np.float32), np.float32(np.inf))
