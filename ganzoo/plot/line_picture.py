"""Line plots as arrays, drawn without matplotlib: for the cards of models."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganzoo.plot import training_log
from ganzoo.plot.canvas import COLORS

_GRAY, _LIGHT, _BLACK = (90,) * 3, (225,) * 3, (0,) * 3
_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 26, 30
_SCALE = 2  # The picture is drawn larger and reduced, which smooths the lines.
_TICKS = 5


def line_picture(
    steps: Sequence[float], panels: Sequence[dict[str, Sequence[float]]]
) -> np.ndarray:
    """Draws curves over training steps, in panels below each other.

    Args:
        steps: Increasing training steps, the positions on the horizontal axis.
        panels: List of dictionaries from the names of curves to their values, one for each step;
            a panel for each dictionary. Values that are not finite leave a gap.

    Returns:
        uint8 array of shape `(height, width, 3)`.

    Raises:
        ValueError: If there is nothing to draw.

    Example:

    >>> line_picture([1, 2, 3], [{"loss": [3.0, 2.0, 1.5]}, {"fid": [90.0, 40.0, 30.0]}]).shape
    (440, 640, 3)
    """
    if not len(steps) or not panels:
        raise ValueError(f"There must be steps and curves. Received: {len(steps)} steps, {panels}")
    canvas = Image.new("RGB", (_SCALE * _WIDTH, _SCALE * _HEIGHT * len(panels)), (255,) * 3)
    draw = ImageDraw.Draw(canvas)
    for index, curves in enumerate(panels):
        _panel(draw, _SCALE * _HEIGHT * index, np.asarray(steps, float), curves)
    return np.asarray(canvas.resize((_WIDTH, _HEIGHT * len(panels)), Image.Resampling.LANCZOS))


def curves_picture(log) -> np.ndarray:
    """Draws the terms of a training run's log over its steps, in the panels of `plot.curves`.

    Args:
        log: A log as for `ganzoo.plot.curves`, with steps.

    Returns:
        uint8 array of shape `(height, width, 3)`.
    """
    columns = training_log.read(log)
    names = [name for name in training_log.terms(columns) if not training_log.is_of_a_layer(name)]
    panels = training_log.panels(names).values()
    return line_picture(
        columns["step"], [{name: columns[name] for name in panel} for panel in panels]
    )


def _panel(draw, top, steps, curves):
    font = ImageFont.load_default(size=11 * _SCALE)
    left, right = _LEFT * _SCALE, (_WIDTH - _RIGHT) * _SCALE
    upper, lower = top + _TOP * _SCALE, top + (_HEIGHT - _BOTTOM) * _SCALE
    values = np.concatenate([np.asarray(curve, float) for curve in curves.values()])
    values = values[np.isfinite(values)]
    low, high = _limits(values.min(initial=math.inf), values.max(initial=-math.inf))
    first, last = 0.0, max(float(steps[-1]), 1.0)

    def x(step):
        return left + (step - first) / (last - first) * (right - left)

    def y(value):
        return lower - (value - low) / (high - low) * (lower - upper)

    for tick in _ticks(low, high):
        draw.line((left, y(tick), right, y(tick)), fill=_LIGHT, width=_SCALE)
        draw.text((left - 6 * _SCALE, y(tick)), f"{tick:g}", fill=_GRAY, font=font, anchor="rm")
    for tick in _ticks(first, last):
        draw.line((x(tick), lower, x(tick), lower + 4 * _SCALE), fill=_GRAY, width=_SCALE)
        draw.text((x(tick), lower + 6 * _SCALE), f"{tick:,.0f}", fill=_GRAY, font=font, anchor="ma")
    draw.line((left, lower, right, lower), fill=_GRAY, width=_SCALE)
    name_at = left
    for index, (name, curve) in enumerate(curves.items()):
        color = COLORS[index % len(COLORS)]
        for points in _pieces(steps, np.asarray(curve, float)):
            line = [(x(step), y(value)) for step, value in points]
            draw.line(line, fill=color, width=2 * _SCALE, joint="curve")
        draw.text((name_at, top + 8 * _SCALE), name, fill=color, font=font)
        name_at += draw.textlength(name, font=font) + 16 * _SCALE
    draw.text((right, top + 8 * _SCALE), "by step", fill=_BLACK, font=font, anchor="ra")


def _pieces(steps, curve):
    """Yields the parts of a curve between the values that are not finite."""
    finite = np.isfinite(curve)
    for piece in np.split(np.arange(len(curve)), np.flatnonzero(~finite)):
        piece = piece[finite[piece]]
        if len(piece):
            # A single point is drawn as a short line.
            yield [(steps[i], curve[i]) for i in (piece if len(piece) > 1 else [*piece, *piece])]


def _limits(low, high):
    """Returns the ends of an axis that holds the values, with a small margin."""
    if not math.isfinite(low):
        return 0.0, 1.0
    margin = 0.05 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin


def _ticks(low, high):
    """Returns about five round numbers between two."""
    step = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (factor * step) <= _TICKS)
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
