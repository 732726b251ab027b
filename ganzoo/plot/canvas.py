"""What all plots share: the figure, the colors and the files."""

import functools
import io

from ganzoo.file_names import check_file_name
from ganzoo.files import new_file

# The palette of Okabe and Ito, which is suitable for color blindness of any kind.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK, GRAY = "#CC79A7", "#56B4E9", "#000000", "#8C8C8C"
COLORS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK)
LINES = ("-", "--", ":", "-.")
_DPI = 150
_MARGIN = 0.08  # Inches.


def new_figure(width: float, height: float, path=None):
    """Returns an empty figure.

    Args:
        width, height: In inches.
        path: File that it will be written to, for the error message.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "The plot needs matplotlib: `pip install 'ganzoo[plot]'`. "
            f"Received: path={None if path is None else str(path)!r}"
        ) from error
    figure = _shown_in_notebooks(Figure)(
        figsize=(width, height), layout="constrained", facecolor="white"
    )
    figure.get_layout_engine().set(w_pad=_MARGIN, h_pad=_MARGIN)
    return figure


def axes_of(ax, width: float, height: float, path=None):
    """Returns `ax`; if it is `None`, the only axes of a new figure."""
    return new_figure(width, height, path).subplots() if ax is None else ax


def plain(axes):
    """Removes decoration that does not help to read the axes, and returns them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def style_of(index: int) -> dict[str, str]:
    """Returns the color and the line style of curve number `index`."""
    color = COLORS[index % len(COLORS)]
    return {"color": color, "linestyle": LINES[index // len(COLORS) % len(LINES)]}


def finish(figure, path):
    """Writes a figure to a file unless `path` is `None`, and returns it.

    Raises:
        ValueError: If matplotlib writes no format of the file's suffix.
    """
    if path is not None:
        formats = figure.canvas.get_supported_filetypes()
        suffix = check_file_name("path", path, ["." + name for name in ("png", *formats)])
        with new_file(path, replace=True) as partial:
            figure.savefig(partial, format=suffix[1:], dpi=_DPI)
    return figure


@functools.cache
def _shown_in_notebooks(base):
    """Returns a figure class that a notebook shows without pyplot, the global registry."""

    class NotebookFigure(base):
        def _repr_png_(self):
            file = io.BytesIO()
            self.savefig(file, format="png", dpi=_DPI)
            return file.getvalue()

    return NotebookFigure
