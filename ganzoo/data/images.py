"""Converts images of any mode and size to uint8 grayscale or RGB of one size."""

import concurrent.futures
import itertools

import numpy as np
from PIL import Image

from ganzoo.data.image_options import WHITE

_BLOCK = 256
FILTER = Image.Resampling.LANCZOS
_GRAY_MODES = ("1", "L", "LA", "La", "I", "F")
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
# The value of EXIF's tag for the orientation, and how an image is turned to be upright.
_ORIENTATION = 274
_SIDEWAYS = (5, 6, 7, 8)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def is_gray(image):
    """Whether the mode of a Pillow image is a gray one."""
    return image.mode in _GRAY_MODES or is_deep(image)


def is_transparent(image):
    """Whether a Pillow image has pixels that are not opaque."""
    if not _has_alpha(image):
        return False
    return image.convert("RGBA").getchannel("A").getextrema()[0] < 255


def is_deep(image):
    """Whether the pixels of a Pillow image are integers of more than 8 bits."""
    return image.mode == "I" or image.mode.startswith("I;16")


def upright(image):
    """Returns a Pillow image turned as its metadata says, and whether they cannot be read."""
    # Readers of damaged metadata raise many kinds of errors.
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION))
    except Exception:
        return image, True
    if turn is None:
        return image, False
    turned = image.transpose(turn)
    turned.info = dict(image.info)
    return turned, False


def is_sideways(image):
    """Whether the metadata of a Pillow image, which was just opened, say that its sides swap."""
    if image.format == "TIFF":
        return False  # Pillow gives the upright size.
    # Readers of damaged metadata raise many kinds of errors.
    try:
        # The method of PNG files decodes them first.
        return Image.Image.getexif(image).get(_ORIENTATION) in _SIDEWAYS
    except Exception:
        return False


def convert(image, size=None, channels=None, background=WHITE, crop="center"):
    """Returns a Pillow image as a uint8 array of shape (height, width, channels).

    16-bit grays are scaled to 8 bits.

    Args:
        image: `PIL.Image.Image` of any mode except 32-bit ones, which have no fixed range (integers
            from 256 to 65535 count as 16 bits).
        size: (height, width), or None to keep the image's own. The image is cropped about its
            center to the aspect of `size`, then resized with Pillow's antialiased Lanczos filter.
        channels: 1, 3, or None for 1 if the image's mode is gray and 3 otherwise. Colors become
            gray by the weights of ITU-R BT.601. 4 keeps alpha: pixels that cannot be seen become
            black.
        background: (red, green, blue) that transparent pixels are laid over.
        crop: `"center"`, or `"pad"` to keep the whole image, with borders of the background, which
            are transparent if alpha is kept.
    """
    if channels is None:
        channels = 1 if is_gray(image) else 3
    image = recolored(image, channels, background)
    if size is not None and (image.height, image.width) != size:
        height, width = fitted_size((image.height, image.width), size) if crop == "pad" else size
        left, top, right, bottom = box_of(image.size, width, height, crop)
        # One side after the other: `resize` of both takes them in an order that depends on
        # Pillow's version, and the rounding between them shows.
        image = _resized_in_width(image, width, left, right)
        image = image.resize((width, height), FILTER, box=(0, top, width, bottom))
        if (height, width) != size:
            image = _padded(image, size, background)
    return np.asarray(image).reshape(image.height, image.width, channels)


def convert_array(images, size=None, channels=None, background=WHITE):
    """Returns images of one shape at another size or number of channels.

    The result is the same as with `convert` for every image, but much faster.

    Args:
        images: uint8 array of shape (count, height, width, channels). The fourth of 4 channels is
            alpha. Other numbers of channels than 1, 3 and 4 can only be kept.
        size: (height, width), or None to keep theirs.
        channels: 1, 3 or 4, or None to keep theirs.
        background: (red, green, blue) that transparent pixels are laid over.
    """
    size = images.shape[1:3] if size is None else size
    if size == images.shape[1:3] and channels in (None, images.shape[3]):
        return images
    if images.shape[3] not in (1, 3, 4) and channels in (None, images.shape[3]):
        layers = [convert_array(images[..., [layer]], size) for layer in range(images.shape[3])]
        return np.concatenate(layers, axis=3)
    _check_pixels(images[0])
    channels = channels or images.shape[3]
    result = np.empty((len(images), *size, channels), np.uint8)

    def fill(start):
        rows = slice(start, start + _BLOCK)
        result[rows] = _converted_block(images[rows], size, channels, background)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(fill, range(0, len(images), _BLOCK)))
    return result


