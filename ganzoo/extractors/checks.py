"""Checks of what goes into an extractor, and of the extractor itself."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from ganzoo.data.checks import RangeEvidence

_HAS_KNOWN_RANGE = contextvars.ContextVar("has_known_range", default=False)


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


@contextlib.contextmanager
def known_range() -> Iterator[None]:
    """Skips the check of the range of uint8 images.

    It is for the samples of a generator, which may all be nearly black, and for images whose range
    was checked together with others.
    """
    token = _HAS_KNOWN_RANGE.set(True)
    try:
        yield
    finally:
        _HAS_KNOWN_RANGE.reset(token)


def check_samples(name: str, samples, evidence: RangeEvidence | None = None) -> np.ndarray:
    """Returns what an extractor takes: uint8 images, or other examples as float32.

    Args:
        name: Name of the samples, for messages.
        samples: Array or tensor of shape `(batch, ...)`.
        evidence: As for `check_images`.

    Raises:
        ValueError: If they are float images, there are none, or they are not finite.
    """
    samples = on_host(samples)
    if samples.ndim in (0, 1, 4) or samples.dtype == np.uint8 or not samples.size:
        return check_images(name, samples, evidence)
    if not np.issubdtype(samples.dtype, np.floating) or not np.isfinite(samples).all():
        raise ValueError(
            f"`{name}` must be uint8 images, or other examples that are floating and finite. "
            f"Received: {name} of dtype {samples.dtype} and shape {samples.shape}"
        )
    return samples


def check_images(name: str, images, evidence: RangeEvidence | None = None) -> np.ndarray:
    """Returns uint8 images `(batch, height, width, channels)` as an array.

    Args:
        name: Name of the images, for messages.
        images: Array or tensor.
        evidence: What earlier images tell about the range; by default there are none.

    Raises:
        ValueError: If they are something else, there are none, or they seem to be in {0, 1}.
    """
    images = _as_images(name, images)
    if not _HAS_KNOWN_RANGE.get():
        evidence = evidence or RangeEvidence()
        evidence.add(images)
        evidence.check()
    return images


def check_image_list(name: str, images: list) -> list[np.ndarray]:
    """Returns uint8 images of any sizes as a list of arrays `(1, height, width, channels)`.

    Their range is checked together: one of them may be nearly black.

    Args:
        name: Name of the images, for messages.
        images: List of arrays or tensors `(height, width, channels)`.

    Raises:
        ValueError: As for `check_images`.
    """
    images = [_as_images(name, on_host(image)[None]) for image in images]
    if not _HAS_KNOWN_RANGE.get():
        evidence = RangeEvidence()
        for image in images:
            evidence.add(image)
        evidence.check()
    return images


def _as_images(name, images):
    """Returns uint8 images as an array, or raises; their range is not checked."""
    images = on_host(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise ValueError(
            f"`{name}` must be uint8 images in [0, 255] of shape (batch, height, width, channels), "
            "such as `gan.sample` returns: metrics depend on the rounding. For other pixels, "
            "`gan.pixels.in_eight_bits(images)` makes them. "
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
