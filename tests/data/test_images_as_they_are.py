"""Alpha, crops, shapes and deep pixels of image files in a folder."""

import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data.deep_images import read_deep_image
from ganzoo.data.image_options import ImageOptions
from ganzoo.data.random_crops import RandomCrops

RNG = np.random.default_rng(0)


def saved(path, pixels, mode=None):
    Image.fromarray(pixels, mode).save(path) if mode else Image.fromarray(pixels).save(path)


@pytest.fixture
def glass(tmp_path):
    """An image whose left half is transparent red, and an opaque gray one."""
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (255, 0, 0, 0)
    pixels[:, 4:] = (0, 0, 255, 255)
    saved(tmp_path / "a.png", pixels)
    saved(tmp_path / "b.png", np.full((8, 8), 100, np.uint8))
    return f"folder:{tmp_path}"


def test_alpha_is_a_channel_or_laid_over_a_color(glass):
    kept = data.load(glass, alpha="keep").examples
    assert kept.shape == (2, 8, 8, 4)
    assert (kept[0, :, :4] == 0).all() and (kept[0, :, 4:] == (0, 0, 255, 255)).all()
    assert (kept[1] == (100, 100, 100, 255)).all()
    np.testing.assert_array_equal(data.load(glass, channels=4).examples, kept)
    for alpha, color in ((None, (255, 255, 255)), ("#10ff00", (16, 255, 0))):
        laid = data.load(glass, **({} if alpha is None else {"alpha": alpha})).examples
        assert (laid[0, :, :4] == color).all() and (laid[0, :, 4:] == (0, 0, 255)).all()


def test_resized_alpha_has_no_dark_edges(glass):
    small = data.load(glass, size=3, alpha="keep").examples[0]
    edge = small[1, 1]
    assert 0 < edge[3] < 255 and edge[2] > 250 and edge[0] == 0


def test_padding_keeps_the_whole_image(tmp_path):
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, 0] = pixels[:, -1] = 200
    saved(tmp_path / "a.png", pixels)
    source = f"folder:{tmp_path}"
    padded = data.load(source, size="8x8", crop="pad", alpha="#0000ff").examples[0]
    np.testing.assert_array_equal(padded[2:6], pixels)
    assert (padded[[0, 1, 6, 7]] == (0, 0, 255)).all()
    kept = data.load(source, size=8, crop="pad", alpha="keep").examples[0]
    assert (kept[:2] == 0).all() and (kept[2:6, :, 3] == 255).all()
    assert data.load(source, size="8x8").examples[0].max() < 200
    assert data.load(source, size="2x4").examples.shape == (1, 2, 4, 3)


def test_random_crops_follow_from_seed_and_step(tmp_path):
    for number in range(6):
        pixels = np.arange(10 * 12, dtype=np.uint8).reshape(10, 12) + 10 * number
        saved(tmp_path / f"{number}.png", pixels)
    dataset = data.load(f"folder:{tmp_path}", size="4x5", crop="random")
    assert isinstance(dataset, RandomCrops) and dataset.example_shape == (4, 5, 1)
    batches = dataset.batches(3, seed=1)
    (first,) = batches.batch(7)
    np.testing.assert_array_equal(first, dataset.batches(3, seed=1).batch(7)[0])
    assert (first != batches.batch(9)[0]).any()
    places = set()
    for step in range(200):
        for row, window in zip(batches.rows(step)[0], batches.batch(step)[0], strict=True):
            place = int(window[0, 0, 0]) - 10 * int(row)
            top, left = divmod(place, 12)
            whole = dataset.whole[row, top : top + 4, left : left + 5]
            np.testing.assert_array_equal(window, whole)
            places.add((top, left))
    assert len(places) == 7 * 8
    np.testing.assert_array_equal(dataset.examples[0], dataset.whole[0, 3:7, 3:8])
    part = dataset.take([4, 2])
    np.testing.assert_array_equal(part.whole, dataset.whole[[4, 2]])
    assert part.batches(2).batch(0)[0].shape == (2, 4, 5, 1) and len(part) == 2


def test_a_packed_file_gives_the_same_random_crops(tmp_path):
    images = RNG.integers(0, 256, (6, 8, 8, 1), dtype=np.uint8)
    path = data.pack(data.Dataset(images), tmp_path / "a.npz")
    crops = data.load(path, size=4, crop="random")
    expected = RandomCrops(data.Dataset(images), (4, 4)).batches(2).batch(5)
    np.testing.assert_array_equal(crops.batches(2).batch(5)[0], expected[0])
    with pytest.raises(ValueError, match="whole images"):
        data.SemiSupervisedBatches(crops, 1, 2)


