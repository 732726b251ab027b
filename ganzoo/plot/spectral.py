"""Plots of what `ganzoo.callbacks.SpectralMonitor` measures."""

import math
import os
from typing import TYPE_CHECKING

from ganzoo import json_lines
from ganzoo.plot import canvas
from ganzoo.validation import check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_QUANTITIES = {
    "norm": "Spectral norm of the kernel in use (circles: exact)",
    "kernel_norm": "Spectral norm of the stored kernel",
    "condition": "Condition number of the kernel",
}


def spectral_norms(
    monitor,
    quantity: str | None = None,
    ax: "Axes | None" = None,
    path: str | os.PathLike | None = None,
) -> "Figure":
    """Draws the spectral norms of each layer over a training run.

    Args:
        monitor: A `ganzoo.callbacks.SpectralMonitor`, its `records`, or the path of
            a `spectral.jsonl` that it wrote.
        quantity: `"norm"` (of the kernel in use; exact values are circles), `"kernel_norm"` (of the
            stored kernel) or `"condition"` (the ratio of the largest to the smallest singular
            value); by default all that were measured, in panels below each other.
        ax: Axes to draw one quantity into, by default the norm; without `ax`, a new figure is made.
        path: File to write the figure to, if any; its extension sets the format.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there are no records, or the file is another one.
        FileNotFoundError: If there is no such file.
        ImportError: If matplotlib is not installed.

    Example:

    >>> monitor = ganzoo.callbacks.SpectralMonitor()
    >>> history = gan.fit(dataset, epochs=20, callbacks=[monitor])
    >>> figure = ganzoo.plot.spectral_norms(monitor)
    """
    records = _records_of(monitor)
    if not records:
        raise ValueError(
            "There is nothing to draw before the first check: train with the callback first. "
            "Received: no records"
        )
    names = list(records[-1]["layers"])
    if quantity is not None:
        check_choice("quantity", quantity, tuple(_QUANTITIES))
    elif ax is not None:
        quantity = "norm"
    quantities = [quantity] if quantity is not None else list(_QUANTITIES)
    if quantity is None and not any(_series(records, name, "condition")[0] for name in names):
        quantities.remove("condition")
    if ax is None:
        figure = canvas.new_figure(8, 0.5 + 2.6 * len(quantities), path)
        all_axes = figure.subplots(len(quantities), 1, sharex=True, squeeze=False)[:, 0]
    else:
        figure, all_axes = ax.figure, [ax]
    for axes, drawn in zip(all_axes, quantities, strict=True):
        _draw(axes, records, names, drawn)
    all_axes[-1].set_xlabel("Training step")
    handles, labels = all_axes[0].get_legend_handles_labels()
    if ax is not None:
        ax.legend(handles, labels, frameon=False, fontsize="small")
    else:
        figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize="small")
    return canvas.finish(figure, path)


def _draw(axes, records, names, quantity):
    canvas.plain(axes)
    for index, name in enumerate(names):
        style = canvas.style_of(index)
        axes.plot(*_series(records, name, quantity), label=name, linewidth=1.5, **style)
        if quantity == "norm":
            exact = _series(records, name, "exact_norm")
            axes.plot(*exact, "o", color=style["color"], markersize=4)
    if quantity == "condition":
        axes.set_yscale("log")
    axes.set_title(_QUANTITIES[quantity], fontsize="medium", loc="left")


def _records_of(monitor):
    if hasattr(monitor, "records"):
        return monitor.records
    if isinstance(monitor, list):
        return monitor
    records = []
    for record in json_lines.read(monitor):
        if not {"step", "layers"} <= set(record):
            raise ValueError(
                "Expected the file spectral.jsonl of a `ganzoo.callbacks.SpectralMonitor`. "
                f"Received: {monitor}, with a line that has {', '.join(record) or 'nothing'}"
            )
        # A run that was resumed or rolled back trains later steps again.
        while records and records[-1]["step"] >= record["step"]:
            records.pop()
        records.append(record)
    return records


def _series(records, name, quantity):
    """Returns the steps where a quantity was measured, and its values."""
    points = [
        (record["step"], record["layers"][name][quantity])
        for record in records
        if quantity in record["layers"].get(name, {})
    ]
    # A file has null for NaN.
    values = [math.nan if value is None else value for _, value in points]
    return [step for step, _ in points], values
