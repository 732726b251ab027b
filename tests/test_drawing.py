import os
import sys

import numpy as np
import pytest
from PIL import Image

from ganzoo import drawing


def numbered_images(count, height=3, width=2, channels=1):
    """Image i has the value i + 1 everywhere."""
    values = np.arange(1, count + 1, dtype="uint8").reshape(-1, 1, 1, 1)
    return np.tile(values, (1, height, width, channels))


def test_grid_fills_rows_from_left_to_right():
    grid = drawing.image_grid(numbered_images(5), columns=3, padding=1, scale=1)

    assert grid.shape == (2 * 3 + 3, 3 * 2 + 4, 1)
    assert [grid[1, 1 + 3 * k, 0] for k in range(3)] == [1, 2, 3]
    assert [grid[5, 1 + 3 * k, 0] for k in range(3)] == [4, 5, 255]
    assert (grid[0] == 255).all() and (grid[4] == 255).all() and (grid[:, 3] == 255).all()


def test_grid_keeps_every_pixel_of_every_image():
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 7, 3), "uint8")

    grid = drawing.image_grid(images, columns=2, padding=0, scale=1)

    np.testing.assert_array_equal(grid[5:, :7], images[2])
    np.testing.assert_array_equal(grid[:5, 7:], images[1])


def test_enlarging_repeats_pixels():
    images = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 1), "uint8")

    grid = drawing.image_grid(images, padding=0, scale=3)

    np.testing.assert_array_equal(grid, np.kron(images[0], np.ones((3, 3, 1), "uint8")))


@pytest.mark.parametrize("side, drawn", [(8, 64), (28, 56), (32, 64), (64, 64), (128, 128)])
def test_small_images_are_enlarged_by_default(side, drawn):
    grid = drawing.image_grid(np.zeros((1, side, side, 1), "uint8"), padding=0)

    assert grid.shape == (drawn, drawn, 1)


def test_grid_is_almost_square_by_default():
    assert drawing.image_grid(numbered_images(10, 4, 4), padding=0, scale=1).shape == (12, 16, 1)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 4, 4, 1), "float32"),
        np.zeros((4, 4, 1), "uint8"),
        np.zeros((2, 4, 4, 2), "uint8"),
        np.zeros((0, 4, 4, 1), "uint8"),
    ],
)
def test_grid_refuses_anything_but_uint8_images(images):
    with pytest.raises(ValueError, match="Received:"):
        drawing.image_grid(images)


@pytest.mark.parametrize("arguments", [{"columns": 0}, {"padding": -1}, {"scale": 1.5}])
def test_grid_refuses_arguments_out_of_range(arguments):
    with pytest.raises(ValueError, match="Received:"):
        drawing.image_grid(numbered_images(4), **arguments)


def test_scatter_plot_puts_points_where_they_are():
    plot = drawing.scatter_plot([[0.5, 0.5]], limit=1.0, size=200)

    dark = np.argwhere(plot[..., 0] < 100)
    dark = dark[(dark[:, 0] < 90) & (dark[:, 1] > 110)]  # Neither the axes nor the scale.
    assert plot.shape == (200, 200, 3)
    np.testing.assert_allclose(dark.mean(axis=0), [50, 150], atol=1)


def test_scatter_plot_omits_points_beyond_its_limit():
    inside = drawing.scatter_plot([[0.5, 0.5]], limit=1.0)
    both = drawing.scatter_plot([[0.5, 0.5], [3.0, 0.0]], limit=1.0)

    np.testing.assert_array_equal(inside, both)


@pytest.mark.parametrize(
    "points", [np.zeros((3, 1)), np.zeros((0, 2)), np.full((3, 2), np.nan), np.zeros((2, 2, 2))]
)
def test_scatter_plot_refuses_bad_points(points):
    with pytest.raises(ValueError, match="Received:"):
        drawing.scatter_plot(points)


def test_picture_draws_both_kinds_of_examples():
    assert drawing.picture(numbered_images(4), columns=2).shape[-1] == 1
    assert drawing.picture(np.zeros((4, 2))).shape == (512, 512, 3)


def test_side_by_side_keeps_the_pictures_under_their_captions():
    left = np.full((40, 100, 1), 10, "uint8")
    right = np.full((30, 80, 3), 20, "uint8")

    both = drawing.side_by_side({"samples": left, "real": right}, gap=4)

    assert both.shape == (40 + 24, 100 + 4 + 80, 3)
    assert (both[24:, :100] == 10).all() and (both[24:54, 104:] == 20).all()
    assert (both[:24, :100] < 128).any() and (both[:24, 104:] < 128).any()  # The captions.


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_holds_the_picture(tmp_path, channels):
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, channels), "uint8")

    drawing.save_picture(tmp_path / "picture.png", picture)

    with Image.open(tmp_path / "picture.png") as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(picture.shape), picture)
    assert os.listdir(tmp_path) == ["picture.png"]


@pytest.mark.parametrize(
    ("suffix", "format"), [("jpg", "JPEG"), ("JPEG", "JPEG"), ("webp", "WEBP"), ("png", "PNG")]
)
def test_the_suffix_decides_the_format(tmp_path, suffix, format):
    picture = np.full((6, 5, 3), (10, 200, 90), "uint8")
    drawing.save_picture(tmp_path / f"picture.{suffix}", picture)
    with Image.open(tmp_path / f"picture.{suffix}") as image:
        assert image.format == format
        difference = np.abs(np.asarray(image).astype(int) - picture).max()
    assert difference <= (2 if format == "JPEG" else 0)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    drawing.save_picture(path, np.zeros((4, 4, 1), "uint8"))
    before = path.read_bytes()

    def fail_halfway(self, file, **kwargs):
        file.write(b"half a pict")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail_halfway)
    with pytest.raises(OSError, match="No space left"):
        drawing.save_picture(path, np.ones((4, 4, 1), "uint8"))

    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["picture.png"]


