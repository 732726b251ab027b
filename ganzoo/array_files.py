"""Reads `.npz` files, which hold arrays by name."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

# What zipfile and NumPy raise for a file that is truncated, altered or of another kind.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError)


def open_arrays(path: Path | str) -> np.lib.npyio.NpzFile:
    """Returns an open `.npz` file, from which no pickled data are read.

    Reading an array to its end compares its checksum. Like this function, it raises an error of
    `DAMAGE` if the file is truncated, altered or of another kind.

    Args:
        path: The path of the file.
    """
    archive = np.load(path, allow_pickle=False)
    if isinstance(archive, np.ndarray):
        raise ValueError("It is a single array.")
    return archive
