"""Plots of training runs and of trained GANs, for notebooks and papers; needs `ganzoo[plot]`.

Each function returns a `matplotlib.figure.Figure`. A notebook shows it, and `path=` writes it to a
file. With `ax=`, the plot is drawn into axes of your own. No global state of matplotlib changes.
"""

from ganzoo.plot.curves import curves
from ganzoo.plot.modes import modes
from ganzoo.plot.pictures import images, interpolation, style_mixing
from ganzoo.plot.spectral import spectral_norms
from ganzoo.plot.truncated_samples import truncation

__all__ = [
    "curves",
    "images",
    "interpolation",
    "modes",
    "spectral_norms",
    "style_mixing",
    "truncation",
]
