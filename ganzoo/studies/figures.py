"""The figures of a study: the values of all runs, norms over time, and samples of each cell."""

import math
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import data as sources
from ganzoo import drawing
from ganzoo.plot import canvas
from ganzoo.studies.measuring import conditions, sigma_errors
from ganzoo.studies.records import Records
from ganzoo.studies.study import Study
from ganzoo.studies.summary import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INCHES_PER_CELL = 0.26
_PANEL = 3.2
_WIDEST = 14.0
_SAMPLES = 1.7
_COLUMNS = 6
_CHARACTERS = 26  # In a line of the title of a panel.
_IMAGES = 16


def values(
    study: Study, rows: Sequence[Row], path: str | os.PathLike | None = None
) -> "Figure | None":
    """Draws each column of the table that has a better end, with a dot for each run.

    Args:
        study: The study.
        rows: What `ganzoo.studies.summarize` returned.
        path: File to write the figure to, if any.

    Returns:
        The `matplotlib.figure.Figure`, or `None` if there is no such column.
    """
    columns = [column for column in study.columns if column.better != "none"]
    if not columns:
        return None
    height = 1.1 + _INCHES_PER_CELL * len(rows)
    width = min(_PANEL * len(columns), _WIDEST)
    figure = canvas.new_figure(2.4 + width, height, path)
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    places = np.arange(len(rows))[::-1]
    for axes, column in zip(panels, columns, strict=True):
        canvas.plain(axes)
        for place, row in zip(places, rows, strict=True):
            found = row.values[column.value]
            axes.plot(found, [place] * len(found), "o", color=canvas.SKY, markersize=4)
            if found:
                axes.plot([np.mean(found)], [place], "|", color=canvas.RED, markersize=11, mew=2)
            if row.failed:
                right = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
                text = f"{row.failed} failed"
                axes.text(1.0, place, text, fontsize="x-small", color=canvas.RED, **right)
        axes.set_xlabel(f"{column.title}\n({column.better} is better)")
    _share_scales(panels, columns)
    panels[0].set_yticks(places, [" · ".join(row.cell.labels.values()) for row in rows])
    panels[0].set_ylim(-0.7, len(rows) - 0.3)
    return canvas.finish(figure, path)


def _share_scales(panels, columns):
    for axes, column in zip(panels, columns, strict=True):
        first = next(
            one for one, other in zip(panels, columns, strict=True) if _same(column, other)
        )
        if axes is not first:
            first.sharex(axes)


def _same(column, other):
    return column is other or (column.scale is not None and column.scale == other.scale)


def samples(
    study: Study,
    rows: Sequence[Row],
    folder: str | Path,
    path: str | os.PathLike | None = None,
) -> "Figure | None":
    """Draws the samples of the first seed of each cell: points in the plane, or images.

    Images are uint8, of 1, 3 or 4 channels. Other samples are left out.

    Args:
        study: The study.
        rows: What `ganzoo.studies.summarize` returned.
        folder: Folder of the records.
        path: File to write the figure to, if any.

    Returns:
        The `matplotlib.figure.Figure`, or `None` if no samples were kept.
    """
    records, kept = Records(folder), []
    for row in rows:
        found = records.samples(row.cell, study.seeds[0])
        if found is not None and _can_be_drawn(found):
            kept.append((row.cell, found))
    if not kept:
        return None
    groups = _groups(kept)
    columns = max(math.ceil(len(group) / _lines(group)) for group in groups)
    lines = [
        group[start : start + columns]
        for group in groups
        for start in range(0, len(group), columns)
    ]
    figure = canvas.new_figure(_SAMPLES * columns, (_SAMPLES + 0.3) * len(lines), path)
    panels = figure.subplots(len(lines), columns, squeeze=False)
    for line, row in zip(lines, panels, strict=True):
        for axes, (cell, found) in zip(row, line, strict=False):
            _draw_samples(axes, cell, found)
        for axes in row[len(line) :]:
            axes.remove()
    return canvas.finish(figure, path)


