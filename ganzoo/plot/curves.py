"""Losses and metrics over a training."""

import csv
import math
from pathlib import Path

from ganzoo.plot import canvas

_NAMES = {"d_loss": "discriminator", "g_loss": "generator", "d_real": "real", "d_fake": "fake"}
# Terms that are drawn together, over one quantity.
_GROUPS = {
    "Loss": ("d_loss", "g_loss"),
    "Loss of the classifier": ("d_class_loss", "g_class_loss"),
    "Mean logit": ("d_real", "d_fake"),
}
_COLORS = {"d_loss": canvas.BLUE, "g_loss": canvas.RED, "d_real": canvas.GREEN}
_COLORS |= {"d_fake": canvas.ORANGE, "d_class_loss": canvas.BLUE, "g_class_loss": canvas.RED}
_POSITIONS = ("epoch", "step", "seconds")


def curves(log, terms=None, ax=None, path=None):
    """Draws the terms of a training's log over its epochs.

    Args:
        log: The `History` that `fit` returns, a dictionary from terms to their values of each
            epoch, or the path of a `log.csv` or of the run's folder that holds one.
        terms: Names of the terms to draw; by default all, but those of single layers, whose names
            have a slash. The losses share a panel, and so do the mean logits; every other term
            has one of its own.
        ax: Axes to draw all terms into; by default those of a new figure.
        path: File to write the figure to, if any; its ending chooses the kind.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If the log has no such terms, or is none.
        FileNotFoundError: If there is no such file.
        ImportError: If matplotlib is not installed.

    Example:

    >>> history = gan.fit(dataset, epochs=20)
    >>> figure = ganzoo.plot.curves(history, terms=["d_loss", "g_loss"])
    """
    log = _read(log)
    known = [name for name in log if name not in _POSITIONS]
    terms = [name for name in known if "/" not in name] if terms is None else list(terms)
    if not terms or not set(terms) <= set(known):
        raise ValueError(
            f"`terms` must be of the log's, which are: {', '.join(known) or 'none'}. "
            f"Received: terms={terms!r}"
        )
    if ax is not None:
        _draw(ax, log, terms, "Value" if len(terms) > 1 else terms[0])
        ax.set_xlabel("Epoch")
        return canvas.finish(ax.figure, path)
    grouped = {name for names in _GROUPS.values() for name in names}
    panels = {group: [name for name in names if name in terms] for group, names in _GROUPS.items()}
    panels |= {name: [name] for name in terms if name not in grouped}
    panels = {quantity: names for quantity, names in panels.items() if names}
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
    """Draws terms into axes, each with its name where there are several."""
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
        # A single epoch would be an invisible line.
        marker = "o" if len(points) == 1 else None
        label = _NAMES.get(name, name)
        axes.plot(*zip(*points, strict=True), label=label, marker=marker, linewidth=1.5, **style)
    axes.set_ylabel(quantity)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(names) > 1 or quantity in _GROUPS:
        axes.legend(frameon=False, fontsize="small")


def _read(log):
    """Returns a log as a dictionary of lists, `epoch` among them, counted from 1."""
    if hasattr(log, "history"):
        epochs = [epoch + 1 for epoch in log.epoch]
        log = {"epoch": epochs, **log.history}
    elif isinstance(log, dict):
        log = {"epoch": range(1, 1 + max(map(len, log.values()), default=0)), **log}
    else:
        log = _read_csv(Path(log))
    # A term that began later has fewer values, the last of which are the last epochs'.
    count = len(log["epoch"])
    return {
        name: [math.nan] * (count - len(values)) + [float(value) for value in values]
        for name, values in log.items()
    }


def _read_csv(path):
    if path.is_dir():
        path = path / "log.csv"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or "epoch" not in rows[0]:
        raise ValueError(
            f"The log of a training has a column `epoch`, and a row for each. Received: {path}"
        )
    return {name: [float(row[name] or "nan") for row in rows] for name in rows[0]}