def test_sixteen_bits_are_kept(tmp_path):
    deep = RNG.integers(0, 65536, (6, 8)).astype(np.uint16)
    saved(tmp_path / "a.png", deep)
    saved(tmp_path / "b.tiff", deep)
    np.save(tmp_path / "c.npy", deep)
    np.save(tmp_path / "d.npy", (deep // 257).astype(np.uint8))
    saved(tmp_path / "e.png", (deep // 257).astype(np.uint8))
    dataset = data.load(f"folder:{tmp_path}", dtype="uint16")
    assert dataset.pixels.dtype == "uint16" and dataset.examples.shape == (5, 6, 8, 1)
    for image in dataset.examples[:3]:
        np.testing.assert_array_equal(image[..., 0], deep)
    np.testing.assert_array_equal(dataset.examples[3, ..., 0], deep // 257 * 257)
    np.testing.assert_array_equal(dataset.examples[4], dataset.examples[3])
    assert len(data.load(f"folder:{tmp_path}")) == 3
    resized = data.load(f"folder:{tmp_path}", dtype="uint16", size="3x4").examples
    eight = data.load(f"folder:{tmp_path}", size="3x4").examples
    assert np.abs(resized[0] / 257 - eight[0]).max() < 2


def test_files_of_other_bits_than_asked_for_are_counted(tmp_path):
    deep = RNG.integers(0, 65536, (6, 8)).astype(np.uint16)
    shallow = (deep // 257).astype(np.uint8)
    saved(tmp_path / "a.png", deep)
    saved(tmp_path / "b.png", shallow)
    saved(tmp_path / "c.png", shallow)
    source = f"folder:{tmp_path}"
    with pytest.warns(UserWarning, match="1 of 3 image files have 16 bits, which dtype='uint8' sc"):
        data.load(source)
    with pytest.warns(UserWarning, match="2 of 3 image files have 8 bits, which dtype='uint16' sc"):
        data.load(source, dtype="uint16")
    (tmp_path / "a.png").unlink()
    np.save(tmp_path / "d.npy", shallow)
    with pytest.warns(UserWarning, match="3 of 3 image files have 8 bits"):
        data.load(source, dtype="uint16")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.load(source)
        data.load(source, dtype="float32", value_range=(0, 255))


def test_floats_of_a_stated_range_and_many_channels(tmp_path):
    spectrum = RNG.uniform(-80, 0, (6, 8, 5)).astype(np.float32)
    np.save(tmp_path / "a.npy", spectrum)
    settings = {"dtype": "float32", "value_range": (-80, 0)}
    dataset = data.load(f"folder:{tmp_path}", **settings)
    assert dataset.example_shape == (6, 8, 5)
    np.testing.assert_allclose(dataset.examples[0], (spectrum + 80) / 40 - 1, atol=1e-6)
    padded = data.load(f"folder:{tmp_path}", size=8, crop="pad", **settings).examples[0]
    np.testing.assert_allclose(padded[1:7], dataset.examples[0], atol=1e-6)
    assert (padded[0] == 1).all()
    assert data.load(f"folder:{tmp_path}", size="4x6", **settings).example_shape == (4, 6, 5)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (np.zeros((2, 2), np.int32), {"dtype": "uint16"}, "uint16 or uint8. Received: int32"),
        (np.zeros((2, 2, 2, 2), np.uint16), {"dtype": "uint16"}, "of shape .2, 2, 2, 2."),
        (np.array([[b"x"]]), {"dtype": "uint16"}, "it must hold numbers"),
        (np.array([[{}]]), {"dtype": "uint16"}, "pickle"),
        (np.zeros((2, 2, 5), np.uint16), {"dtype": "uint16", "channels": 3}, "5 channels, and 3"),
        (
            np.full((2, 2), 2.0),
            {"dtype": "float32", "value_range": (0, 1)},
            r"stated range \[0, 1\].*from 2 to 2",
        ),
        (np.full((2, 2), np.nan), {"dtype": "float32", "value_range": (0, 1)}, "finite"),
        (np.zeros((9, 9), np.uint16), {"dtype": "uint16", "max_pixels": 80}, "max_pixels=80"),
    ],
)
def test_arrays_that_cannot_be_used_are_named(tmp_path, content, settings, message):
    np.save(tmp_path / "a.npy", content)
    with pytest.raises(ValueError, match=rf"(?s)a\.npy.*{message}"):
        data.load(f"folder:{tmp_path}", **settings)


def test_colors_of_16_bits_are_refused_in_place_of_rounded(tmp_path):
    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(range(12)) for _ in range(2)))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(png)
    with pytest.raises(ValueError, match="colors of 16 bits, of which Pillow reads 8"):
        data.load(f"folder:{tmp_path}", dtype="uint16")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": "white"}, "'keep', or a color such as"),
        ({"alpha": "keep", "channels": 3}, "gives images of 4 channels"),
        ({"alpha": "#ffffff", "channels": 4}, "keep their alpha"),
        ({"crop": "pad"}, "Crops need `size`"),
        ({"crop": "middle", "size": 4}, "crop"),
        ({"dtype": "float32"}, "values of black and white"),
        ({"dtype": "uint16", "value_range": (0, 1)}, "other types take no `value_range`"),
        ({"dtype": "float64"}, "dtype"),
        ({"size": 9, "crop": "random"}, "windows of images that are at least as large"),
        ({"size": "8x"}, "HEIGHTxWIDTH"),
        ({"channels": 2}, "1, 3 or 4 channels, and 2 are wanted"),
    ],
)
def test_wrong_options_are_refused(glass, settings, message):
    with pytest.raises(ValueError, match=message):
        data.load(glass, **settings)


