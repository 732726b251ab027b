"""Files of images: which there are, and how one is opened, bounded and decoded."""

import collections
import contextlib
import dataclasses
import io
import os
import pathlib
import stat
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from ganzoo.data.classes import listed
from ganzoo.data.image_options import MAX_PIXELS, WHITE
from ganzoo.data.images import convert, is_deep, is_gray, is_sideways, upright

# Formats whose files are no pictures, or are decoded by another program.
_NO_IMAGES = {"EPS", "FITS", "IPTC", "MPEG"}
# Formats of photographs that Pillow does not read.
_UNREAD = {".heic", ".heif", ".hif", ".jxl", ".svg", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf"}
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_HEIC = (
    "HEIC, which Pillow reads after `pip install pillow-heif` and "
    "`pillow_heif.register_heif_opener()`; or convert it"
)
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def printable(path: str | os.PathLike) -> str:
    """Returns a path as text, with bytes that are no text as `\\xNN`."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def suffixes() -> set[str]:
    """Returns the suffixes of the image formats that Pillow decodes, in lower case."""
    return {
        suffix
        for suffix, name in Image.registered_extensions().items()
        if name in Image.OPEN and name not in _NO_IMAGES and not _is_stub(Image.OPEN[name][0])
    }


def _is_stub(factory):
    return isinstance(factory, type) and issubclass(factory, ImageFile.StubImageFile)


def image_files(
    root: pathlib.Path, more_suffixes: Iterable[str] = ()
) -> tuple[list[pathlib.Path], list[str]]:
    """Returns the paths of all image files below a folder, and texts about what may surprise.

    Hidden files and folders are left out. Links are followed, except to a folder that they are in.
    The texts are about formats that are not read, and about links to folders that are taken anyway.

    Args:
        root: The folder.
        more_suffixes: Suffixes of other files that hold images.

    Raises:
        ValueError: If there are no image files.
        OSError: If a folder cannot be read.
    """
    known = suffixes() | set(more_suffixes)
    files, unread, links = [], [], {}
    above, times = {os.fspath(root): frozenset()}, collections.Counter()
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_raise):
        identity, outer = os.path.realpath(folder), above.pop(folder)
        if identity in outer:
            subfolders.clear()
            continue
        times[identity] += 1
        if os.path.islink(folder):
            links[folder] = identity
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        inner = outer | {identity}
        above.update((os.path.join(folder, name), inner) for name in subfolders)
        for name in names:
            suffix = pathlib.Path(name).suffix.lower()
            if not name.startswith("."):
                if suffix in known:
                    files.append(pathlib.Path(folder, name))
                elif suffix in _UNREAD:
                    unread.append(pathlib.Path(folder, name))
    if not files:
        hint = f"; {_unread_note(unread)}" if unread else ""
        raise ValueError(
            f"A folder must hold image files (.png, .jpg, .webp and others){hint}. "
            f"Received: {printable(root)!r}, with none"
        )
    notes = [_unread_note(unread)] if unread else []
    repeated = [os.path.relpath(link, root) for link in links if times[links[link]] > 1]
    if repeated:
        notes.append(
            "links lead to folders that are taken elsewhere, so their images are there several "
            f"times: {listed(map(printable, sorted(repeated)))}"
        )
    return files, notes


def _raise(error):
    raise error


def _unread_note(files):
    """Returns a text about files in formats of photographs that are not read."""
    found = sorted({file.suffix.lower() for file in files})
    advice = f" ({_HEIC})" if {".heic", ".heif", ".hif"} & set(found) else ""
    return f"files of formats that are not read: {len(files):,} of {', '.join(found)}{advice}"


def open_file(path: os.PathLike) -> BinaryIO:
    """Opens a regular file for reading.

    Raises:
        OSError: If it is a folder, a FIFO, a socket or a device, for which a reader could wait.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is not a regular file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def size_of(path: os.PathLike) -> tuple[int, int]:
    """Returns the width and the height of an upright image file in pixels, without decoding it."""
    return kind_of(path)[:2]


def kind_of(path: os.PathLike) -> tuple[int, int, bool]:
    """Returns the width and the height of an upright image file, and whether it is gray."""
    with open_file(path) as file, Image.open(file) as image:
        width, height = image.size[::-1] if is_sideways(image) else image.size
        return width, height, is_gray(image)


@contextlib.contextmanager
def pillow_limit(max_pixels: int) -> Iterator[None]:
    """Puts a limit in place of Pillow's own, and keeps Pillow's warnings, which name no file."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None:
        Image.MAX_IMAGE_PIXELS = max(limit, max_pixels)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


@dataclasses.dataclass(frozen=True)
class DecodedImage:
    """What a file holds.

    Attributes:
        pixels: Array of shape (height, width, channels).
        is_gray: Whether its mode is a gray one.
        highest: The largest value of pixels of more than 8 bits; 0 for 8 bits.
        bits: Bits of a value in the file, if another number of bits was wanted; `None` otherwise.
        is_damaged: Whether its metadata, such as the rotation, could not be read.
    """

    pixels: np.ndarray
    is_gray: bool
    highest: int = 0
    bits: int | None = None
    is_damaged: bool = False


def read_image(
    path: os.PathLike,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    max_pixels: int = MAX_PIXELS,
    background: tuple[int, int, int] = WHITE,
    crop: str = "center",
) -> DecodedImage:
    """Decodes an image file.

    Args:
        path: Path of the file.
        size: (height, width) that it is cropped and resized to, or `None`. A JPEG is then decoded
            at a half, a quarter or an eighth of its size, if that is at least twice `size`.
        channels: 1, 3, 4 or `None`, as for `ganzoo.data.images.convert`.
        max_pixels: The largest number of pixels that is decoded.
        background, crop: As for `ganzoo.data.images.convert`.

    Raises:
        OSError: If it is not a regular file.
        ValueError: If it has more pixels, or pixels without a fixed range.
        Exception: Decoders raise any error for a damaged file.
    """
    settings = size, channels, max_pixels, background, crop
    with open_file(path) as file:
        try:
            return _decoded(file, *settings)
        except Exception as error:
            # Damaged metadata must not decide whether whole pixels load.
            file.seek(0)
            content = _without_metadata(file)
            if content is not None:
                with contextlib.suppress(Exception):
                    image = _decoded(io.BytesIO(content), *settings)
                    return dataclasses.replace(image, is_damaged=True)
            if not isinstance(error, UnidentifiedImageError):
                raise
            file.seek(0)
            start = file.read(12)
            is_heic = start[4:8] == b"ftyp" and start[8:] in _HEIC_BRANDS
            what = f"it holds {_HEIC}" if is_heic else "it is not an image that Pillow can read"
            raise ValueError(what) from error


def _decoded(file, size, channels, max_pixels, background, crop):
    with Image.open(file) as image:
        if isinstance(image, JpegImagePlugin.JpegImageFile) and size is not None:
            _reduce(image, size)
        if image.width * image.height > max_pixels:
            raise ValueError(
                f"it has {image.width} x {image.height} pixels, more than max_pixels={max_pixels:,}"
            )
        _scale_transparency(image)
        bits = 16 if has_deep_values(image) else None
        image.load()
        highest = int(np.asarray(image).max()) if is_deep(image) else 0
        turned, is_damaged = upright(image)
        pixels = convert(turned, size, channels, background, crop)
        return DecodedImage(pixels, is_gray(image), highest, bits, is_damaged)


def has_deep_values(image: Image.Image) -> bool:
    """Returns whether the values in the file of an image that was just opened have over 8 bits.

    Pillow decodes colors of 16 bits to 8.
    """
    return is_deep(image) or bool(image.tile and ";16" in str(image.tile[0][3]))


def _reduce(image, size):
    """Lets the decoder of a JPEG reduce a large image, while it stays twice as large as `size`."""
    # The image may be shown turned by 90 degrees.
    spare = min(image.size) / (2 * max(size))
    for factor in (8, 4, 2):
        if spare >= factor:
            image.draft(None, (image.width // factor, image.height // factor))
            return


def _scale_transparency(image):
    """Scales the transparent color of a PNG as its decoder scales the pixels of other depths."""
    color = image.info.get("transparency")
    if image.format != "PNG" or not isinstance(color, (int, tuple)):
        return
    packing = image.tile[0][3] if image.tile else None
    factor = {"1": 255, "L;2": 85, "L;4": 17}.get(packing)
    if factor is not None:
        image.info["transparency"] = color * factor
    elif packing == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in color)


def _without_metadata(file):
    """Returns a PNG or JPEG file without what pixels do not need; `None` if there is no such."""
    start = file.read(len(_PNG))
    if start == _PNG:
        remove = _png_without_metadata
    elif start.startswith(_JPEG):
        remove = _jpeg_without_metadata
    else:
        return None
    content = start + file.read()
    kept = remove(content)
    return None if len(kept) == len(content) else kept


def _png_without_metadata(content):
    kept, position = [_PNG], len(_PNG)
    while position + 12 <= len(content):
        (size,) = struct.unpack_from(">I", content, position)
        chunk = content[position : position + 12 + size]
        kind, checksum = chunk[4:8], chunk[-4:]
        # The names of what a decoder may ignore start with a small letter.
        is_whole = zlib.crc32(chunk[4:-4]) == int.from_bytes(checksum, "big")
        if kind[:1].isupper() or kind == b"tRNS" or (kind == b"eXIf" and is_whole):
            kept.append(chunk)
        position += len(chunk)
    return b"".join(kept)


def _jpeg_without_metadata(content):
    kept, position = [content[:2]], 2
    while position + 4 <= len(content):
        marker, size = content[position + 1], int.from_bytes(content[position + 2 : position + 4])
        segment = content[position : position + 2 + size]
        if segment[0] != 0xFF or marker == 0xDA or size < 2:
            break
        is_exif = marker == 0xE1 and segment[4:10] == b"Exif\0\0"
        # Its last byte says how colors are coded.
        is_adobe = marker == 0xEE and segment[4:9] == b"Adobe" and size >= 14
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or is_exif or is_adobe:
            kept.append(segment)
        position += len(segment)
    return b"".join([*kept, content[position:]])
