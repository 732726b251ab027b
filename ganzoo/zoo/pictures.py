"""The pictures beside a card, as PNG files in memory."""

import io

import numpy as np
from PIL import Image

from ganzoo import drawing
from ganzoo.zoo.log_plot import plot

SAMPLES, INTERPOLATION = "samples.png", "interpolation.png"
NEIGHBORS, CURVES = "neighbors.png", "curves.png"
_COUNT = 64
_ROWS, _COLUMNS = 4, 10


def samples(gan):
    """Draws samples from seed 0 on; of a conditional GAN each row is one class."""
    labels, columns = None, None
    count = _COUNT
    if gan.num_classes is not None:
        labels, columns = drawing.class_rows(_COUNT, gan.num_classes)
        count = len(labels)
    return drawing.image_grid(gan.sample(count, labels=labels), columns)


def interpolation(gan):
    """Draws the ways from one sample to another, a way in each row, each of one class."""
    ways = [
        gan.interpolate(
            [2 * row, 2 * row + 1],
            labels=None if gan.num_classes is None else row % gan.num_classes,
            steps=_COLUMNS - 1,
        )
        for row in range(_ROWS)
    ]
    return drawing.image_grid(np.concatenate(ways), _COLUMNS)


def curves(log):
    """Draws the columns of a run's log: losses, what the discriminator says, and all else.

    Args:
        log: List of dictionaries with the numbers of an epoch by name, with `step`.
    """
    names = [name for name in log[0] if name not in ("epoch", "step", "seconds")]
    groups = [
        [name for name in names if name.endswith("_loss")],
        [name for name in names if name in ("d_real", "d_fake")],
    ]
    rest = [name for name in names if name not in groups[0] + groups[1]]
    # Costs have about the size of losses; a figure of its own kind has a panel of its own.
    groups[0] += [name for name in rest if name.startswith(("d_", "g_"))]
    groups += [[name] for name in rest if not name.startswith(("d_", "g_"))]
    panels = [{name: [float(row[name]) for row in log] for name in group} for group in groups]
    return plot([int(row["step"]) for row in log], [panel for panel in panels if panel])


def encoded(picture):
    """Returns a picture as a PNG file, compressed as far as it goes."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    if image.mode == "RGB" and len(image.getcolors(1 << 24)) <= 256:
        image = image.quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
