"""Features of real images on disk, because extracting them takes longer than all that follows."""

import hashlib
import json
import os
import pathlib
import warnings
import zipfile
import zlib

import keras
import numpy as np

from ganzoo.files import new_file
from ganzoo.version import __version__

# What zipfile and NumPy raise on a file that was cut off, altered or made otherwise.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError)


class FeatureCache:
    """Keeps the features of data sets in a folder, a file for each data set and extractor.

    A file is found again by all that its content depends on: the images, the extractor's name, hash
    and settings, the backend and the version of ganzoo. It appears complete or not at all. A
    damaged one is warned of and counts as missing; one that cannot be written is warned of.

    Args:
        folder: Where the files lie; `None` for the folder `ganzoo` in Keras's own, which is
            `~/.keras` or what the environment variable `KERAS_HOME` names.
    """

    def __init__(self, folder=None):
        if folder is None:
            folder = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras"), "ganzoo")
        self.folder = pathlib.Path(folder).expanduser()

    def path(self, images, extractor):
        """Returns the path of the file with the features of all `images`."""
        facts = {
            "images": [hash_of(images), images.shape, str(images.dtype)],
            **{
                name: getattr(extractor, name, None)
                for name in ("name", "sha256", "output", "resize")
            },
            "backend": keras.backend.backend(),
            "ganzoo": __version__,
        }
        key = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
        return self.folder / f"features-{key[:32]}.npz"

    def load(self, path, count):
        """Returns the features of `count` images, or `None` if there are none of use."""
        if not path.is_file():
            return None
        try:
            # The archive's checksum is compared when an array is read to its end.
            with np.load(path, allow_pickle=False) as archive:
                features = archive["features"]
            if features.ndim != 2 or len(features) != count:
                raise ValueError(f"It holds features of shape {features.shape}.")
        except _DAMAGE as error:
            warnings.warn(
                f"The features of real images in {str(path)!r} are damaged, and are extracted "
                f"anew. {type(error).__name__}: {error}",
                stacklevel=2,
            )
            return None
        return features

    def save(self, path, features):
        """Writes the features."""
        try:
            with new_file(path, replace=True) as unfinished:
                np.savez(unfinished, features=features)
        except OSError as error:
            warnings.warn(
                f"The features of the real images cannot be kept in {str(self.folder)!r}, and will "
                f"be extracted anew the next time. {type(error).__name__}: {error}",
                stacklevel=2,
            )


def hash_of(array):
    """Returns the SHA-256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
