"""The pictures of a card, as PNG files in memory."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganzoo import drawing
from ganzoo.data import Dataset
from ganzoo.generation import Directions
from ganzoo.generation.editing import edit
from ganzoo.training import GAN

SAMPLES, INTERPOLATION = "samples.png", "interpolation.png"
NEIGHBORS, CURVES = "neighbors.png", "curves.png"
DIRECTIONS = "directions.png"
ALL = (SAMPLES, INTERPOLATION, NEIGHBORS, CURVES, DIRECTIONS)
SPAN = 3.0  # The largest amount of a direction in its strip.
_COUNT = 64
_ROWS, _COLUMNS = 4, 10
_MOVED, _STEPS = (1, 7), 5  # Seeds, and images of each.
_GAP, _FONT = 12, 15


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


def directions(gan: GAN, found: Directions, conditions: np.ndarray | None = None) -> np.ndarray:
    """Draws a row for each direction, with its name, of two samples that move along it.

    Args:
        gan: The GAN.
        found: The directions.
        conditions: For a GAN with `condition_dim`, the conditions of samples. The first ones are
            used.
    """
    found.check(gan)
    latents = np.repeat(gan.latents_of(_MOVED), _STEPS, axis=0)
    amounts = np.tile(np.linspace(-SPAN, SPAN, _STEPS), len(_MOVED))
    labels = None
    if gan.num_classes is not None:
        labels = np.repeat(np.array(_MOVED) % gan.num_classes, _STEPS)
    if conditions is not None:
        conditions = np.repeat(np.resize(conditions, (2, conditions.shape[1])), _STEPS, axis=0)
    strips = {}
    for name in found.names:
        images = edit(gan, latents, found, {name: amounts}, labels, conditions=conditions)
        images = gan.pixels.in_eight_bits(images).reshape(len(_MOVED), _STEPS, *gan.example_shape)
        grids = [drawing.image_grid(one, _STEPS) for one in images]
        gap = np.full((len(grids[0]), _GAP, grids[0].shape[2]), 255, "uint8")
        strips[name] = np.concatenate([grids[0], gap, grids[1]], axis=1)
    return _with_names(strips)


def _with_names(strips):
    """Puts pictures of the same size below each other, each with its name to the left of it."""
    font = ImageFont.load_default(size=_FONT)
    left = _GAP + max(math.ceil(font.getlength(name)) for name in strips)
    height, width = next(iter(strips.values())).shape[:2]
    canvas = Image.new("RGB", (left + width, height * len(strips)), (255,) * 3)
    draw = ImageDraw.Draw(canvas)
    for row, (name, strip) in enumerate(strips.items()):
        middle = row * height + height // 2
        draw.text((left - _GAP // 2, middle), name, fill=(0,) * 3, font=font, anchor="rm")
        image = Image.fromarray(strip[..., 0] if strip.shape[-1] == 1 else strip)
        canvas.paste(image.convert("RGB"), (left, row * height))
    return np.asarray(canvas)


def encoded(picture: np.ndarray) -> bytes:
    """Returns a picture as a PNG file, with the strongest compression."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if image.mode == "RGB" and image.getcolors(256) is not None:
        image = image.quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
