"""Files that are damaged outside of their pixels, too large, no files, or of unusual depth."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data.image_files import open_file, read_image, size_of, suffixes

GRAY = np.full((32, 32, 3), 120, "u1")
EXIF = {
    "garbage": b"Exif\0\0garbage!",
    "empty": b"Exif\0\0",
    "cut": b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0\x03",
    "loop": b"Exif\0\0II*\0\xff\xff\xff\x7f",
    "text": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0A\0\0\0\0\0\0\0",
    "nine": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0",
}


def encoded(kind="PNG", pixels=GRAY, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def chunk(kind, content, is_whole=True):
    checksum = zlib.crc32(kind + content) ^ (not is_whole)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(depth, color, rows, transparent):
    header = struct.pack(">IIBBBBB", 4, len(rows), depth, color, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = ((b"IHDR", header), (b"tRNS", transparent), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def load(folder, **options):
    return data.load(f"folder:{folder}", **options)


@pytest.mark.parametrize("name", EXIF)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.filterwarnings("ignore:The metadata of")
def test_damaged_exif_does_not_matter(tmp_path, name, suffix):
    Image.fromarray(GRAY).save(tmp_path / f"a.{suffix}", exif=EXIF[name])
    assert np.abs(load(tmp_path).examples[0].astype(int) - 120).max() < 3


DAMAGED_CHUNKS = {
    "gamma": chunk(b"gAMA", b"\0"),
    "resolution": chunk(b"pHYs", b"\0"),
    "animation": chunk(b"acTL", b"\0"),
    "checksum": chunk(b"tEXt", b"a\0b", is_whole=False),
    "large text": chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 70_000_000)),
}


@pytest.mark.parametrize("name", DAMAGED_CHUNKS)
def test_damaged_chunks_that_are_no_pixels_do_not_matter(tmp_path, name):
    content = encoded()
    (tmp_path / "a.png").write_bytes(content[:33] + DAMAGED_CHUNKS[name] + content[33:])
    with pytest.warns(UserWarning, match="metadata of 1 image files cannot be read"):
        np.testing.assert_array_equal(load(tmp_path).examples[0], GRAY)


@pytest.mark.parametrize("segment", [b"\xff\xe0\0\x06JFIF", b"\xff\xe2\0\x0eICC_PROFILE\0"])
def test_damaged_segments_that_are_no_pixels_do_not_matter(tmp_path, segment):
    exif = Image.Exif()
    exif[274] = 6
    content = encoded("JPEG", np.repeat(GRAY, 2, axis=1), exif=exif)
    (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])
    with pytest.warns(UserWarning, match="metadata"):
        (image,) = load(tmp_path).examples
    # The rotation is still applied.
    assert image.shape == (64, 32, 3) and np.abs(image.astype(int) - 120).max() < 3


def test_damaged_pixels_do_matter(tmp_path):
    content = bytearray(encoded(pixels=np.random.default_rng(0).integers(0, 256, (16, 16), "u1")))
    content[len(content) // 2] ^= 255
    (tmp_path / "a.png").write_bytes(content[:33] + DAMAGED_CHUNKS["gamma"] + content[33:])
    with pytest.raises(ValueError, match=r"a\.png"):
        load(tmp_path)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("transparent", ["black", "white"])
def test_a_transparent_gray_becomes_white_at_each_depth(tmp_path, depth, transparent):
    highest = 2**depth - 1
    values = [0, 0, highest // 2, highest]
    bits = "".join(f"{value:0{depth}b}" for value in values).ljust(8, "0")
    row = int(bits, 2).to_bytes(len(bits) // 8, "big")
    color = highest if transparent == "white" else 0
    (tmp_path / "a.png").write_bytes(png(depth, 0, [row] * 4, struct.pack(">H", color)))
    expected = [255 if v == color else round(v * 255 / highest) for v in values]
    assert load(tmp_path).examples[0, 0, :, 0].tolist() == expected


@pytest.mark.parametrize("depth, code", [(8, "B"), (16, ">H")])
def test_a_transparent_color_becomes_white_at_each_depth(tmp_path, depth, code):
    highest = 2**depth - 1
    colors = [(0, 0, 0), (highest, 0, 0), (0, highest, 0), (highest, highest, 0)]
    row = b"".join(struct.pack(code, value) for color in colors for value in color)
    transparent = struct.pack(">HHH", highest, 0, 0)
    (tmp_path / "a.png").write_bytes(png(depth, 2, [row] * 4, transparent))
    expected = [[0, 0, 0], [255, 255, 255], [0, 255, 0], [255, 255, 0]]
    assert load(tmp_path).examples[0, 0].tolist() == expected


@pytest.mark.parametrize(
    "suffix", [".h5", ".hdf", ".grib", ".bufr", ".fits", ".mpg", ".mpeg", ".wmf", ".eps", ".iim"]
)
def test_formats_that_are_no_pictures_are_not_looked_at(suffix):
    assert suffix not in suffixes()
    assert {".png", ".jpg", ".webp", ".tif", ".gif", ".bmp"} <= suffixes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs are of Unix")
def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.png")
    os.symlink("/dev/zero", tmp_path / "2.png")
    for number in range(3, 43):
        Image.new("L", (8, 8)).save(tmp_path / f"{number}.png")
    for use in (open_file, size_of, read_image):
        with pytest.raises(OSError, match="not a regular file"):
            use(tmp_path / "1.png")
    with pytest.raises(ValueError, match=r"1\.png.*it is not a regular file"):
        load(tmp_path)
    with pytest.warns(UserWarning, match=r"(?s)2 of 42.*1\.png.*2\.png"):
        assert len(load(tmp_path, on_bad="skip")) == 40


def test_the_pixels_of_a_file_are_bounded(tmp_path):
    Image.new("1", (13_000, 13_000)).save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            ValueError, match=r"13000 x 13000 pixels, more than max_pixels=64,000,0"
        ):
            load(tmp_path, size=8)
        Image.new("L", (40, 30)).save(tmp_path / "a.png")
        with pytest.raises(ValueError, match="40 x 30 pixels, more than max_pixels=1,199"):
            load(tmp_path, max_pixels=1199)
        assert len(load(tmp_path, max_pixels=1200)) == 1
    with pytest.raises(ValueError, match="`max_pixels` must be"):
        load(tmp_path, max_pixels=0)


def test_a_large_photograph_is_decoded_at_a_fraction_of_its_size(tmp_path):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype="u1"))
    exif = Image.Exif()
    exif[274] = 6
    large = small.resize((640, 480), Image.Resampling.BICUBIC)
    large.save(tmp_path / "a.jpg", quality=95, exif=exif)
    # Only a reduced image is small enough.
    reduced = load(tmp_path, size=16, max_pixels=160 * 120).examples[0].astype(int)
    large.save(tmp_path / "a.png", exif=exif)
    (tmp_path / "a.jpg").unlink()
    whole = load(tmp_path, size=16).examples[0].astype(int)
    assert np.abs(reduced - whole).max() < 8 and np.abs(reduced - whole).mean() < 1


@pytest.mark.parametrize(
    "dtype, highest, message",
    [
        (np.int32, 255, "32-bit integers, which have no fixed range.*from 0 to 255"),
        (np.uint16, 255, "nearly black: save the files with 8 bits.*values up to 255"),
        (np.uint16, 4095, None),
        (np.uint16, 60000, ""),
        (np.int32, 60000, ""),
    ],
)
def test_deep_pixels_of_a_smaller_range_are_not_made_black_in_silence(
    tmp_path, dtype, highest, message
):
    pixels = np.linspace(0, highest, 64).reshape(8, 8).astype(dtype)
    Image.fromarray(pixels).save(tmp_path / "a.tiff")
    if message:
        with pytest.raises(ValueError, match=message):
            load(tmp_path)
    elif message is None:
        with pytest.warns(UserWarning, match="at most 4095 of 65535.*nearly black"):
            assert load(tmp_path).examples.max() == 16
    else:
        assert load(tmp_path).examples.max() == round(highest / 257)


def test_heic_is_named(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"1 of \.heic \(HEIC, which .*pillow-heif"):
        load(tmp_path)
    (tmp_path / "b.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(ValueError, match=r"b\.jpg.*it holds HEIC.*pillow-heif"):
        load(tmp_path)
    Image.new("L", (8, 8)).save(tmp_path / "b.jpg")
    with pytest.warns(UserWarning, match=r"not read: 1 of \.heic"):
        assert len(load(tmp_path)) == 1


def test_progress_is_told(tmp_path):
    for number in range(3):
        Image.new("L", (8, 8)).save(tmp_path / f"{number}.png")
    told = []
    load(tmp_path, progress=lambda *state: told.append(state))
    assert told == [("images", number, 3) for number in (1, 2, 3)]


def test_sizes_are_the_ones_of_upright_images(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 16, 3), "u1"))
    turned = Image.Exif()
    turned[274] = 6
    for suffix in ("jpg", "png", "tif", "webp"):
        image.save(tmp_path / f"1.{suffix}", exif=turned)
        assert size_of(tmp_path / f"1.{suffix}") == (8, 16)
        assert read_image(tmp_path / f"1.{suffix}").pixels.shape[:2] == (16, 8)
    (tmp_path / "all").mkdir()
    image.save(tmp_path / "all" / "1.jpg", exif=turned)
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "all" / "2.jpg")
    assert load(tmp_path / "all", keep_sizes=True).example_shape == (16, 8, 3)
    image.save(tmp_path / "all" / "2.jpg")
    mixed = load(tmp_path / "all", keep_sizes=True)
    assert [one.shape for one in next(mixed.blocks([0, 1]))] == [(16, 8, 3), (8, 16, 3)]


def test_more_pixels_than_pillow_allows(tmp_path, monkeypatch):
    for side in (12, 13):
        Image.new("L", (side, 12)).save(tmp_path / f"{side}.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    mixed = load(tmp_path, keep_sizes=True, max_pixels=1000)
    assert len(next(mixed.blocks([0, 1]))) == 2
    assert Image.MAX_IMAGE_PIXELS == 50


def test_images_of_different_sizes_keep_their_background_and_labels(tmp_path):
    for number in range(4):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        pixels = np.zeros((8 + number, 8, 4), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "ab"[number % 2] / f"{number}.png")
    black, white = (
        load(tmp_path, keep_sizes=True, **settings) for settings in ({"alpha": "#000000"}, {})
    )
    assert next(black.blocks([0]))[0].max() == 0 and next(white.blocks([0]))[0].min() == 255
    assert black.sha256() != white.sha256()
    assert (white.labels.tolist(), white.class_names) == ([0, 0, 1, 1], ("a", "b"))
    with pytest.raises(ValueError, match=r"random crops are of images of one size"):
        load(tmp_path, keep_sizes=True, size=4, crop="random")
