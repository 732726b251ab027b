"""Checks of what goes into an extractor, and of the extractor itself."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops


def on_host(values) -> np.ndarray:
    """Returns values as a NumPy array, half precision as float32.

    Raises:
        RuntimeError: In a traced function.
    """
    try:
        # While a function is traced, even a constant is symbolic.
        ops.convert_to_numpy(ops.zeros(()))
    except (NotImplementedError, TypeError) as error:
        raise RuntimeError(
            "Metrics of samples accumulate on the host: a traced function (`tf.function`, "
            "`jax.jit`) would run the update once, while it is traced, and never again. Call "
            f"`update_state` eagerly, e.g. in a callback. Received: {values!r}"
        ) from error
    # Keras would copy an array.
    array = values if isinstance(values, np.ndarray) else ops.convert_to_numpy(values)
    dtype = keras.backend.standardize_dtype(array.dtype)
    return array.astype("float32") if dtype in ("float16", "bfloat16") else array


def check_images(name: str, images) -> np.ndarray:
    """Returns uint8 images `(batch, height, width, channels)` as an array.

    Raises:
        ValueError: If they are something else, or there are none.
    """
    images = on_host(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise ValueError(
            f"`{name}` must be uint8 images in [0, 255] of shape (batch, height, width, channels), "
            "such as `gan.sample` returns: metrics depend on the rounding. "
            f"Received: {name} of dtype {images.dtype} and shape {images.shape}"
        )
    return images


def check_extractor(extractor: Callable | None) -> Callable | None:
    """Returns the extractor, which may be `None`.

    Raises:
        ValueError: If it is not a callable, or has no `name` or no `sha256`.
    """
    named = all(isinstance(getattr(extractor, name, None), str) for name in ("name", "sha256"))
    if extractor is not None and not (callable(extractor) and named):
        raise ValueError(
            "`extractor` must be a callable of uint8 images with the attributes `name` and "
            "`sha256`, two strings that distinguish its values from those of other extractors. "
            f"Received: extractor={extractor!r}"
        )
    return extractor
