"""How images become arrays of one shape and one type: size, crop, channels, alpha and pixels."""

import dataclasses
import re
from typing import Any

from ganzoo.data.pixel_format import DTYPES, PixelFormat, check_value_range
from ganzoo.validation import check_choice, check_positive_integer, describe

CROPS = ("center", "random", "pad")
KEEP = "keep"
# Twice the pixels of a phone's camera, 192 MB in memory.
MAX_PIXELS = 64_000_000
WHITE = (255, 255, 255)
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_SIZE = re.compile(r"(\d+)(?:x(\d+))?")


@dataclasses.dataclass(frozen=True)
class ImageOptions:
    """How image files are read; `image_options` checks the values.

    Attributes:
        size: (height, width), or `None` for their own.
        channels: Number of channels, or `None` for what all images have.
        background: (red, green, blue) behind transparent pixels, where alpha is no channel.
        crop: `"center"` or `"pad"`; or `"random"`, for which `size` is `None`.
        pixels: The `PixelFormat` of the result.
        max_pixels: The largest number of pixels that is decoded.
    """

    size: tuple[int, int] | None = None
    channels: int | None = None
    background: tuple[int, int, int] = WHITE
    crop: str = "center"
    pixels: PixelFormat = dataclasses.field(default_factory=PixelFormat)
    max_pixels: int = MAX_PIXELS


def image_options(
    size: Any = None,
    channels: int | None = None,
    alpha: str | None = None,
    crop: str = "center",
    dtype: str = "uint8",
    value_range: Any = None,
    max_pixels: int = MAX_PIXELS,
) -> ImageOptions:
    """Returns checked options.

    Args:
        size: As for `check_size`. Random crops are taken from images of their own size, so `size`
            is the size of the crops.
        channels: Number of channels. 4 keeps alpha.
        alpha: `"keep"` for a fourth channel; or a color such as `"#ffffff"`, white by default, that
            transparent pixels are laid over.
        crop: What happens to images of another aspect than `size`: `"center"` cuts the longer
            sides, `"pad"` adds borders of the color of `alpha`. With `"random"`, each batch has
            other windows of whole images.
        dtype: `"uint8"`, `"uint16"`, or `"float32"` with a `value_range`.
        value_range: The values of black and white, for `"float32"`.
        max_pixels: The largest number of pixels of an image.

    Raises:
        ValueError: If a value is none of these, or two do not fit.
    """
    size = check_size(size)
    check_choice("crop", crop, CROPS)
    check_choice("dtype", dtype, DTYPES)
    check_positive_integer("max_pixels", max_pixels)
    channels = check_channels(channels)
    value_range = check_value_range(value_range)
    if (dtype == "float32") != (value_range is not None):
        raise ValueError(
            "The type 'float32' needs the values of black and white, such as value_range=(-80, 0); "
            "the other types take no `value_range`. "
            f"Received: dtype={dtype!r}, value_range={value_range}"
        )
    if size is None and crop != "center":
        raise ValueError(f"Crops need `size`. Received: crop={crop!r}, size=None")
    if alpha == KEEP:
        if channels not in (None, 4):
            raise ValueError(
                "alpha='keep' gives images of 4 channels: leave `channels` out. "
                f"Received: channels={channels}"
            )
        channels = 4
    elif alpha is not None and channels == 4:
        raise ValueError(
            "Images of 4 channels keep their alpha: pass alpha='keep', or other `channels`. "
            f"Received: channels=4, alpha={describe(alpha)}"
        )
    return ImageOptions(
        None if crop == "random" else size,
        channels,
        WHITE if alpha in (None, KEEP) else _color(alpha),
        crop,
        PixelFormat(dtype, *(value_range or ())),
        max_pixels,
    )


def check_size(size: Any) -> tuple[int, int] | None:
    """Returns `size` as (height, width), or `None`.

    Args:
        size: One integer for both sides, (height, width), a text such as `"64"` or `"48x64"`,
            height first, or `None`.
    """
    if isinstance(size, str):
        match = _SIZE.fullmatch(size)
        if match is None:
            raise ValueError(
                "`size` must be a number of pixels, or HEIGHTxWIDTH such as 48x64. "
                f"Received: size={size!r:.80}"
            )
        size = int(match[1]), int(match[2] or match[1])
    if size is None:
        return None
    if isinstance(size, (tuple, list)):
        if len(size) != 2:
            raise ValueError(
                f"`size` must be one integer or (height, width). Received: size={size!r}"
            )
        return tuple(check_positive_integer("size", side) for side in size)
    side = check_positive_integer("size", size)
    return side, side


def check_channels(channels: Any) -> int | None:
    """Returns a number of channels, or `None`."""
    return None if channels is None else check_positive_integer("channels", channels)


def _color(alpha):
    if not isinstance(alpha, str) or not _COLOR.fullmatch(alpha):
        raise ValueError(
            "`alpha` must be 'keep', or a color such as '#ffffff' that transparent pixels are laid "
            f"over. Received: alpha={describe(alpha)}"
        )
    return tuple(int(alpha[start : start + 2], 16) for start in (1, 3, 5))
