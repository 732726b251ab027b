"""Rows in several files, of which only the ones that are read are in memory."""

import pathlib
from collections.abc import Sequence
from typing import Any

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
        self.dtype = np.dtype(dtype)
        self._paths, self._counts = list(paths), list(counts)
        self._starts = np.concatenate([[0], np.cumsum(self._counts)])
        self.shape = (int(self._starts[-1]), *row_shape)
        self.ndim = len(self.shape)
        self._row_bytes = int(np.prod(row_shape)) * self.dtype.itemsize
        self.nbytes = len(self) * self._row_bytes
        self._maps: dict[int, np.memmap] = {}
        self._mapped = 0

    def __len__(self) -> int:
        return self.shape[0]

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
                taken[part] = self._shard(shard, len(part))[flat[part] - self._starts[shard]]
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
        return min(block.min() for block in self._blocks())

    def max(self) -> Any:
        """Returns the largest value, block by block."""
        return max(block.max() for block in self._blocks())

    def mean(self) -> float:
        """Returns the mean, block by block."""
        total = sum(block.sum(dtype=np.float64) for block in self._blocks())
        return float(total / (self.nbytes / self.dtype.itemsize))

    def _blocks(self):
        step = max(1, MAPPED_BYTES // self._row_bytes)
        return (self[start : start + step] for start in range(0, len(self), step))

    def _shard(self, shard, rows):
        """Returns the map of a file, of which so many rows are read next."""
        self._mapped += rows * max(self._row_bytes, _PAGES)
        if self._mapped > MAPPED_BYTES:
            # Pages that were read stay in memory until their map is closed.
            self._maps.clear()
            self._mapped = rows * max(self._row_bytes, _PAGES)
        if shard not in self._maps:
            shape = (self._counts[shard], *self.shape[1:])
            self._maps[shard] = np.memmap(self._paths[shard], self.dtype, "r", shape=shape)
        return self._maps[shard]

    def __repr__(self):
        return f"ShardedArray(shape={self.shape}, dtype={self.dtype}, {len(self._paths)} files)"
