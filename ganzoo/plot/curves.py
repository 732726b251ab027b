"""Losses and metrics over a training run."""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo.plot import canvas, training_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = {"d_loss": "discriminator", "g_loss": "generator", "d_real": "real", "d_fake": "fake"}
_COLORS = {"d_loss": canvas.BLUE, "g_loss": canvas.RED, "d_real": canvas.GREEN}
_COLORS |= {"d_fake": canvas.ORANGE, "d_class_loss": canvas.BLUE, "g_class_loss": canvas.RED}


def curves(
    log,
    terms: Sequence[str] | None = None,
    ax: "Axes | None" = None,
    path: str | os.PathLike | None = None,
) -> "Figure":
    """Draws the terms of a training run's log over its epochs.

    Args:
        log: The `History` that `fit` returns, a dictionary from terms to their values of each
            epoch, or the path of a CSV file of `ganzoo.callbacks.EpochLog` or
            `keras.callbacks.CSVLogger`, or of the run's folder that holds a `log.csv`. A log with
            steps shows when the last epoch is a short one: its means over few steps are not drawn.
        terms: Names of the terms to draw; by default all that have values, except the terms of
            single layers, whose names have a slash. The losses share a panel, and so do the mean
            logits; every other term has a panel of its own.
        ax: Axes to draw all terms into; by default the axes of a new figure.
        path: File to write the figure to, if any; its extension sets the format.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If the log does not have these terms, or is not a log.
        FileNotFoundError: If there is no such file.
        ImportError: If matplotlib is not installed.

    Example:

    >>> history = gan.fit(dataset, epochs=20)
    >>> figure = ganzoo.plot.curves(history, terms=["d_loss", "g_loss"])
    """
    log = training_log.read(log)
    known = training_log.terms(log)
    if terms is None:
        terms = [name for name in known if not training_log.is_of_a_layer(name)]
        # `CSVLogger` has columns of validation data for each run.
        terms = [name for name in terms if any(map(math.isfinite, log[name]))] or terms
    terms = list(terms)
    if not terms or not set(terms) <= set(known):
        raise ValueError(
            f"`terms` must be terms of the log: {', '.join(known) or 'none'}. "
            f"Received: terms={terms!r}"
        )
    if ax is not None:
        _draw(ax, log, terms, "Value" if len(terms) > 1 else terms[0])
        ax.set_xlabel("Epoch")
        return canvas.finish(ax.figure, path)
    panels = training_log.panels(terms)
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = canvas.new_figure(max(5.0, 3.6 * columns), 2.8 * rows, path)
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (quantity, names) in zip(all_axes, panels.items(), strict=False):
        _draw(axes, log, names, quantity)
        axes.set_xlabel("Epoch")
    for axes in all_axes[len(panels) :]:
        axes.remove()
    return canvas.finish(figure, path)


def _draw(axes, log, names, quantity):
    """Draws terms into axes, with a legend where there are several."""
    canvas.plain(axes)
    for index, name in enumerate(names):
        style = canvas.style_of(index)
        if name in _COLORS and len(names) <= 2:
            style["color"] = _COLORS[name]
        points = [
            (epoch, value)
            for epoch, value in zip(log["epoch"], log[name], strict=True)
            if math.isfinite(value)
        ]
        # A line through one point would be invisible.
        marker = "o" if len(points) == 1 else None
        label = _NAMES.get(name, name)
        axes.plot(*zip(*points, strict=True), label=label, marker=marker, linewidth=1.5, **style)
    axes.set_ylabel(quantity)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(names) > 1 or quantity in training_log.GROUPS:
        axes.legend(frameon=False, fontsize="small")
