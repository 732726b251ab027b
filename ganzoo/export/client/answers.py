"""Checks of a server's answers against the signature, for both protocols."""

import struct
import zlib

import numpy as np

from ganzoo.export.client.signatures import ServingError

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # By the type of color.


def check_answer(name, answer, outputs, rows):
    """Raises `ServingError` unless an answer has what the signature says, for each row.

    Args:
        name: Name of the signature.
        answer: Dictionary of arrays.
        outputs: Dictionary of the `Tensor`s to expect.
        rows: Number of rows of the request.
    """
    if answer.keys() != outputs.keys():
        raise wrong(name, f"the outputs {', '.join(outputs)}", ", ".join(answer) or "none")
    for key, spec in outputs.items():
        array = answer[key]
        sizes = (rows, *spec.shape[1:])
        fits = array.ndim == len(sizes) and all(
            size in (None, found) for size, found in zip(sizes, array.shape, strict=True)
        )
        dtype = "object" if spec.dtype == "string" else spec.dtype
        if not fits or array.dtype != dtype:
            raise wrong(
                name,
                f"`{key}`, {spec.dtype} of shape {sizes}",
                f"{array.dtype} of shape {array.shape}",
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise wrong(name, f"`{key}` of finite numbers", "NaN or infinity")


def check_png(name, files, image_shape):
    """Raises `ServingError` unless files are undamaged PNG files.

    Args:
        name: Name of the signature.
        files: Array of `bytes` objects.
        image_shape: The (height, width, channels) of each picture, or `None` if it is unknown.
    """
    for file in files:
        found = _png_shape(file)
        if found is None:
            raise wrong(name, "PNG files", f"{len(file):,} bytes that are none, or are damaged")
        if image_shape is not None and found != image_shape:
            raise wrong(name, f"pictures of shape {image_shape}", f"one of shape {found}")


def wrong(name, expected, received):
    """Returns the error of an answer that does not fit the signature."""
    return ServingError(
        "DATA_LOSS",
        f"The answer to `{name}` is not what the signature of the model says: it is damaged, or "
        "another version is served now (`client.signatures()` asks for it). "
        f"Expected: {expected}. Received: {received}",
    )


def _png_shape(file):
    """Returns the (height, width, channels) of a PNG file, or `None` if it is damaged."""
    if not isinstance(file, bytes) or not file.startswith(_PNG):
        return None
    start, kind, header = len(_PNG), None, None
    while start + 12 <= len(file) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", file, start)
        end = start + 8 + length
        content = file[start + 4 : end]
        if struct.pack(">I", zlib.crc32(content)) != file[end : end + 4]:
            return None
        header = header or content[4:]
        start = end + 4
    if kind != b"IEND" or start != len(file) or len(header) != 13:
        return None
    width, height, _, color = struct.unpack_from(">IIBB", header)
    return height, width, _PNG_CHANNELS.get(color)
