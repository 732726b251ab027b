"""Rows in several files, of which only the ones that are read are in memory."""

import copy
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

# So many bytes of the files may be mapped at a time. A row maps at least the pages around it.
MAPPED_BYTES = 2**26
_PAGES = 2**16


class ShardedArray:
    """An array in raw files, which are mapped into memory and read where rows are taken.

    It has what batches and metrics use of a NumPy array: its shape and type, `take`, and indexing
    by integers, slices and arrays of rows. `np.asarray` reads all of it.

    Args:
        paths: The files.
        counts: Number of rows in each of them.
        row_shape: Shape of a row.
        dtype: Type of the values.
    """

    def __init__(
        self,
        paths: Sequence[pathlib.Path],
        counts: Sequence[int],
        row_shape: tuple[int, ...],
        dtype: Any,
    ):
        self.dtype = self._stored = np.dtype(dtype)
        self._paths, self._counts = list(paths), list(counts)
        self._starts = np.concatenate([[0], np.cumsum(self._counts)])
        self.shape = (int(self._starts[-1]), *row_shape)
        self.ndim = len(self.shape)
        self._row_bytes = int(np.prod(row_shape)) * self._stored.itemsize
        self._convert = None
        self._maps: dict[int, np.memmap] = {}
        self._mapped = 0

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of all values in memory."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def converted(self, function: Callable[[np.ndarray], np.ndarray], dtype: Any) -> Self:
        """Returns this array with its values changed by a function, when they are read.

        Args:
            function: From rows as they are in the files to as many rows of the same shape.
            dtype: Type of its results.
        """
        result = copy.copy(self)
        result.dtype, result._convert = np.dtype(dtype), function
        result._maps, result._mapped = {}, 0
        return result

    def take(self, rows: Any, axis: int = 0, out: None = None, mode: str = "raise") -> np.ndarray:
        """Returns copies of rows, as `np.take(array, rows, axis=0)`."""
        if axis != 0:
            raise ValueError(f"Rows are taken along axis 0. Received: axis={axis}")
        rows = np.asarray(rows)
        flat = rows.ravel().astype(np.int64)
        flat = np.where(flat < 0, flat + len(self), flat)
        if flat.size and not (flat.min() >= 0 and flat.max() < len(self)):
            raise IndexError(f"Rows must be in [0, {len(self)}). Received: {flat.max()}")
        taken = np.empty((len(flat), *self.shape[1:]), self.dtype)
        shards = np.searchsorted(self._starts, flat, side="right") - 1
        for shard in np.unique(shards).tolist():
            chosen = np.flatnonzero(shards == shard)
            step = max(1, MAPPED_BYTES // max(self._row_bytes, _PAGES))
            for start in range(0, len(chosen), step):
                part = chosen[start : start + step]
                values = self._shard(shard, len(part))[flat[part] - self._starts[shard]]
                taken[part] = values if self._convert is None else self._convert(values)
        return taken.reshape(*rows.shape, *self.shape[1:])

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, slice):
            first = np.arange(*first.indices(len(self)))
        elif np.asarray(first).dtype == bool:
            first = np.flatnonzero(first)
        taken = self.take(first)
        return taken[(slice(None),) * np.ndim(first) + tuple(rest)] if rest else taken

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("An array in files can only be read as a copy.")
        return self[:].astype(dtype or self.dtype, copy=False)

    def min(self) -> Any:
        """Returns the smallest value, block by block."""
        return min(block.min() for block in blocks_of(self))

    def max(self) -> Any:
        """Returns the largest value, block by block."""
        return max(block.max() for block in blocks_of(self))

    def mean(self) -> float:
        """Returns the mean, block by block."""
        total = sum(block.sum(dtype=np.float64) for block in blocks_of(self))
        return float(total / (self.nbytes / self.dtype.itemsize))

    def _shard(self, shard, rows):
        """Returns the map of a file, of which so many rows are read next."""
        self._mapped += rows * max(self._row_bytes, _PAGES)
        if self._mapped > MAPPED_BYTES:
            # Pages that were read stay in memory until their map is closed.
            self._maps.clear()
            self._mapped = rows * max(self._row_bytes, _PAGES)
        # Another thread may close all maps meanwhile.
        mapped = self._maps.get(shard)
        if mapped is None:
            shape = (self._counts[shard], *self.shape[1:])
            mapped = np.memmap(self._paths[shard], self._stored, "r", shape=shape)
            self._maps[shard] = mapped
        return mapped

    def __repr__(self):
        return f"ShardedArray(shape={self.shape}, dtype={self.dtype}, {len(self._paths)} files)"


def blocks_of(array: np.ndarray | ShardedArray, every: int = 1) -> Iterator[np.ndarray]:
    """Yields the rows of an array in their order, in blocks of up to 64 MiB or of one row.

    Args:
        array: The array, of at least one row.
        every: Only the rows 0, `every`, `2 * every` and so on are read.
    """
    step = every * max(1, MAPPED_BYTES * len(array) // max(1, array.nbytes))
    for start in range(0, len(array), step):
        yield array[start : start + step : every]
