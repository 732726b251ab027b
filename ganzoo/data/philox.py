"""Seeded draws that give the same numbers in every release of NumPy.

NumPy keeps the bits of its Philox generator for ever, but not the streams of the methods built on
them (`Generator.permutation`, `Generator.integers`). So whatever a published result depends on is
made from the bits here. Philox is keyed by two 64-bit words: the seed, and a stream's number.
"""

import numpy as np

from ganzoo.validation import check_seed


def generator(seed, stream):
    """Returns NumPy's Philox bit generator, keyed by `(seed, stream)`."""
    return np.random.Philox(key=np.array([check_seed(seed), stream], dtype=np.uint64))


def permutation(seed, stream, count):
    """Returns a random order of `range(count)`, an int64 array."""
    return np.argsort(generator(seed, stream).random_raw(count), kind="stable")


def integers(seed, stream, limit, shape):
    """Returns uniform integers in [0, limit), an int64 array of `shape`.

    The bias of the remainder is below `limit / 2**64`.
    """
    return (generator(seed, stream).random_raw(shape) % np.uint64(limit)).astype(np.int64)