def test_a_gif_has_a_frame_for_each_picture(tmp_path):
    frames = [np.full((8, 8, 1), value, "uint8") for value in (0, 120, 250)]
    drawing.save_picture(tmp_path / "second.png", frames[1])

    drawing.save_gif(tmp_path / "run.gif", [frames[0], tmp_path / "second.png", frames[2]])

    with Image.open(tmp_path / "run.gif") as image:
        assert image.n_frames == 3
        values = []
        for frame in range(3):
            image.seek(frame)
            values.append(np.asarray(image.convert("L")).mean())
    np.testing.assert_allclose(values, [0, 120, 250], atol=2)


def test_a_gif_refuses_frames_of_several_sizes(tmp_path):
    frames = [np.zeros((8, 8, 1), "uint8"), np.zeros((8, 9, 1), "uint8")]

    with pytest.raises(ValueError, match=r"Received: 2 frames of sizes"):
        drawing.save_gif(tmp_path / "run.gif", frames)
    with pytest.raises(ValueError, match=r"Received: 0 frames"):
        drawing.save_gif(tmp_path / "run.gif", [])
    assert os.listdir(tmp_path) == []


def test_rows_of_a_conditional_grid_are_classes():
    labels, columns = drawing.class_rows(10, num_classes=3)

    assert columns == 3 and labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert labels.dtype == np.int32


@pytest.mark.parametrize(
    ("n", "num_classes", "columns"),
    [(16, 10, 10), (20, 10, 2), (10, 10, 4), (3, 10, 2), (7, 1, 7), (101, 100, 11)],
)
def test_a_grid_of_classes_has_the_asked_number(n, num_classes, columns):
    labels, found = drawing.class_grid(n, num_classes)
    counts = np.bincount(labels, minlength=num_classes)
    assert (len(labels), found) == (n, columns) and np.ptp(counts) <= 1


def test_many_classes_are_laid_out_as_a_square():
    labels, columns = drawing.class_rows(9, num_classes=1000)

    assert columns == 3 and labels.tolist() == list(range(9))


@pytest.mark.process
@pytest.mark.parametrize("height, width", [(48, 64), (33, 51)])
def test_a_video_shows_the_frames_for_their_time(tmp_path, height, width):
    imageio = pytest.importorskip("imageio.v3")
    pytest.importorskip("imageio_ffmpeg")
    levels = (20, 120, 230)
    frames = [np.full((height, width, 1), level, "uint8") for level in levels]

    drawing.save_mp4(tmp_path / "video.mp4", frames, seconds=0.1)

    video = imageio.imread(tmp_path / "video.mp4")
    assert video.shape == (3, height + height % 2, width + width % 2, 3)
    for shown, level in zip(video, levels, strict=True):
        assert np.abs(shown[: height - 2, : width - 2].astype(int) - level).max() < 8
    assert imageio.immeta(tmp_path / "video.mp4")["fps"] == 10
    assert os.listdir(tmp_path) == ["video.mp4"]


def test_a_video_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    frame = np.zeros((16, 16, 3), "uint8")
    with pytest.raises(ValueError, match=r"same size.*Received: 2 frames"):
        drawing.save_mp4(tmp_path / "video.mp4", [frame, frame[:8]])
    with pytest.raises(OSError, match=r"cannot be written.*Received: /proc/missing/video.mp4"):
        drawing.save_mp4("/proc/missing/video.mp4", [frame])
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ImportError, match=r"ganzoo\[video\].*Received: path=.*video\.mp4"):
        drawing.save_mp4(tmp_path / "video.mp4", [frame])
    assert not os.listdir(tmp_path)


def half_transparent(red):
    """An RGBA picture with a red of its own, whose right half is transparent."""
    picture = np.full((8, 8, 4), (red, 0, 0, 255), "uint8")
    picture[:, 4:, 3] = 0
    return picture


def test_a_grid_keeps_transparent_pixels_on_white():
    grid = drawing.picture(np.stack([half_transparent(200)] * 4))
    assert grid.shape[-1] == 4
    assert set(map(tuple, grid.reshape(-1, 4))) == {
        (255, 255, 255, 255),
        (200, 0, 0, 255),
        (200, 0, 0, 0),
    }


def test_behind_transparent_pixels_it_is_white_where_a_format_has_none(tmp_path):
    both = drawing.side_by_side({"samples": half_transparent(200)}, gap=0)
    assert (both[-8:, :4] == (200, 0, 0)).all() and (both[-8:, 4:8] == 255).all()

    drawing.save_gif(tmp_path / "run.gif", [half_transparent(200), half_transparent(100)])
    with Image.open(tmp_path / "run.gif") as animation:
        for frame, red in enumerate((200, 100)):
            animation.seek(frame)
            pixels = np.asarray(animation.convert("RGB"))
            assert (pixels[:, :4] == (red, 0, 0)).all() and (pixels[:, 4:] == 255).all()


@pytest.mark.parametrize("shape", [(4, 8, 3), (4, 8, 8, 8, 1), (4, 8, 8, 2)])
def test_other_examples_are_not_drawn(shape):
    with pytest.raises(ValueError, match="Received: "):
        drawing.picture(np.zeros(shape, "uint8"))
