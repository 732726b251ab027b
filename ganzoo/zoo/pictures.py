"""The pictures of a card, as PNG files in memory."""

import io

import numpy as np
from PIL import Image

from ganzoo import drawing
from ganzoo.training import GAN

SAMPLES, INTERPOLATION = "samples.png", "interpolation.png"
NEIGHBORS, CURVES = "neighbors.png", "curves.png"
ALL = (SAMPLES, INTERPOLATION, NEIGHBORS, CURVES)
_COUNT = 64
_ROWS, _COLUMNS = 4, 10


def samples(gan: GAN) -> np.ndarray:
    """Draws samples from seed 0 on; for a conditional GAN each row is one class."""
    labels, columns = None, None
    count = _COUNT
    if gan.num_classes is not None:
        labels, columns = drawing.class_rows(_COUNT, gan.num_classes)
        count = len(labels)
    return drawing.image_grid(gan.sample(count, labels=labels), columns)


def interpolation(gan: GAN) -> np.ndarray:
    """Draws paths from one sample to another: a path in each row, within one class."""
    paths = [
        gan.interpolate(
            [2 * row, 2 * row + 1],
            labels=None if gan.num_classes is None else row % gan.num_classes,
            steps=_COLUMNS - 1,
        )
        for row in range(_ROWS)
    ]
    return drawing.image_grid(np.concatenate(paths), _COLUMNS)


def encoded(picture: np.ndarray) -> bytes:
    """Returns a picture as a PNG file, with the strongest compression."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if image.mode == "RGB" and len(image.getcolors(1 << 24)) <= 256:
        image = image.quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
