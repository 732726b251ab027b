"""Pictures: grids of images, scatter plots of vectors, PNG, GIF and MP4 files."""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganzoo.file_names import check_file_name
from ganzoo.files import new_file
from ganzoo.validation import check_count, check_positive, check_positive_integer

CHANNELS = (1, 3, 4)  # Of a picture: gray, color, and color with alpha.
# How Pillow writes the picture in a file of each suffix.
_JPEG = {"format": "JPEG", "quality": 95, "subsampling": 0}
PICTURE_SETTINGS = {
    ".png": {"format": "PNG"},
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": {"format": "WEBP", "lossless": True, "exact": True},
}
_MOST_COLUMNS = 32
_SMALLEST_SIDE = 64  # Pixels. Smaller images are enlarged, so that a grid is easy to see.
_WHITE, _GRAY, _BLACK, _BLUE = (255,) * 3, (170,) * 3, (0,) * 3, (31, 78, 156)


def image_grid(
    images: Any, columns: int | None = None, padding: int = 2, scale: int | None = None
) -> np.ndarray:
    """Lays images out in rows, from left to right and from top to bottom, on white.

    Args:
        images: uint8 array of shape `(images, height, width, channels)` with 1, 3 or 4 channels.
        columns: Images in a row. By default the grid is almost square.
        padding: Pixels around each image, at least 0.
        scale: Integer factor by which each pixel is repeated. By default, smaller images are
            enlarged to at most 64 pixels.

    Returns:
        uint8 array of shape `(height, width, channels)`.

    Raises:
        ValueError: If `images` are not uint8 images, or an argument is out of its range.

    Example:

    >>> image_grid(np.zeros((6, 32, 32, 1), "uint8"), columns=3).shape
    (134, 200, 1)
    """
    images = _check_images(images)
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    columns = min(check_positive_integer("columns", columns), count)
    padding = check_count("padding", padding)
    if scale is None:
        scale = max(1, _SMALLEST_SIDE // max(height, width))
    images = images.repeat(check_positive_integer("scale", scale), 1).repeat(scale, 2)

    rows = math.ceil(count / columns)
    cell_height, cell_width = scale * height + padding, scale * width + padding
    grid = np.full(
        (rows * cell_height + padding, columns * cell_width + padding, channels), 255, "uint8"
    )
    for index, image in enumerate(images):
        top = padding + index // columns * cell_height
        left = padding + index % columns * cell_width
        grid[top : top + scale * height, left : left + scale * width] = image
    return grid


def scatter_plot(points: Any, limit: float | None = None, size: int = 512) -> np.ndarray:
    """Draws the first two coordinates of each point. The origin is in the middle.

    Args:
        points: Array of shape `(points, coordinates)` with at least 2 coordinates.
        limit: The axes run from -`limit` to `limit`. The default is the smallest power of two, at
            least 1, for which all points are visible. Points beyond the limit are not drawn.
        size: Height and width of the picture in pixels.

    Returns:
        uint8 array of shape `(size, size, 3)`.

    Raises:
        ValueError: If `points` are not finite vectors, or an argument is out of its range.

    Example:

    >>> scatter_plot(np.random.normal(size=(500, 2))).shape
    (512, 512, 3)
    """
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] < 2 or not len(points):
        raise ValueError(
            "`points` must have the shape (points, coordinates) with at least 2 coordinates. "
            f"Received: points of shape {points.shape}"
        )
    if not np.isfinite(points).all():
        raise ValueError("`points` must be finite. Received: points with NaN or infinity")
    check_positive_integer("size", size)
    if limit is None:
        limit = 2.0 ** math.ceil(math.log2(max(1.0, float(np.abs(points[:, :2]).max()))))
    limit = check_positive("limit", limit)

    # Drawn twice as large and then reduced, which smooths the edges of the discs.
    canvas = Image.new("RGB", (2 * size, 2 * size), _WHITE)
    draw = ImageDraw.Draw(canvas)
    draw.line((size, 0, size, 2 * size), fill=_GRAY, width=2)
    draw.line((0, size, 2 * size, size), fill=_GRAY, width=2)
    radius = max(2.0, size / 100)
    for x, y in points[:, :2] / limit:
        if max(abs(x), abs(y)) <= 1:
            center = size * (1 + x), size * (1 - y)
            draw.ellipse((*(c - radius for c in center), *(c + radius for c in center)), fill=_BLUE)
    draw.text((8, 2 * size - 8), f"±{limit:g}", fill=_BLACK, font=_font(size // 16), anchor="ls")
    return np.asarray(canvas.resize((size, size), Image.Resampling.LANCZOS))


def picture(examples: Any, columns: int | None = None) -> np.ndarray:
    """Draws examples of either kind: images as a grid, vectors as a scatter plot.

    Args:
        examples: uint8 images `(images, height, width, channels)` with 1, 3 or 4 channels, or
            vectors `(points, coordinates)`.
        columns: Images in a row of the grid.

    Returns:
        uint8 array of shape `(height, width, channels)`.

    Raises:
        ValueError: If `examples` are neither images nor vectors.
    """
    if np.ndim(examples) == 2:
        return scatter_plot(examples)
    if np.ndim(examples) != 4:
        raise ValueError(
            "Only images and vectors are drawn: write what `gan.sample` gives to a file of your "
            f"own, such as `numpy.save`. Received: examples of shape {np.shape(examples)}"
        )
    return image_grid(examples, columns)


def class_rows(n: int, num_classes: int) -> tuple[np.ndarray, int]:
    """Returns labels for samples of a conditional GAN, so that each row of a grid is one class.

    Args:
        n: Number of samples, at most.
        num_classes: Number of classes.

    Returns:
        int32 labels of shape `(samples,)`, and the number of columns. If `n` allows fewer than 2
        samples of each class, there is one sample of each of the first `n` classes, in a square.

    Example:

    >>> labels, columns = class_rows(64, num_classes=10)
    >>> len(labels), columns
    (60, 6)
    """
    columns = check_positive_integer("n", n) // check_positive_integer("num_classes", num_classes)
    if columns < 2:
        labels = np.arange(min(n, num_classes), dtype="int32")
        return labels, math.ceil(math.sqrt(len(labels)))
    return np.repeat(np.arange(num_classes, dtype="int32"), columns), columns


def class_grid(n: int, num_classes: int) -> tuple[np.ndarray, int]:
    """Returns labels for exactly `n` samples of a conditional GAN, the classes in order.

    Args:
        n: Number of samples.
        num_classes: Number of classes.

    Returns:
        int32 labels of shape `(n,)`, and the number of columns. If `n` is a multiple of
        `num_classes`, each row of the grid is one class, as in `class_rows`. Otherwise the classes
        take turns, and each column is one class, if there are at most 32 classes.

    Example:

    >>> labels, columns = class_grid(16, num_classes=10)
    >>> len(labels), columns
    (16, 10)
    """
    check_positive_integer("n", n)
    if n < check_positive_integer("num_classes", num_classes) or n % num_classes == 0:
        return class_rows(n, num_classes)
    columns = num_classes if num_classes <= _MOST_COLUMNS else math.ceil(math.sqrt(n))
    return np.arange(n, dtype="int32") % num_classes, columns


def side_by_side(pictures: dict[str, Any], gap: int = 16) -> np.ndarray:
    """Puts pictures next to each other, each with its caption above.

    Args:
        pictures: Dictionary of captions and uint8 arrays `(height, width, channels)` with 1, 3 or 4
            channels. Transparent pixels are drawn on white.
        gap: Pixels between the pictures.

    Returns:
        uint8 array of shape `(height, width, 3)`.

    Raises:
        ValueError: If there is no picture, or if a value is not a picture.

    Example:

    >>> grid = image_grid(np.zeros((4, 32, 32, 1), "uint8"))
    >>> side_by_side({"samples": grid, "real": grid}).shape
    (158, 284, 3)
    """
    if not pictures:
        raise ValueError(f"`pictures` must hold at least one picture. Received: {pictures!r}")
    drawn = {
        caption: _opaque(_as_pillow(picture)).convert("RGB")
        for caption, picture in pictures.items()
    }
    caption_height = 24
    canvas = Image.new(
        "RGB",
        (
            sum(image.width for image in drawn.values()) + gap * (len(drawn) - 1),
            max(image.height for image in drawn.values()) + caption_height,
        ),
        _WHITE,
    )
    draw = ImageDraw.Draw(canvas)
    left = 0
    for caption, image in drawn.items():
        middle = left + image.width // 2, caption_height // 2
        draw.text(middle, caption, fill=_BLACK, font=_font(16), anchor="mm")
        canvas.paste(image, (left, caption_height))
        left += image.width + gap
    return np.asarray(canvas)


def save_picture(path: str | os.PathLike, picture: Any) -> None:
    """Writes a picture to a file. It appears in one move, so nobody reads half a file.

    Args:
        path: Path of the file. The suffix decides the format: `.png` and `.webp`, which keep each
            pixel, or `.jpg` and `.jpeg`, in the best quality that JPEG has.
        picture: uint8 array of shape `(height, width, channels)` with 1, 3 or 4 channels. JPEG has
            no fourth channel.

    Raises:
        ValueError: If `picture` is not a picture, or the file's format cannot hold it.
        OSError: If the file cannot be written.
    """
    suffix = check_file_name("path", path, PICTURE_SETTINGS)
    image = _as_pillow(picture)
    settings = PICTURE_SETTINGS[suffix]
    if settings["format"] == "JPEG" and image.mode == "RGBA":
        raise ValueError(
            "JPEG has no transparency: write a picture with 4 channels to .png or .webp. "
            f"Received: path={os.fspath(path)}"
        )
    _write(path, lambda file: image.save(file, **settings))


def save_gif(
    path: str | os.PathLike, frames: Sequence[Any], seconds: float = 0.15, last_seconds: float = 2.0
) -> None:
    """Writes an animated GIF that loops. It appears in one move, so nobody reads half a file.

    Args:
        path: Path of the file. Its folder must exist.
        frames: List of pictures of the same size, or of the paths of their image files.
        seconds: Duration of each frame.
        last_seconds: Duration of the last frame.

    Raises:
        ValueError: If the name does not end in `.gif`, there are no frames, or their sizes differ.
        OSError: If a file cannot be read or written.
    """
    check_file_name("path", path, (".gif",))
    durations = [1000 * check_positive("seconds", seconds)] * len(frames)
    _one_size("A GIF", frames)
    durations[-1] = 1000 * check_positive("last_seconds", last_seconds)
    # Frames are opened one by one, because the frames of a long run do not fit into memory.
    animation = {"save_all": True, "append_images": map(_frame, frames[1:]), "loop": 0}
    _write(
        path,
        lambda file: _frame(frames[0]).save(file, format="GIF", duration=durations, **animation),
    )


def save_mp4(path: str | os.PathLike, frames: Sequence[Any], seconds: float = 0.05) -> None:
    """Writes a video, H.264 in an MP4 file. It appears in one move, so nobody reads half a file.

    Args:
        path: Path of the file. Its folder must exist.
        frames: List of pictures of the same size. If the width or the height is odd, a white line
            is added, because the format needs even sizes.
        seconds: Duration of each frame.

    Raises:
        ValueError: If the name does not end in `.mp4`, there are no frames, or their sizes differ.
        ImportError: If the extra `ganzoo[video]` is not installed.
        OSError: If the file cannot be written.
    """
    check_file_name("path", path, (".mp4",))
    try:
        from imageio_ffmpeg import write_frames
    except ImportError as error:
        raise ImportError(
            "MP4 files need imageio-ffmpeg: `pip install 'ganzoo[video]'`, or write a GIF. "
            f"Received: path={str(path)!r}"
        ) from error
    rate = 1.0 / check_positive("seconds", seconds)
    width, height = _one_size("A video", frames)
    size = width + width % 2, height + height % 2

    # ffmpeg takes the format from the suffix.
    with new_file(path, replace=True) as temporary:
        settings = {"fps": rate, "codec": "libx264", "quality": 8, "macro_block_size": 2}
        video = write_frames(str(temporary), size, ffmpeg_log_level="error", **settings)
        video.send(None)
        for frame in frames:
            canvas = Image.new("RGB", size, _WHITE)
            canvas.paste(_frame(frame), (0, 0))
            video.send(np.asarray(canvas).tobytes())
        video.close()


def size_of(path: str | os.PathLike) -> tuple[int, int]:
    """Returns the width and the height of an image file in pixels, without decoding it."""
    with Image.open(path) as image:
        return image.size


def check_file(path: str | os.PathLike) -> None:
    """Raises any error if an image file is damaged. It reads the file and decodes nothing.

    The checksums of PNG files reveal each changed byte.
    """
    with Image.open(path) as image:
        image.verify()


def _check_images(images):
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in CHANNELS:
        raise ValueError(
            "`images` must be uint8 of shape (images, height, width, channels) with 1, 3 or 4 "
            f"channels. Received: {images.dtype} of shape {images.shape}"
        )
    if 0 in images.shape:
        raise ValueError(f"`images` must not be empty. Received: shape {images.shape}")
    return images


def _as_pillow(picture):
    """Returns a uint8 array of shape (height, width, channels) as a Pillow image."""
    picture = _check_images(np.asarray(picture)[None])[0]
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def _one_size(kind, frames):
    """Returns the width and height that all frames have."""
    sizes = sorted({_open(frame).size for frame in frames})
    if len(sizes) != 1:
        raise ValueError(
            f"{kind} needs at least one frame, and frames of the same size. "
            f"Received: {len(frames)} frames of sizes {sizes}"
        )
    return sizes[0]


def _open(frame):
    return Image.open(frame) if isinstance(frame, (str, os.PathLike)) else _as_pillow(frame)


def _frame(frame):
    """Returns a frame of an animation: the format would show the frame before behind it."""
    return _opaque(_open(frame))


def _opaque(image):
    """Returns an image without transparency: on white, as a page shows it."""
    if image.mode != "RGBA":
        return image
    canvas = Image.new("RGBA", image.size, (*_WHITE, 255))
    return Image.alpha_composite(canvas, image).convert("RGB")


def _font(size):
    return ImageFont.load_default(size=max(8, size))


def _write(path, write):
    """Writes a file in one move."""
    with new_file(path, replace=True) as temporary, open(temporary, "wb") as file:
        write(file)
