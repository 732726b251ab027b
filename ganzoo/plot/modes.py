"""Samples of toy data over the modes of the data."""

import os
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.metrics import mixture_coverage
from ganzoo.metrics.features import check_features
from ganzoo.plot import canvas
from ganzoo.validation import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 0.2  # Share of the modes' extent on each side.


def modes(
    points,
    data,
    threshold: float = 3.0,
    title: str | None = None,
    ax: "Axes | None" = None,
    path: str | os.PathLike | None = None,
) -> "Figure":
    """Draws points over the modes of a mixture of Gaussians in the plane.

    Good points, which lie within `threshold` standard deviations of a mode, are blue; all others
    are orange. A ring is drawn around each mode: gray if the mode has a good point, thick and red
    if it is missed. The title gives the values of `ganzoo.metrics.mixture_coverage`. Points far
    from the modes are outside of the plot.

    Args:
        points: Floating array of shape `(points, 2)`, such as `gan.sample(2000)`.
        data: A `ganzoo.data.Mixture`, such as `ganzoo.data.load("toy:ring")`.
        threshold: Number of standard deviations within which a point is good.
        title: Text above the values.
        ax: Axes to draw into; by default the axes of a new figure.
        path: File to write the figure to, if any; its extension sets the format.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: If points are not finite points of the plane, or the data are not a mixture.
        ImportError: If matplotlib is not installed.

    Example:

    >>> ring = ganzoo.data.load("toy:ring")
    >>> figure = ganzoo.plot.modes(ring.examples[:1000], ring)
    """
    if not hasattr(data, "centers"):
        raise ValueError(f"`data` must be a `ganzoo.data.Mixture`. Received: data={describe(data)}")
    points, centers = check_features("points", points), np.asarray(data.centers)
    if points.shape[1] != 2 or centers.shape[1] != 2:
        raise ValueError(
            "Points and modes must lie in the plane, with 2 coordinates. "
            f"Received: points of shape {points.shape} and centers of shape {centers.shape}"
        )
    distances = np.linalg.norm(points[:, None] - centers, axis=2)
    is_good = distances.min(axis=1) <= threshold * data.deviation
    is_found = np.isin(np.arange(len(centers)), distances.argmin(axis=1)[is_good])
    coverage = mixture_coverage(points, centers, data.deviation, threshold)

    axes = canvas.axes_of(ax, 5, 5.4, path)
    for chosen, color, label in (
        (~is_good, canvas.ORANGE, "off the modes"),
        (is_good, canvas.BLUE, "good"),
    ):
        if chosen.any():
            settings = {"s": 6, "alpha": 0.6, "linewidths": 0, "label": label}
            axes.scatter(*points[chosen].T, color=color, **settings)
    for chosen, color, width, label in (
        (is_found, canvas.GRAY, 1.0, "mode"),
        (~is_found, canvas.RED, 2.5, "missed mode"),
    ):
        if chosen.any():
            settings = {"s": 250, "facecolors": "none", "linewidths": width, "label": label}
            axes.scatter(*centers[chosen].T, edgecolors=color, **settings)
    lowest, highest = centers.min(axis=0), centers.max(axis=0)
    margin = _MARGIN * (highest - lowest).max() + threshold * data.deviation
    axes.set_xlim(lowest[0] - margin, highest[0] + margin)
    axes.set_ylim(lowest[1] - margin, highest[1] + margin)
    axes.set_aspect("equal")
    canvas.plain(axes)
    axes.set(xlabel="First coordinate", ylabel="Second coordinate")
    found = (
        f"{coverage['modes']:.0f} of {len(centers)} modes, {coverage['good']:.1%} good, "
        f"KL {coverage['mode KL']:.3f} nats"
    )
    axes.set_title(found if title is None else f"{title}\n{found}", fontsize="medium")
    columns = int(is_good.any()) + int((~is_good).any()) + int(is_found.any())
    columns += int((~is_found).any())
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=columns,
        frameon=False,
        fontsize="small",
        borderpad=1.0,
    )
    return canvas.finish(axes.figure, path)
