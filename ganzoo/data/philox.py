"""Seeded draws that give the same numbers in every release of NumPy.

NumPy guarantees the bits of its Philox generator, but not the results of methods that use them
(`Generator.permutation`, `Generator.integers`). So everything that a published result depends on is
computed from the bits here. Two 64-bit words are the key of Philox: the seed and the number of a
stream.
"""

import numpy as np

from ganzoo.validation import check_seed


def generator(seed: int, stream: int) -> np.random.Philox:
    """Returns NumPy's Philox bit generator with the key `(seed, stream)`."""
    return np.random.Philox(key=np.array([check_seed(seed), stream], dtype=np.uint64))


def permutation(seed: int, stream: int, count: int) -> np.ndarray:
    """Returns a random order of `range(count)`, an int64 array."""
    return np.argsort(generator(seed, stream).random_raw(count), kind="stable")


def integers(seed: int, stream: int, limit: int, shape) -> np.ndarray:
    """Returns uniform integers in [0, limit), an int64 array of `shape`.

    The bias of the remainder is below `limit / 2**64`.
    """
    return (generator(seed, stream).random_raw(shape) % np.uint64(limit)).astype(np.int64)
