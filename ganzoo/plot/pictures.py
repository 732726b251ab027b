"""Images in a grid, and along an interpolation."""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import drawing
from ganzoo.plot import canvas
from ganzoo.validation import check_positive_integer, describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PADDING = 2
_INCHES = 0.7  # Width of an image.
_WIDEST = 10.0
_MOST_COLUMNS = 17


def images(
    images,
    columns: int | None = None,
    title: str | None = None,
    row_names: Sequence | None = None,
    column_names: Sequence | None = None,
    ax: "Axes | None" = None,
    path: str | os.PathLike | None = None,
) -> "Figure":
    """Draws a grid of images.

    Args:
        images: uint8 array of shape `(images, height, width, channels)`.
        columns: Images in a row; by default the grid is about square.
        title: Text above the grid.
        row_names, column_names: Texts for each row or column, for example its class or its seed.
        ax: Axes to draw into; by default the axes of a new figure.
        path: File to write the figure to, if any; its extension sets the format.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If an argument is out of range.
        ImportError: If matplotlib is not installed.

    Example:

    >>> figure = ganzoo.plot.images(gan.sample(16, seed=0), title="Samples")
    """
    count, height, width = np.shape(images)[:3] if np.ndim(images) == 4 else (1, 1, 1)
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    grid = drawing.image_grid(images, columns, padding=_PADDING, scale=1)
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    inches = min(_INCHES, _WIDEST / columns)
    size = columns * inches, rows * inches * height / width
    margins = 0.8 * (row_names is not None), 0.3 * ((title, column_names) != (None, None))
    axes = canvas.axes_of(ax, *(s + margin for s, margin in zip(size, margins, strict=True)), path)
    grid = grid[..., 0] if grid.shape[-1] == 1 else grid
    axes.imshow(grid, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    _name(axes.set_yticks, "row_names", row_names, rows, height)
    _name(axes.set_xticks, "column_names", column_names, columns, width)
    if title is not None:
        axes.set_title(title)
    return canvas.finish(axes.figure, path)


def interpolation(
    frames,
    steps: int | None = None,
    names: Sequence | None = None,
    title: str | None = None,
    ax: "Axes | None" = None,
    path: str | os.PathLike | None = None,
) -> "Figure":
    """Draws the images along one path or several, each in a row.

    For a long path, it draws the keyframes and as many images between them as fit.

    Args:
        frames: uint8 array of shape `(frames, height, width, channels)`, as `GAN.interpolate`
            gives it; or a list of such arrays with the same length.
        steps: Frames from each keyframe to the next, as for `GAN.interpolate`; needed only for
            `names`. By default the first and the last image are the keyframes.
        names: Texts above the keyframes, for example their seeds.
        title, ax, path: As for `images`.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If an argument is out of range.
        ImportError: If matplotlib is not installed.

    Example:

    >>> frames = gan.interpolate([3, 17, 204], steps=8)
    >>> figure = ganzoo.plot.interpolation(frames, steps=8, names=["seed 3", "seed 17", "seed 204"])
    """
    shapes = {np.shape(row) for row in frames}
    rows = np.asarray(frames) if len(shapes) == 1 else np.empty(0)
    rows = rows[None] if rows.ndim == 4 else rows
    if rows.ndim != 5:
        raise ValueError(
            "`frames` must be uint8 of shape (frames, height, width, channels), or a list of such "
            f"arrays with the same length. Received: frames of shapes {sorted(shapes)}"
        )
    count = rows.shape[1]
    steps = check_positive_integer("steps", max(1, count - 1) if steps is None else steps)
    chosen = range(0, count, _stride(count, steps))
    column_names = None
    if names is not None:
        keyframes = len(range(0, count, steps))
        if len(names) != keyframes:
            raise ValueError(
                f"`names` must hold one name for each of the {keyframes} keyframes. "
                f"Received: names={names!r}"
            )
        column_names = [names[i // steps] if i % steps == 0 else "" for i in chosen]
    shown = rows[:, chosen].reshape(-1, *rows.shape[2:])
    return images(shown, len(chosen), title, None, column_names, ax, path)


def _stride(count, steps):
    """Returns the smallest divisor of `steps` that leaves few enough images, or `steps`."""
    strides = [stride for stride in range(1, steps + 1) if steps % stride == 0]
    fitting = [stride for stride in strides if math.ceil(count / stride) <= _MOST_COLUMNS]
    return (fitting or strides[-1:])[0]


def style_mixing(
    gan,
    row_seeds: Sequence[int],
    column_seeds: Sequence[int],
    rows: Sequence[int],
    labels: int | str | None = None,
    truncation: float | None = None,
    title: str | None = None,
    ax: "Axes | None" = None,
    path: str | os.PathLike | None = None,
    conditions: Sequence[float] | np.ndarray | None = None,
) -> "Figure":
    """Draws what samples become with rows of the styles of other samples.

    The first column has the samples of the row seeds, the first row the ones of the column seeds,
    and each other image takes the chosen rows of its styles from the sample at its top.

    Args:
        gan: A `ganzoo.GAN` with a style-based generator.
        row_seeds: Seeds of the samples at the left.
        column_seeds: Seeds of the samples at the top.
        rows: The rows of the styles that come from the top.
        labels: For a conditional GAN, the class of all.
        truncation: As for `GAN.sample`.
        title, ax, path: As for `images`.
        conditions: For a GAN with `condition_dim`, the vector of conditions of all.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If an argument is out of range, or the generator is not style-based.
        ImportError: If matplotlib is not installed.

    Example:

    >>> figure = ganzoo.plot.style_mixing(gan, [0, 1, 2], [3, 4, 5, 6], rows=range(4))
    """
    if np.ndim(labels) or np.ndim(conditions) > 1:
        raise ValueError(
            "All images have one class, or one vector of conditions. "
            f"Received: labels={describe(labels)}, conditions={describe(conditions)}"
        )
    left, top = gan.latents_of(row_seeds), gan.latents_of(column_seeds)
    settings = {"labels": labels, "truncation": truncation, "conditions": conditions}
    pairs = np.repeat(left, len(top), axis=0), np.tile(top, (len(left), 1))
    mixed = gan.mix_styles(*pairs, rows, other_labels=labels, **settings)
    ends = [gan.generate(latents, **settings) for latents in (left, top)]
    grid = np.full((len(left) + 1, len(top) + 1, *mixed.shape[1:]), 255, "uint8")
    mixed, *ends = map(gan.pixels.in_eight_bits, (mixed, *ends))
    grid[1:, 0], grid[0, 1:] = ends
    grid[1:, 1:] = mixed.reshape(len(left), len(top), *mixed.shape[1:])
    return images(grid.reshape(-1, *mixed.shape[1:]), len(top) + 1, title, ax=ax, path=path)


def _name(set_ticks, argument, names, count, side):
    if names is None:
        set_ticks([])
        return
    if len(names) != count:
        raise ValueError(f"`{argument}` must be {count} texts. Received: {argument}={names!r}")
    centers = _PADDING + np.arange(count) * (side + _PADDING) + (side - 1) / 2
    set_ticks(centers, [str(name) for name in names])
