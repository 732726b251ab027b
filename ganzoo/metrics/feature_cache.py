"""Features of real images on disk, because their extraction takes most of the time."""

import hashlib
import json
import os
import pathlib
import warnings

import keras
import numpy as np

from ganzoo.array_files import DAMAGE, open_arrays
from ganzoo.data import MixedImages
from ganzoo.data.sharded_array import ShardedArray, blocks_of
from ganzoo.files import new_file, user_path
from ganzoo.version import __version__


class FeatureCache:
    """Keeps the features of data sets in a folder, a file for each data set and extractor.

    The name of a file follows from everything that its content depends on: the images, the
    extractor's name, hash and settings, the backend and the version of ganzoo. A file appears
    complete or not at all. A damaged file gives a warning and counts as missing. A file that
    cannot be written gives a warning.

    Args:
        folder: Folder of the files; `None` for the folder `ganzoo` inside Keras's own, which is
            `~/.keras` or the value of the environment variable `KERAS_HOME`.
    """

    def __init__(self, folder: str | os.PathLike | None = None):
        if folder is None:
            folder = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras"), "ganzoo")
        self.folder = user_path(folder)

    def path(self, images: np.ndarray | ShardedArray | MixedImages, extractor) -> pathlib.Path:
        """Returns the path of the file with the features of all `images`."""
        if isinstance(images, MixedImages):
            described = [images.sha256()]
        else:
            described = [hash_of(images), images.shape, str(images.dtype)]
        facts = {
            "images": described,
            **{
                name: getattr(extractor, name, None)
                for name in ("name", "sha256", "output", "resize")
            },
            "backend": keras.backend.backend(),
            "ganzoo": __version__,
        }
        key = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()
        return self.folder / f"features-{key[:32]}.npz"

    def load(self, path: pathlib.Path, count: int) -> np.ndarray | None:
        """Returns the features of `count` images, or `None` if there is no valid file."""
        if not path.is_file():
            return None
        try:
            with open_arrays(path) as archive:
                features = archive["features"]
            if features.ndim != 2 or len(features) != count:
                raise ValueError(f"It holds features of shape {features.shape}.")
        except DAMAGE as error:
            warnings.warn(
                f"The features of real images in {str(path)!r} are damaged, and are extracted "
                f"again. {type(error).__name__}: {error}",
                stacklevel=2,
            )
            return None
        return features

    def save(self, path: pathlib.Path, features: np.ndarray) -> None:
        """Writes features to a file of `path`."""
        try:
            with new_file(path, replace=True) as unfinished:
                np.savez(unfinished, features=features)
        except OSError as error:
            warnings.warn(
                f"The features of the real images cannot be kept in {str(self.folder)!r}, and will "
                f"be extracted again the next time. {type(error).__name__}: {error}",
                stacklevel=2,
            )


def hash_of(array: np.ndarray | ShardedArray) -> str:
    """Returns the SHA-256 of an array's values."""
    result = hashlib.sha256()
    for block in blocks_of(array):
        result.update(np.ascontiguousarray(block))
    return result.hexdigest()
