"""Images of 16 bits and of floats: pictures that Pillow reads, and arrays in `.npy` files."""

import os
import pathlib

import numpy as np
from PIL import Image

from ganzoo.data.image_files import DecodedImage, has_deep_values, open_file
from ganzoo.data.image_options import ImageOptions
from ganzoo.data.images import FILTER, box_of, fitted_size, is_deep, recolored, upright

ARRAY_SUFFIX = ".npy"
# The weights of ITU-R BT.601, as Pillow has them.
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)
# 16 bits round such an alpha to 0.
_INVISIBLE = 0.5 / 65535


def read_deep_image(path: os.PathLike, options: ImageOptions) -> DecodedImage:
    """Decodes an image without rounding its pixels to 8 bits.

    Pictures of 8 bits become 16 bits by a factor of 257; as floats, their values are 0 to 255.

    Args:
        path: Path of a picture, or of an array `(height, width)` or `(height, width, channels)` in
            a `.npy` file.
        options: How it becomes an array; `options.pixels` is of 16 bits or of floats. Floats are
            returned in the range that `options.pixels` states.

    Raises:
        OSError: If it is not a regular file.
        ValueError: If the file does not hold such pixels.
        Exception: Decoders raise any error for a damaged file.
    """
    with open_file(path) as file:
        if pathlib.Path(path).suffix.lower() == ARRAY_SUFFIX:
            stored = np.load(file, allow_pickle=False)
            values, bits = _array(stored, options), 8 if stored.dtype == np.uint8 else None
        else:
            with Image.open(file) as image:
                bits = None if has_deep_values(image) or image.mode == "F" else 8
                values = _picture(image, options)
    is_gray = values.shape[2] == 1
    values = _with_channels(values, options.channels)
    options.pixels.check(values)  # Before a resize, which clips them.
    if options.size is not None and values.shape[:2] != options.size:
        values = _resized(values, options)
    if options.pixels.dtype == "uint16":
        return DecodedImage(np.round(values).astype(np.uint16), is_gray, bits=bits)
    return DecodedImage(values.astype(np.float32), is_gray)


def _array(values, options):
    """Returns the values of an array as `(height, width, channels)`, 8 bits as 16 if wanted."""
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.dtype.kind not in "uif" or not values.size:
        raise ValueError(
            "it must hold numbers of shape (height, width) or (height, width, channels). "
            f"Received: {values.dtype} of shape {values.shape}"
        )
    _check_pixels(values.shape, options)
    if options.pixels.dtype == "float32" or values.dtype == np.uint16:
        return values
    if values.dtype == np.uint8:
        return values.astype(np.uint16) * 257
    raise ValueError(f"16 bits are uint16 or uint8. Received: {values.dtype}")


def _picture(image, options):
    _check_pixels(image.size[::-1], options)
    if has_deep_values(image) and not is_deep(image):
        raise ValueError(
            "it has colors of 16 bits, of which Pillow reads 8: save it as a .npy file. "
            f"Received: {image.tile[0][3]}"
        )
    image.load()
    image, _ = upright(image)
    if image.mode == "F" or is_deep(image):
        values = np.asarray(image)[..., None]
        if options.pixels.dtype == "uint16" and (
            image.mode == "F" or values.min() < 0 or values.max() > 65535
        ):
            raise ValueError(
                f"16 bits are integers in [0, 65535]. Received: pixels of mode {image.mode!r} from "
                f"{values.min():g} to {values.max():g}"
            )
        return _over_background(values, image.info.get("transparency"), options)
    channels = options.channels
    if channels is None:
        channels = 1 if image.mode in ("1", "L", "LA", "La") else 3
    values = np.asarray(recolored(image, channels, options.background))
    values = values.reshape(image.height, image.width, channels)
    return values.astype(np.uint16) * 257 if options.pixels.dtype == "uint16" else values


def _check_pixels(shape, options):
    if shape[0] * shape[1] > options.max_pixels:
        raise ValueError(
            f"it has {shape[1]} x {shape[0]} pixels, more than max_pixels={options.max_pixels:,}"
        )


def _with_channels(values, channels):
    """Returns values with gray repeated, or with colors as gray."""
    found = values.shape[2]
    if channels in (None, found):
        return values
    if found == 1 and channels == 3:
        return np.repeat(values, 3, axis=2)
    if found == 3 and channels == 1:
        return (values.astype(np.float32) @ _GRAY)[..., None]
    raise ValueError(f"it has {found} channels, and {channels} are wanted")


def _over_background(values, transparent, options):
    """Returns gray values with the background in place of the transparent gray of a PNG."""
    if not isinstance(transparent, int):
        return values
    channels = 3 if options.channels == 3 else 1
    return np.where(values == transparent, _background(options, channels), values)


def _background(options, channels):
    """Returns the values of the background in each channel; where alpha is kept, of no color."""
    low, high = options.pixels.low, options.pixels.high
    color = np.resize(np.array(options.background, np.float32) / 255, channels)
    if channels == 1:
        color = np.array([np.array(options.background) @ _GRAY / 255], np.float32)
    if options.channels == 4:
        color = np.zeros(channels, np.float32)
    return low + color * (high - low)


def _resized(values, options):
    """Returns values that are cropped or padded, and resized channel by channel."""
    height, width = options.size
    low, high = options.pixels.low, options.pixels.high
    inner_height, inner_width = options.size
    if options.channels == 4:
        values = _premultiplied((values - np.float32(low)) / (high - low))
    if options.crop == "pad":
        inner_height, inner_width = fitted_size(values.shape[:2], options.size)
    box = box_of(values.shape[1::-1], inner_width, inner_height, options.crop)
    layers = [
        Image.fromarray(np.ascontiguousarray(layer, np.float32)).resize(
            (inner_width, inner_height), FILTER, box=box
        )
        for layer in np.moveaxis(values, 2, 0)
    ]
    resized = np.stack([np.asarray(layer) for layer in layers], axis=2)
    if options.channels == 4:
        resized = low + _straight(resized) * (high - low)
    resized = resized.clip(low, high)
    if (inner_height, inner_width) == (height, width):
        return resized
    result = np.empty((height, width, values.shape[2]), np.float32)
    result[...] = _background(options, values.shape[2])
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    result[top : top + inner_height, left : left + inner_width] = resized
    return result


def _premultiplied(values):
    """Returns values in [0, 1] with colors times alpha: a resize then mixes only what is seen."""
    return np.concatenate([values[..., :3] * values[..., 3:], values[..., 3:]], axis=2)


def _straight(values):
    """Returns premultiplied values with their own colors, and black where nothing is seen."""
    alpha = values[..., 3:].clip(0, 1)
    colors = np.zeros_like(values[..., :3])
    np.divide(values[..., :3], alpha, out=colors, where=alpha > _INVISIBLE)
    return np.concatenate([colors, alpha], axis=2)