def convert_stream(arrays, count, size=None, channels=None, background=WHITE):
    """Returns images of any shape from an iterable as one array.

    Args:
        arrays: Iterable of `count` uint8 arrays of shape (height, width, 1, 3 or 4), or of Pillow
            images of any mode.
        count: Number of images.
        size: (height, width). It is needed unless all have the same size.
        channels: 1, 3 or 4, or `None` to keep the channels of arrays. For Pillow images, as for
            `convert`.
        background: (red, green, blue) that transparent pixels are laid over.
    """
    images = None
    arrays = iter(arrays)

    def converted(row):
        return _converted_row(row, size, channels, background)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        for start in range(0, count, _BLOCK):
            block = itertools.islice(arrays, min(_BLOCK, count - start))
            done = list(pool.map(converted, block))
            if len(done) < min(_BLOCK, count - start):
                raise ValueError(f"Expected {count} images. Received: {start + len(done)}")
            for row, image in enumerate(done, start):
                if images is None:
                    images = np.empty((count, *image.shape), np.uint8)
                if image.shape != images.shape[1:]:
                    raise ValueError(
                        "Images of different shapes need `size` (and `channels`). Received: "
                        f"{image.shape} in row {row}, {images.shape[1:]} in row 0"
                    )
                images[row] = image
    return images


def _converted_row(row, size, channels, background):
    if channels is None and not isinstance(row, Image.Image):
        channels = row.shape[2]
    return convert(_as_image(row), size, channels, background)


def _converted_block(images, size, channels, background):
    # Thousands of small images are slow to convert one by one. Stacked, they are one tall image,
    # which Pillow recolors and resizes in width without mixing rows. Then the images are turned,
    # and the same is done for the height.
    count, height, width, _ = images.shape
    new_height, new_width = size
    left, top, right, bottom = box_of((width, height), new_width, new_height)
    tall = _as_image(images.reshape(count * height, width, -1))
    tall = recolored(tall, channels, background)
    tall = _resized_in_width(tall, new_width, left, right)
    turned = np.asarray(tall).reshape(count, height, new_width, channels).swapaxes(1, 2)
    tall = _as_image(turned.reshape(count * new_width, height, channels))
    tall = _resized_in_width(tall, new_height, top, bottom)
    return np.asarray(tall).reshape(count, new_width, new_height, channels).swapaxes(1, 2)


def _resized_in_width(image, width, left, right):
    if (image.width, 0, image.width) == (width, left, right):
        return image
    return image.resize((width, image.height), FILTER, box=(left, 0, right, image.height))


def recolored(image, channels, background=WHITE):
    """Returns a Pillow image in mode L, RGB or RGBA, for 1, 3 or 4 channels of 8 bits."""
    if channels not in (1, 3, 4):
        raise ValueError(f"pictures have 1, 3 or 4 channels, and {channels} are wanted")
    image = _in_eight_bits(image)
    if channels == 4:
        image = image.convert("RGBA")
        # Colors that nobody sees would be learned too.
        hidden = image.getchannel("A").point(lambda alpha: 255 * (alpha == 0))
        image.paste((0, 0, 0, 0), mask=hidden)
        return image
    return _without_alpha(image, background).convert("L" if channels == 1 else "RGB")


def _as_image(pixels):
    if isinstance(pixels, Image.Image):
        return pixels
    _check_pixels(pixels)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _check_pixels(pixels):
    if pixels.dtype != np.uint8 or pixels.shape[-1] not in (1, 3, 4):
        raise ValueError(
            "Images must be uint8 of shape (height, width, 1, 3 or 4) to be resized or recolored. "
            f"Received: dtype={pixels.dtype}, shape={pixels.shape}"
        )


def _in_eight_bits(image):
    if image.mode == "F":
        raise ValueError("its pixels are 32-bit floats, which have no fixed range")
    if not is_deep(image):
        return image
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535 or (image.mode == "I" and 0 < values.max() < 256):
        raise ValueError(
            "its pixels are 32-bit integers, which have no fixed range: save it with 8 or 16 bits. "
            f"Received: pixels from {values.min()} to {values.max()}"
        )
    # Pillow's own conversion clips at 255. 65535 = 255 * 257.
    pixels = (values.astype(np.uint32) + 128) // 257
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        pixels = np.stack([pixels, np.where(values == transparent, 0, 255)], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def _has_alpha(image):
    return image.mode in _ALPHA_MODES or "transparency" in image.info


def _without_alpha(image, background):
    if not _has_alpha(image):
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image)


def fitted_size(original, size):
    """Returns the largest (height, width) within `size` of the aspect of `original`."""
    scale = min(size[0] / original[0], size[1] / original[1])
    return tuple(max(1, round(side * scale)) for side in original)


def _padded(image, size, background):
    """Returns a Pillow image in the middle of a larger one."""
    height, width = size
    color = (0, 0, 0, 0) if image.mode == "RGBA" else background
    if image.mode == "L":
        color = Image.new("RGB", (1, 1), background).convert("L").getpixel((0, 0))
    canvas = Image.new(image.mode, (width, height), color)
    canvas.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return canvas


def box_of(original_size, width, height, crop="center"):
    """Returns the part (left, top, right, bottom) of an image that is resized.

    It is the largest centered box of the aspect width : height, or all of an image to be padded.
    """
    original_width, original_height = original_size
    if crop == "pad":
        return 0.0, 0.0, original_width, original_height
    scale = min(original_width / width, original_height / height)
    left = (original_width - width * scale) / 2
    top = (original_height - height * scale) / 2
    return max(left, 0.0), max(top, 0.0), original_width - left, original_height - top