def spectra(rows: Sequence[Row], path: str | os.PathLike | None = None) -> "Figure | None":
    """Draws the errors of sigma and the condition numbers over the steps, a line for each cell.

    They are the largest ones of all layers, of the first record of a cell with a `SpectralMonitor`.

    Args:
        rows: What `ganzoo.studies.summarize` returned.
        path: File to write the figure to, if any.

    Returns:
        The `matplotlib.figure.Figure`, or `None` if no cell was monitored.
    """
    watched = [(row.cell, row.records[0].get("spectral")) for row in rows]
    watched = [(cell, records) for cell, records in watched if records]
    series = {
        "Largest error of a spectral norm": sigma_errors,
        "Largest condition number of a kernel": conditions,
    }
    lines = {
        title: [(cell, function(cell, records)) for cell, records in watched]
        for title, function in series.items()
    }
    lines = {title: drawn for title, drawn in lines.items() if any(ys for _, (_, ys) in drawn)}
    if not lines:
        return None
    figure = canvas.new_figure(9, 0.5 + 2.6 * len(lines), path)
    panels = figure.subplots(len(lines), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, drawn) in zip(panels, lines.items(), strict=True):
        canvas.plain(axes)
        axes.set_yscale("log")
        axes.set_title(title, fontsize="medium", loc="left")
        for index, (cell, (steps, ys)) in enumerate(drawn):
            label = " · ".join(cell.labels.values())
            axes.plot(steps, ys, label=label, linewidth=1.5, **canvas.style_of(index))
    panels[-1].set_xlabel("Training step")
    legend = {"loc": "outside right upper", "frameon": False, "fontsize": "small"}
    legend["title"] = " · ".join(watched[0][0].labels)
    figure.legend(*panels[0].get_legend_handles_labels(), **legend)
    return canvas.finish(figure, path)


def _can_be_drawn(found):
    """Whether samples are points in the plane, or images that a picture can show."""
    is_image = found.ndim == 4 and found.dtype == np.uint8
    return found.shape[1:] == (2,) or (is_image and found.shape[-1] in drawing.CHANNELS)


def _groups(kept):
    """Returns lists of the cells that differ in the last axis alone."""
    groups = {}
    for cell, found in kept:
        *outer, _ = cell.labels.values()
        groups.setdefault(tuple(outer), []).append((cell, found))
    return list(groups.values())


def _lines(group):
    return math.ceil(len(group) / _COLUMNS)


def _draw_samples(axes, cell, found):
    axes.set_xticks([])
    axes.set_yticks([])
    lines = [line for label in cell.labels.values() for line in textwrap.wrap(label, _CHARACTERS)]
    axes.set_title("\n".join(lines), fontsize="xx-small")
    if found.ndim == 4:
        grid = drawing.image_grid(found[:_IMAGES], math.isqrt(_IMAGES), padding=1, scale=1)
        grid = grid[..., 0] if grid.shape[-1] == 1 else grid
        axes.imshow(grid, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    else:
        _draw_points(axes, cell, found)


def _draw_points(axes, cell, points):
    """Draws points, and the centers of a mixture: red if they have no good sample."""
    data = sources.load(cell.recipe.data, **cell.data_options)
    axes.plot(*points.T, ".", color=canvas.BLUE, markersize=1.5, alpha=0.4)
    axes.set_aspect("equal")
    if not hasattr(data, "centers"):
        return
    distances = np.linalg.norm(points[:, None] - data.centers, axis=2)
    good = distances.min(axis=1) <= 3 * data.deviation
    found = np.isin(np.arange(len(data.centers)), distances.argmin(axis=1)[good])
    for chosen, color in ((found, canvas.GRAY), (~found, canvas.RED)):
        settings = {"s": 45, "facecolors": "none", "linewidths": 1.0}
        axes.scatter(*data.centers[chosen].T, edgecolors=color, **settings)
    reach = 1.35 * np.abs(data.centers).max()
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
