"""Images of every mode become uint8 of one size, with the same pixels as with Pillow."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.image_options import check_channels, check_size
from ganzoo.data.images import convert, convert_array, convert_stream

RNG = np.random.default_rng(0)
LANCZOS = Image.Resampling.LANCZOS


def picture(mode="RGB", width=20, height=12):
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    pixels = RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode=None)


def test_an_image_of_the_right_size_is_untouched():
    image = picture("RGB")
    np.testing.assert_array_equal(convert(image, (12, 20)), np.asarray(image))
    np.testing.assert_array_equal(convert(image), np.asarray(image))


def test_equal_aspect_is_resized_without_a_crop():
    image = picture("RGB", 40, 24)
    expected = np.asarray(image.resize((20, 24), LANCZOS).resize((20, 12), LANCZOS))
    np.testing.assert_array_equal(convert(image, (12, 20)), expected)


def test_another_aspect_is_cropped_about_the_center():
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 200
    assert (convert(Image.fromarray(pixels), (10, 10)) == 200).all()
    assert (convert(Image.fromarray(pixels.swapaxes(0, 1)), (10, 10)) == 200).all()


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    shrunk = convert(Image.fromarray(stripes), (16, 16))
    # Taking every fourth column would give pure black or white.
    assert abs(shrunk[2:-2, 2:-2].astype(int) - 127).max() < 12


def test_channels_follow_the_mode_or_the_argument():
    assert convert(picture("L")).shape == (12, 20, 1)
    assert convert(picture("RGB")).shape == (12, 20, 3)
    gray = convert(picture("L"), channels=3)
    assert (gray == gray[..., :1]).all()
    color = picture("RGB")
    weights = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(
        convert(color, channels=1)[..., 0], np.asarray(color) @ weights, atol=1
    )


def test_the_background_of_transparent_pixels_becomes_white():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:, 2:, 3] = 255
    pixels[0, 0] = (0, 0, 0, 128)
    result = convert(Image.fromarray(pixels))
    assert result.shape == (4, 4, 3)
    assert (result[1:, :2] == 255).all() and (result[:, 2:] == 0).all()
    assert abs(int(result[0, 0, 0]) - 127) <= 1


def test_sixteen_bit_grays_are_scaled():
    values = np.array([[0, 128, 257, 32896, 65535, 65406]], np.uint16)
    for image in (Image.fromarray(values), Image.fromarray(values.astype(np.int32))):
        assert convert(image)[0, :, 0].tolist() == [0, 0, 1, 128, 255, 254]


@pytest.mark.parametrize(
    "pixels",
    [np.array([[0, 65536]], np.int32), np.array([[-1, 5]], np.int32), np.ones((2, 2), "f4")],
)
def test_pixels_without_a_fixed_range_are_refused(pixels):
    with pytest.raises(ValueError, match="no fixed range"):
        convert(Image.fromarray(pixels))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [None, (8, 8), (64, 40), (12, 20), (13, 20), (5, 90)])
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_an_array_is_converted_as_its_images_are_one_by_one(mode, size, channels):
    pictures = [picture(mode) for _ in range(3)]
    array = np.stack([np.asarray(image).reshape(12, 20, -1) for image in pictures])
    if mode == "RGBA" and size in (None, (12, 20)) and channels is None:
        assert convert_array(array, size, channels) is array
        return
    # Arrays keep their channels.
    kept = array.shape[3] if channels is None else channels
    expected = np.stack([convert(image, size, kept) for image in pictures])
    np.testing.assert_array_equal(convert_array(array, size, channels), expected)
    np.testing.assert_array_equal(convert_stream(iter(array), 3, size, channels), expected)


def test_an_array_longer_than_a_block_keeps_its_order():
    images = np.broadcast_to(np.arange(700)[:, None, None, None] % 251, (700, 4, 4, 1))
    resized = convert_array(images.astype(np.uint8), (2, 2))
    np.testing.assert_array_equal(resized[:, 0, 0, 0], np.arange(700) % 251)


def test_a_stream_of_different_sizes_needs_a_size():
    arrays = [np.zeros((4, 4, 3), np.uint8), np.zeros((6, 4, 3), np.uint8)]
    with pytest.raises(ValueError, match="need `size`"):
        convert_stream(arrays, 2)
    assert convert_stream(arrays, 2, (5, 5)).shape == (2, 5, 5, 3)
    with pytest.raises(ValueError, match=r"Expected 3 images. Received: 2"):
        convert_stream(arrays, 3, (5, 5))


def test_sizes_and_channels_are_checked():
    assert check_size(None) is None
    assert check_size(32) == (32, 32)
    assert check_size((48, 64)) == (48, 64)
    assert check_size("48x64") == (48, 64) and check_size("32") == (32, 32)
    for size in (0, -1, 3.0, (1, 2, 3), (4, 0), "32x", "x32", "0x4", "3.0"):
        with pytest.raises(ValueError, match="Received: size="):
            check_size(size)
    assert check_channels(4) == 4 and check_channels(None) is None
    for channels in (0, 1.5, "3"):
        with pytest.raises(ValueError, match="Received: channels="):
            check_channels(channels)
