"""The file of directions: a `.npz` archive of arrays, with all settings as JSON in one of them."""

import io
import json
import zipfile

import numpy as np

SUFFIX = ".npz"
# A file of a thousand directions of 512 numbers has 2 MB.
MOST_BYTES = 2**26
_FORMAT = 1
_ARRAYS = ("vectors", "units", "values")
_SETTINGS = ("space", "rows", "names", "method", "model")


def encode(directions) -> bytes:
    """Returns the content of the file of a `Directions`."""
    settings = {"format": _FORMAT, **{name: getattr(directions, name) for name in _SETTINGS}}
    arrays = {name: getattr(directions, name) for name in _ARRAYS}
    file = io.BytesIO()
    np.savez(file, settings=np.array(json.dumps(settings)), **arrays)
    return file.getvalue()


def decode(content: bytes) -> dict:
    """Returns the arguments of the `Directions` in a file's content.

    Raises:
        ValueError: If it is no file of directions, or its arrays are far larger than the file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MOST_BYTES:
            raise ValueError(f"its arrays have {size:,} bytes, of at most {MOST_BYTES:,}")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            settings = json.loads(str(file["settings"]))
            arrays = {name: file[name] for name in _ARRAYS}
        if settings.pop("format") != _FORMAT:
            raise ValueError("it has another format")
        return {**arrays, **{name: settings[name] for name in _SETTINGS}}
    except ValueError:
        raise
    except Exception as error:  # Damaged archives raise errors of many kinds.
        raise ValueError(f"{type(error).__name__}: {error}") from error
