"""The samples of a GAN at several truncations, and metrics of them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.plot import canvas
from ganzoo.plot.pictures import images

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIDE = 0.7  # Of an image, in inches.
_PANEL = 2.6  # Of a curve, in inches.


def truncation(
    gan,
    truncations: Sequence[float | None],
    results: dict | None = None,
    seeds: Sequence[int] = range(8),
    labels: int | Sequence[int] | None = None,
    path: str | os.PathLike | None = None,
    conditions: Sequence[float] | np.ndarray | None = None,
) -> "Figure":
    """Draws the same samples at several truncations, a row for each, and curves of metrics.

    Args:
        gan: A `ganzoo.GAN` of images.
        truncations: The truncations, as for `GAN.sample`; `None` is none.
        results: What `ganzoo.metrics.truncation_curve` returned for them, for a curve of each
            metric below the samples.
        seeds: Seeds of the samples.
        labels: For a conditional GAN, one class or the class of each seed.
        path: File to write the figure to, if any; its extension sets the format.
        conditions: For a GAN with `condition_dim`, one vector of conditions or the one of each
            seed.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If an argument is out of range, or the results are of other truncations.
        ImportError: If matplotlib is not installed.

    Example:

    >>> truncations = [0.5, 1.0, None]
    >>> curve = ganzoo.metrics.truncation_curve(gan, truncations, test)
    >>> figure = ganzoo.plot.truncation(gan, truncations, curve)
    """
    truncations, seeds = list(truncations), list(seeds)
    results = results or {}
    for name, values in results.items():
        if len(values) != len(truncations):
            raise ValueError(
                f"`results` must have {len(truncations)} values, one for each truncation. "
                f"Received: {len(values)} values of {name!r}"
            )
    names = ["none" if value is None else f"{value:g}" for value in truncations]
    rows = [
        gan.pixels.in_eight_bits(
            gan.sample(len(seeds), seeds, labels, value, conditions=conditions)
        )
        for value in truncations
    ]
    width = max(_SIDE * (len(seeds) + 1.2), _PANEL * len(results))
    height = _SIDE * len(truncations) + 0.4
    figure = canvas.new_figure(width, height + _PANEL * bool(results), path)
    if not results:
        images(np.concatenate(rows), len(seeds), row_names=names, ax=figure.subplots())
        return canvas.finish(figure, path)
    top, bottom = figure.subfigures(2, 1, height_ratios=[height, _PANEL])
    images(np.concatenate(rows), len(seeds), row_names=names, ax=top.subplots())
    panels = np.atleast_1d(bottom.subplots(1, len(results)))
    for axes, (name, values) in zip(panels, results.items(), strict=True):
        canvas.plain(axes).plot([value.value for value in values], marker="o", color=canvas.BLUE)
        axes.set_xticks(range(len(names)), names)
        axes.set_xlabel("truncation")
        axes.set_title(name, fontsize="medium")
    return canvas.finish(figure, path)
