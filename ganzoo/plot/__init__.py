"""Figures of trainings and of trained GANs, for notebooks and papers; needs `ganzoo[plot]`.

Each function returns a `matplotlib.figure.Figure`, which a notebook shows and `path=` writes to
a file. `ax=` draws into the axes of a figure of yours. No global state of matplotlib is touched.
"""

from ganzoo.plot.curves import curves
from ganzoo.plot.modes import modes
from ganzoo.plot.pictures import images, way
from ganzoo.plot.spectral import spectral_norms

__all__ = ["curves", "images", "modes", "spectral_norms", "way"]
