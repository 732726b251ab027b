"""A folder of images of every kind, and what happens to the bad ones."""

import os
import warnings

import numpy as np
import pytest
from PIL import Image

from ganzoo import data

RNG = np.random.default_rng(0)


def colors(height=12, width=16, channels=3):
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


def save(path, pixels=None, **options):
    """Saves random pixels, or those given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = (
        pixels
        if isinstance(pixels, Image.Image)
        else Image.fromarray(colors() if pixels is None else pixels)
    )
    image.save(path, **options)
    return path


def folder_of(path, count, height=12, width=16):
    for number in range(count):
        save(path / f"{number}.png", colors(height, width))
    return path


def load(path, *arguments, **options):
    return data.load(f"folder:{path}", *arguments, **options)


def test_pixels_are_kept(tmp_path):
    pixels = colors()
    save(tmp_path / "a.png", pixels)
    dataset = load(tmp_path)
    np.testing.assert_array_equal(dataset.examples[0], pixels)
    assert dataset.labels is None
    assert dataset.name == f"folder:{tmp_path}"


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("gray.png", Image.fromarray(colors(channels=1)[..., 0])),
        ("gray_alpha.png", Image.fromarray(colors()).convert("LA")),
        ("one_bit.png", Image.fromarray(colors()).convert("1")),
        ("sixteen_bit.png", Image.fromarray(RNG.integers(0, 65536, (12, 16)).astype(np.uint16))),
        ("sixteen_bit.tiff", Image.fromarray(RNG.integers(0, 65536, (12, 16)).astype(np.uint16))),
        ("rgba.png", Image.fromarray(colors(channels=4))),
        ("palette.png", Image.fromarray(colors()).convert("P")),
        ("palette.gif", Image.fromarray(colors()).convert("P")),
        ("cmyk.jpg", Image.fromarray(colors()).convert("CMYK")),
        ("cmyk.tiff", Image.fromarray(colors()).convert("CMYK")),
        ("ycbcr.tiff", Image.fromarray(colors()).convert("YCbCr")),
        ("color.jpeg", Image.fromarray(colors())),
        ("color.bmp", Image.fromarray(colors())),
        ("color.webp", Image.fromarray(colors())),
        ("COLOR.PNG", Image.fromarray(colors())),
        ("color.ppm", Image.fromarray(colors())),
        ("tall.png", Image.fromarray(colors(90, 20))),
        ("pixel.png", Image.fromarray(colors(1, 1))),
    ],
)
def test_every_format_and_mode_becomes_uint8_colors(tmp_path, name, image):
    save(tmp_path / name, image)
    dataset = load(tmp_path, size=(6, 8), channels=3)
    assert dataset.examples.shape == (1, 6, 8, 3)
    # Right in brightness too: no clipping of 16 bits, no inverted CMYK.
    expected = np.asarray(image.convert("RGBA"), float) if image.mode != "I;16" else None
    if expected is None:
        average = np.asarray(image, float).mean() / 257
    else:
        alpha = expected[..., 3:] / 255
        average = (expected[..., :3] * alpha + 255 * (1 - alpha)).mean()
    if name not in ("tall.png", "pixel.png"):
        assert abs(dataset.examples.mean() - average) < 12


def test_color_images_keep_their_colors_in_cmyk(tmp_path):
    red = Image.new("RGB", (16, 16), (230, 20, 20))
    save(tmp_path / "red.jpg", red.convert("CMYK"), quality=95)
    assert abs(load(tmp_path).examples[0].mean((0, 1)) - [230, 20, 20]).max() < 6


def test_an_animation_counts_as_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    for name in ("moving.gif", "moving.webp", "moving.png"):
        save(
            tmp_path / name,
            frames[0],
            save_all=True,
            append_images=frames[1:],
            **({"lossless": True} if name.endswith("webp") else {}),
        )
    dataset = load(tmp_path)
    assert len(dataset) == 3
    assert (dataset.examples == [255, 0, 0]).all()


def test_the_rotation_in_camera_metadata_is_applied(tmp_path):
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, :8] = 255
    exif = Image.Exif()
    exif[274] = 6  # To be shown turned by 90 degrees, clockwise.
    save(tmp_path / "turned.png", pixels, exif=exif)
    (image,) = load(tmp_path).examples
    assert image.shape == (16, 8, 3)
    assert (image[:8] == 255).all() and (image[8:] == 0).all()


def test_channels_are_one_only_if_every_image_is_gray(tmp_path):
    save(tmp_path / "a.png", colors(channels=1)[..., 0])
    assert load(tmp_path).image_shape == (12, 16, 1)
    assert load(tmp_path, channels=3).image_shape == (12, 16, 3)
    save(tmp_path / "b.png")
    assert load(tmp_path).image_shape == (12, 16, 3)
    assert load(tmp_path, channels=1).image_shape == (12, 16, 1)


def test_files_are_in_natural_order_and_others_are_ignored(tmp_path):
    for number in (1, 2, 10, 21, 100):
        save(tmp_path / f"image{number}.png", np.full((4, 4), number, np.uint8))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_text("not an image")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.png").mkdir()
    assert load(tmp_path).examples[:, 0, 0, 0].tolist() == [1, 2, 10, 21, 100]


def test_the_top_folder_is_the_class(tmp_path):
    for name, value in (("10", 3), ("9", 2), ("b", 5)):
        save(tmp_path / name / "x.png", np.full((4, 4), value, np.uint8))
    dataset = load(tmp_path)
    assert dataset.class_names == ("9", "10", "b")
    assert dataset.labels.tolist() == [0, 1, 2]
    assert dataset.examples[:, 0, 0, 0].tolist() == [2, 3, 5]
    save(tmp_path / "b" / "deeper" / "y.png", np.zeros((4, 4), np.uint8))
    with pytest.warns(UserWarning, match="belong to the class of the top folder, e.g. 'b/deeper'"):
        dataset = load(tmp_path)
    assert dataset.labels.tolist() == [0, 1, 2, 2] and dataset.class_names == ("9", "10", "b")


def test_folders_named_after_splits_are_splits(tmp_path):
    folder_of(tmp_path / "train" / "cat", 2)
    folder_of(tmp_path / "train" / "dog", 3)
    folder_of(tmp_path / "test" / "cat", 1)
    assert len(load(tmp_path)) == 5 and load(tmp_path).class_names == ("cat", "dog")
    assert len(load(tmp_path, "test")) == 1
    with pytest.raises(ValueError, match=r"'test', 'train': there.*Received: split='val'"):
        load(tmp_path, "val")
    with pytest.raises(ValueError, match=r"no splits.*Received: split='test'"):
        load(tmp_path / "train", "test")


def test_links_are_followed_but_not_in_circles(tmp_path):
    folder_of(tmp_path / "data" / "a", 2)
    folder_of(tmp_path / "elsewhere", 3)
    os.symlink(tmp_path / "elsewhere", tmp_path / "data" / "b")
    os.symlink(tmp_path / "data", tmp_path / "data" / "a" / "circle")
    assert load(tmp_path / "data").labels.tolist() == [0, 0, 1, 1, 1]


def test_images_of_different_sizes_need_a_size(tmp_path):
    folder_of(tmp_path, 3)
    save(tmp_path / "9.png", colors(10, 16))
    with pytest.raises(ValueError, match=r"9\.png.*16 x 10 pixels.*16 x 12; pass `size`"):
        load(tmp_path)
    assert load(tmp_path, size=8).examples.shape == (4, 8, 8, 3)


def bad_files(path):
    """Files that look like images and are not."""
    whole = save(path / "whole.png").read_bytes()
    photograph = save(path / "whole.jpg").read_bytes()
    corrupt = bytearray(whole)
    corrupt[len(whole) // 2] ^= 255
    return {
        "empty.png": b"",
        "truncated.png": whole[: len(whole) // 2],
        "truncated.jpg": photograph[: len(photograph) // 2],
        "html.png": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "corrupt.png": bytes(corrupt),
        "header_only.png": whole[:20],
        "text.webp": b"RIFF\x00\x00\x00\x00WEBPnot at all",
    }


@pytest.mark.parametrize(
    "name",
    [
        "empty.png",
        "truncated.png",
        "truncated.jpg",
        "html.png",
        "corrupt.png",
        "header_only.png",
        "text.webp",
    ],
)
def test_a_bad_file_is_an_error_that_names_it_or_is_skipped_with_a_warning(tmp_path, name):
    folder_of(tmp_path / "data", 39)
    (tmp_path / "data" / name).write_bytes(bad_files(tmp_path / "made")[name])
    with pytest.raises(ValueError, match=rf"{name}.* cannot be used: .*on_bad='skip'"):
        load(tmp_path / "data")
    with pytest.warns(UserWarning, match=rf"(?s)1 of 40 image files.*left out.*{name}: \w+"):
        dataset = load(tmp_path / "data", on_bad="skip")
    assert len(dataset) == 39


def test_float_images_are_bad_files(tmp_path):
    save(tmp_path / "depth.tiff", np.ones((4, 4), np.float32))
    with pytest.raises(ValueError, match=r"depth\.tiff.*no fixed range"):
        load(tmp_path)


def test_up_to_one_file_in_twenty_may_be_skipped(tmp_path):
    folder_of(tmp_path / "a", 48)
    folder_of(tmp_path / "b", 47)
    for number in range(5):
        (tmp_path / "a" / f"bad{number}.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="5 of 100") as caught:
        dataset = load(tmp_path, on_bad="skip")
    for number in range(5):
        assert f"bad{number}.png" in str(caught[0].message)
    # Labels stay with their images.
    assert dataset.labels.tolist() == [0] * 48 + [1] * 47
    (tmp_path / "a" / "47.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"(?s)6 of 100 .*more than 5%.*47.png"):
        load(tmp_path, on_bad="skip")


def test_good_folders_raise_no_warning(tmp_path):
    folder_of(tmp_path, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(tmp_path, on_bad="skip")) == 3


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        load(tmp_path / "absent")
    with pytest.raises(ValueError, match="must hold image files"):
        load(tmp_path)
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(ValueError, match="1 of 1"):
        load(tmp_path, on_bad="skip")
    with pytest.raises(ValueError, match="'error', 'skip'"):
        load(tmp_path, on_bad="ignore")


def test_a_link_next_to_its_folder_is_taken_too_and_noted(tmp_path):
    folder_of(tmp_path / "cat", 2)
    folder_of(tmp_path / "dog" / "deep", 1)
    os.symlink(tmp_path / "cat", tmp_path / "animal")
    os.symlink(tmp_path, tmp_path / "dog" / "deep" / "circle")
    with pytest.warns(
        UserWarning, match=r"links lead to folders that are taken elsewhere.*'animal'"
    ):
        dataset = load(tmp_path)
    assert dataset.class_names == ("animal", "cat", "dog")
    assert dataset.labels.tolist() == [0, 0, 1, 1, 2]
    (tmp_path / "splits").mkdir()
    folder_of(tmp_path / "splits" / "train", 3)
    os.symlink("train", tmp_path / "splits" / "val")
    for split in ("train", "val"):
        with pytest.warns(UserWarning, match="several times: 'val'"):
            assert len(load(tmp_path / "splits", split)) == 3
