"""The numbers that stand for the pixels of images: 8 bits, 16 bits, or floats of a stated range."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from keras import ops

from ganzoo.numerics import to_uint8
from ganzoo.validation import check_choice, describe

DTYPES = ("uint8", "uint16", "float32")
_LARGEST = {"uint8": 255, "uint16": 65535}
# Rounding, as in a resize, may leave the range by this share.
_TOLERANCE = 1e-3


def check_value_range(value_range: Any) -> tuple[float, float] | None:
    """Returns (low, high) as finite floats with low < high, or `None`."""
    if value_range is None:
        return None
    is_pair = isinstance(value_range, Sequence) and not isinstance(value_range, str)
    try:
        low, high = map(float, value_range) if is_pair else ()
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            "`value_range` must be two numbers, the value of black and the larger one of white, "
            f"such as (-80, 0). Received: value_range={describe(value_range)}"
        )
    return low, high


@dataclasses.dataclass(frozen=True)
class PixelFormat:
    """What pixels are outside of the networks, where they are floats in [-1, 1].

    Args:
        dtype: `"uint8"`, `"uint16"` or `"float32"`.
        low, high: The values that stand for -1 and 1. For integers they are the whole range.

    Example:

    >>> ganzoo.data.PixelFormat("uint16").in_eight_bits(np.array([0, 65535], "uint16"))
    array([  0, 255], dtype=uint8)
    """

    dtype: str = "uint8"
    low: float = 0.0
    high: float | None = None

    def __post_init__(self):
        check_choice("dtype", self.dtype, DTYPES)
        largest = _LARGEST.get(self.dtype)
        if largest is None:
            low, high = check_value_range((self.low, self.high))
        else:
            low, high = 0.0, float(largest)
            if self.low != 0 or self.high not in (None, largest):
                raise ValueError(
                    f"Pixels of {self.dtype} are in [0, {largest}]; only float32 has a range of "
                    f"its own. Received: low={self.low!r}, high={self.high!r}"
                )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @classmethod
    def get(cls, value: Self | Mapping | None) -> Self:
        """Returns a format, the one that `to_dict` wrote, or that of 8 bits for `None`."""
        if isinstance(value, cls):
            return value
        return cls() if value is None else cls(**value)

    @property
    def is_eight_bits(self) -> bool:
        """Whether pixels are uint8."""
        return self.dtype == "uint8"

    @property
    def bytes(self) -> int:
        """Bytes of a number."""
        return np.dtype(self.dtype).itemsize

    def to_dict(self) -> dict[str, Any]:
        """Returns the arguments, as plain data."""
        return dataclasses.asdict(self)

    def from_signed(self, images: Any) -> Any:
        """Returns a tensor of pixels from float32 images in [-1, 1], which are clipped."""
        if self.is_eight_bits:
            return to_uint8(images)
        unit = (ops.clip(images, -1.0, 1.0) + 1.0) / 2.0
        if self.dtype == "uint16":
            return ops.cast(ops.round(unit * self.high), "uint16")
        return self.low + unit * (self.high - self.low)

    def to_signed(self, images: np.ndarray) -> np.ndarray:
        """Returns floats of the range as float32 in [-1, 1], and integers as they are.

        Integers are scaled on the device (`ganzoo.numerics.to_signed_range`).

        Raises:
            ValueError: If floats are outside of the range, or not finite.
        """
        if self.dtype != "float32":
            return images
        self.check(images)
        signed = np.array(images, np.float32)
        signed -= self.low
        signed *= 2.0 / (self.high - self.low)
        signed -= 1.0
        return np.clip(signed, -1.0, 1.0, out=signed)

    def check(self, images: np.ndarray) -> None:
        """Raises `ValueError` if floats are outside of the range, or not finite."""
        if self.dtype != "float32":
            return
        low, high = float(np.min(images)), float(np.max(images))
        margin = _TOLERANCE * (self.high - self.low)
        if not (low >= self.low - margin and high <= self.high + margin):
            raise ValueError(
                f"Pixels must be finite and in the stated range [{self.low:g}, {self.high:g}]. "
                f"Received: pixels from {low:g} to {high:g}"
            )

    def in_eight_bits(self, images: np.ndarray) -> np.ndarray:
        """Returns pixels of this format as uint8: the range becomes [0, 255], rounded.

        Examples that are no images stay as they are.
        """
        images = np.asarray(images)
        if images.dtype == np.uint16:
            # 65535 = 255 * 257.
            return ((images.astype(np.uint32) + 128) // 257).astype(np.uint8)
        if images.dtype == np.uint8 or self.is_eight_bits:
            return images
        unit = (images.astype(np.float64) - self.low) / (self.high - self.low)
        return np.clip(np.round(255.0 * unit), 0, 255).astype(np.uint8)
