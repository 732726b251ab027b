"""The pictures of a card, as PNG files in memory."""

import io

import numpy as np
from PIL import Image

from ganzoo import drawing
from ganzoo.data import Dataset
from ganzoo.training import GAN

SAMPLES, INTERPOLATION = "samples.png", "interpolation.png"
NEIGHBORS, CURVES = "neighbors.png", "curves.png"
ALL = (SAMPLES, INTERPOLATION, NEIGHBORS, CURVES)
_COUNT = 64
_ROWS, _COLUMNS = 4, 10


def samples(gan: GAN, data: Dataset | None = None) -> np.ndarray:
    """Draws samples from seed 0 on.

    For a GAN of classes each row is one class; vectors of conditions are the ones of the data.
    """
    labels, columns = None, None
    count = _COUNT
    if gan.num_classes is not None:
        labels, columns = drawing.class_rows(_COUNT, gan.num_classes)
        count = len(labels)
    if gan.condition_dim is not None:
        return drawing.image_grid(gan.sampler_for(data)(count), columns)
    drawn = gan.sample(count, labels=labels)
    return drawing.image_grid(gan.pixels.in_eight_bits(drawn), columns)


def interpolation(gan: GAN, data: Dataset | None = None) -> np.ndarray:
    """Draws paths from one sample to another: a path in each row, within one class.

    Vectors of conditions are the ones of an example of the data in each row.
    """
    conditions = None if gan.condition_dim is None else data.conditions
    paths = [
        gan.interpolate(
            [2 * row, 2 * row + 1],
            labels=None if gan.num_classes is None else row % gan.num_classes,
            conditions=None if conditions is None else conditions[row % len(conditions)],
            steps=_COLUMNS - 1,
        )
        for row in range(_ROWS)
    ]
    return drawing.image_grid(gan.pixels.in_eight_bits(np.concatenate(paths)), _COLUMNS)


def encoded(picture: np.ndarray) -> bytes:
    """Returns a picture as a PNG file, with the strongest compression."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if image.mode == "RGB" and len(image.getcolors(1 << 24)) <= 256:
        image = image.quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
