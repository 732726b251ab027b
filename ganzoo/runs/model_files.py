"""A GAN in a `.keras` file."""

import zipfile

import keras

from ganzoo.training import GAN


def load_file(path):
    """Returns the GAN of a `.keras` file.

    Args:
        path: The path of the file, which exists.

    Raises:
        ValueError: If the file holds no GAN.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path} cannot be loaded: it is damaged, or is no `.keras` file. "
            f"Received: {path.stat().st_size:,} bytes that are no archive"
        )
    try:
        gan = keras.saving.load_model(path)
    except Exception as error:  # Keras and its decoders raise many kinds of errors.
        raise ValueError(
            f"{path} cannot be loaded. Received: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(gan, GAN):
        raise ValueError(
            f"Expected a file that holds a `ganzoo.GAN`. Received: {path}, which holds a "
            f"{type(gan).__name__}"
        )
    return gan
