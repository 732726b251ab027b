"""Writes the picture and the tables of the published models: `python docs/figures/zoo.py`."""

import re

import style
from matplotlib.figure import Figure

import ganzoo
from ganzoo import drawing, zoo

ROOT = style.IMAGES.parents[1]
COLUMNS, ROWS = 10, 4
MOST_ACROSS = 3
_TABLE = re.compile(r"(<!-- The table: .* -->\n).*(<!-- /The table -->)", re.DOTALL)


PAGES = {ROOT / "README.md": "models/", ROOT / "docs/zoo.md": "../models/"}


def text_of(page):
    """Returns the text of a page with current tables of all models."""
    text = page.read_text()
    tables = zoo.tables(ROOT / "models", pictures=False)
    tables = re.sub(r"\]\(([\w.-]+)\)", rf"]({PAGES[page]}\1)", tables)
    return _TABLE.sub(lambda match: "\n".join([match[1], tables, "", match[2]]), text)


def draw():
    names = ganzoo.list_models()
    down = -(-len(names) // MOST_ACROSS)
    across = -(-len(names) // down)
    figure = Figure(figsize=(3.4 * across, 1.62 * down))
    axes = figure.subplots(down, across, squeeze=False).flatten()
    for ax in axes:
        ax.axis("off")
    for name, ax in zip(names, axes, strict=False):
        gan = ganzoo.GAN.from_preset(name)
        grid = drawing.image_grid(gan.sample(COLUMNS * ROWS, seed=0), COLUMNS)
        ax.imshow(grid.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_title(name, family="monospace")
    style.save(figure, "zoo")


if __name__ == "__main__":
    draw()
    for page in PAGES:
        page.write_text(text_of(page))
