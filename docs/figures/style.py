"""The style of the documentation's pictures, and the folder where they are saved."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib

matplotlib.use("Agg")

# The palette of Okabe and Ito, which is suitable for color blindness of any kind.
BLUE, ORANGE, GREEN, RED, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
SKY, GRAY, BLACK = "#56B4E9", "#999999", "#222222"
CYCLE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK)
IMAGES = Path(__file__).resolve().parent.parent / "images"

matplotlib.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GRAY,
        "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
        "axes.grid": True,
        "grid.color": "#e8e8e8",
        "axes.axisbelow": True,
        "xtick.color": "#555555",
        "ytick.color": "#555555",
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "figure.dpi": 110,
        "savefig.facecolor": "white",
        "savefig.bbox": "tight",
    }
)


def save(figure, name):
    """Writes a figure to docs/images."""
    figure.tight_layout()
    figure.savefig(IMAGES / name)
    print(f"docs/images/{name}")
