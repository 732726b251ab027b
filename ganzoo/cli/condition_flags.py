"""Vectors of conditions on a command line, as numbers, by names, or from a file."""

import numpy as np

from ganzoo.data.classes import listed
from ganzoo.files import user_path
from ganzoo_cli import values

_SUFFIX = ".npy"


def conditions_of(text, gan):
    """Returns the vector, or the vectors of several samples, of a flag `--conditions`, or `None`.

    Args:
        text: Numbers between commas such as `"0.5,1"`; by name, `"age=0.5,hat=1"`, where a part
            with a comma in its name is in double quotes; the path of a `.npy` file of shape
            `(condition_dim,)` or `(samples, condition_dim)`; or `None`.
        gan: A `ganzoo.GAN`, whose `condition_names` are known or `None`.

    Raises:
        ValueError: If the GAN does not take them, or needs some and there are none.
        OSError: If the file cannot be read.
    """
    if gan.condition_dim is None:
        if text is not None:
            raise ValueError(
                "--conditions is for a model of vectors of conditions; classes are --labels. "
                f"Received: --conditions={text}"
            )
        return None
    if text is None:
        raise ValueError(f"This model needs --conditions: {_expected(gan)}. Received: none")
    if text.endswith(_SUFFIX):
        return _of_file(text, gan)
    parts = values.split(text)
    if all("=" in part for part in parts) and gan.condition_names:
        named = dict(part.rsplit("=", 1) for part in parts)
        is_complete = len(named) == len(parts) and named.keys() == set(gan.condition_names)
        parts = [named[name] for name in gan.condition_names] if is_complete else []
    try:
        vector = np.array(parts, np.float64)
    except ValueError:
        vector = np.empty(0)
    if vector.shape != (gan.condition_dim,) or not np.isfinite(vector).all():
        raise ValueError(f"--conditions must be {_expected(gan)}. Received: --conditions={text}")
    return vector.astype(np.float32)


def examples_of(text, gan):
    """Returns vectors of conditions for a page to start from, or `None` for zeros.

    Args:
        text, gan: As for `conditions_of`.

    Raises:
        ValueError, OSError: As `conditions_of`.
    """
    return None if text is None else conditions_of(text, gan)


def _of_file(path, gan):
    vectors = np.load(user_path(path), allow_pickle=False)
    if (
        vectors.ndim not in (1, 2)
        or vectors.shape[-1] != gan.condition_dim
        or vectors.dtype.kind not in "biuf"
        or not vectors.size
    ):
        raise ValueError(
            f"--conditions must be {_expected(gan)}. "
            f"Received: --conditions={path}, {vectors.dtype} of shape {vectors.shape}"
        )
    return vectors.astype(np.float32)


def _expected(gan):
    size = gan.condition_dim
    names = gan.condition_names
    numbers = f"{size} numbers between commas" if size > 1 else "a number"
    by_name = f", such as {example(gan)}, for {listed(names)}" if names else ""
    return f"{numbers}{by_name}; or a {_SUFFIX} file of shape (samples, {size})"


def example(gan):
    """Returns an example of the flag's value for a GAN whose conditions have names."""
    return values.joined(f"{name}=0" for name in gan.condition_names)
