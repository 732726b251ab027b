"""Damaged image files: each is read as an image, or raises an error that names it."""

import io
import time
import warnings

import numpy as np
import pytest
from PIL import Image

import ganzoo

SIZE = (12, 10)
SETTINGS = {
    "PNG": {},
    "JPEG": {"quality": 90},
    "GIF": {},
    "BMP": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
}


def encoded():
    """Returns one picture in each format, as bytes by suffix."""
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype="uint8")
    files = {}
    for name, settings in SETTINGS.items():
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, name, **settings)
        files[name.lower()] = buffer.getvalue()
    return files


def damage(content, rng):
    """Returns the content truncated, with flipped bits, random bytes or a repeated piece."""
    content = bytearray(content)
    start = int(rng.integers(len(content)))
    length = int(rng.integers(1, 17))
    match rng.integers(4):
        case 0:
            return bytes(content[:start])
        case 1:
            for bit in rng.integers(8 * len(content), size=length):
                content[bit // 8] ^= 1 << int(bit % 8)
        case 2:
            content[start : start + length] = rng.bytes(length)
        case 3:
            content[start:start] = content[start : start + length]
    return bytes(content)


def fuzz(folder, cases):
    """Reads a folder with one damaged file per case; returns how many files were refused."""
    files, refused = encoded(), 0
    folder.mkdir()
    (folder / "intact.png").write_bytes(files["png"])
    for case in range(cases):
        rng = np.random.default_rng(case)
        suffix = sorted(files)[case % len(files)]
        path = folder / f"damaged.{suffix}"
        path.write_bytes(damage(files[suffix], rng))
        begin = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                images = ganzoo.data.load(f"folder:{folder}", size=SIZE).examples
        except ValueError as error:
            assert path.name in str(error), f"case {case}: {error}"
            refused += 1
        else:
            assert (images.dtype, images.shape[1:3]) == (np.uint8, SIZE), f"case {case}"
        assert time.monotonic() - begin < 10, f"case {case}"
        path.unlink()
    return refused


def test_damaged_images_are_read_or_named_in_an_error(tmp_path, count):
    refused = fuzz(tmp_path / "images", 150)
    assert 30 < refused < 150
    count(f"image folder: 150 damages, {refused} refused, {150 - refused} still images")


@pytest.mark.slow
def test_many_damaged_images_are_read_or_named_in_an_error(tmp_path):
    refused = fuzz(tmp_path / "images", 2500)
    assert 500 < refused < 2500
    print(f"\nimage folder: 2500 damages, {refused} refused, {2500 - refused} still images")