def test_floats_out_of_their_range_are_refused_before_a_resize_clips_them(tmp_path):
    np.save(tmp_path / "a.npy", RNG.uniform(0, 255, (8, 8)))
    with pytest.raises(ValueError, match=r"a\.npy.*stated range \[0, 1\]"):
        data.load(f"folder:{tmp_path}", size=4, dtype="float32", value_range=(0, 1))
    saved(tmp_path / "b.png", np.full((8, 8), 100, np.uint8))
    options = ImageOptions((4, 4), 1, pixels=data.PixelFormat("float32", -80, 0))
    with pytest.raises(ValueError, match=r"stated range \[-80, 0\]. Received: pixels from 100"):
        read_deep_image(tmp_path / "b.png", options)


def test_alpha_of_16_bits_is_padded_and_resized_as_of_8(glass, tmp_path):
    (tmp_path / "b.png").unlink()
    for settings in ({"size": 3}, {"size": "16x8", "crop": "pad"}):
        found, expected = (
            data.load(glass, alpha="keep", dtype=dtype, **settings).examples[0] / scale
            for dtype, scale in (("uint16", 65535), ("uint8", 255))
        )
        np.testing.assert_allclose(found, expected, atol=0.02)
    assert (found[0] == 0).all()


def test_the_transparent_gray_of_16_bits_shows_the_background(tmp_path):
    values = np.array([[1000, 30000]] * 2, np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png", transparency=1000)
    source = f"folder:{tmp_path}"
    for settings, expected in (
        ({}, [255, 117]),
        ({"alpha": "#000000"}, [0, 117]),
        ({"alpha": "#0000ff", "channels": 3}, [[0, 0, 255], [117] * 3]),
        ({"alpha": "keep"}, [[0] * 4, [117, 117, 117, 255]]),
        ({"dtype": "uint16"}, [65535, 30000]),
        ({"dtype": "uint16", "alpha": "#000000"}, [0, 30000]),
        ({"dtype": "uint16", "alpha": "#0000ff", "channels": 3}, [[0, 0, 65535], [30000] * 3]),
    ):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "1 of 1 image files have 16 bits")
            found = data.load(source, **settings).examples[0, 0]
        assert np.squeeze(found).tolist() == expected, settings


def test_what_differs_between_images_is_named(tmp_path):
    np.save(tmp_path / "1.npy", np.zeros((4, 4), np.uint16))
    np.save(tmp_path / "2.npy", np.full((4, 4, 3), 60000, np.uint16))
    with pytest.raises(ValueError, match="3 channels and the first image 1; pass `channels`"):
        data.load(f"folder:{tmp_path}", dtype="uint16")
    assert data.load(f"folder:{tmp_path}", dtype="uint16", channels=3).image_shape == (4, 4, 3)
    np.save(tmp_path / "2.npy", np.full((4, 5), 60000, np.uint16))
    with pytest.raises(ValueError, match=r"5 x 4 pixels.*random crops are of images of one size"):
        data.load(f"folder:{tmp_path}", dtype="uint16", size=2, crop="random")


def test_what_lies_outside_of_the_central_windows_counts():
    images = RNG.integers(0, 65536, (6, 8, 8, 1)).astype(np.uint16)
    other = images.copy()
    other[:, :2] = 0
    crops, others = (RandomCrops(data.Dataset(one), (4, 4)) for one in (images, other))
    assert (crops.examples == others.examples).all() and crops.checksum != others.checksum
    small = crops.in_eight_bits()
    assert small.batches(2).batch(0)[0].dtype == np.uint8
    expected = crops.pixels.in_eight_bits(crops.batches(2).batch(0)[0])
    np.testing.assert_array_equal(small.batches(2).batch(0)[0], expected)
