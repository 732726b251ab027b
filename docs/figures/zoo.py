"""Writes the pictures and the tables of the published models: `python docs/figures/zoo.py`."""

import os
import re
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ganzoo
from ganzoo import drawing, zoo

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/images/zoo.png"
COLUMNS, ROWS = 10, 4
ACROSS, GAP = 2, 16
_BELOW = ((0, GAP), (0, 0), (0, 0))
# Its data are blobs of 8 x 8 pixels, enlarged: a picture of them says little about the model.
NOT_DRAWN = {"dcgan_digits"}
_TABLE = re.compile(r"(<!-- The table: .* -->\n).*(<!-- /The table -->)", re.DOTALL)


PAGES = {ROOT / "docs/zoo.md": "../models/"}


def text_of(page):
    """Returns the text of a page with current tables of all models."""
    text = page.read_text()
    tables = zoo.tables(ROOT / "models", pictures=False)
    tables = re.sub(r"\]\(([\w.-]+)\)", rf"]({PAGES[page]}\1)", tables)
    return _TABLE.sub(lambda match: "\n".join([match[1], tables, "", match[2]]), text)


def draw():
    pictures = {
        name: drawing.image_grid(
            ganzoo.GAN.from_preset(name).sample(COLUMNS * ROWS, seed=0), COLUMNS
        )
        for name in _drawn_models()
    }
    width = max(picture.shape[1] for picture in pictures.values())
    names = list(pictures)
    rows = [
        drawing.side_by_side(
            {name: _centered(pictures[name], width) for name in names[start : start + ACROSS]}, GAP
        )
        for start in range(0, len(names), ACROSS)
    ]
    rows = [np.pad(_centered(row, rows[0].shape[1]), _BELOW, constant_values=255) for row in rows]
    drawing.save_picture(PICTURE, np.concatenate(rows)[:-GAP])


def _centered(picture, width):
    """Returns a picture in the middle of a white one of a given width."""
    left = (width - picture.shape[1]) // 2
    right = width - picture.shape[1] - left
    return np.pad(picture, ((0, 0), (left, right), (0, 0)), constant_values=255)


def _drawn_models():
    """Returns the names of the generators, data set by data set."""
    models = zoo.read_all(ROOT / "models").items()
    return [
        name
        for _, name in sorted(
            (facts["data"]["source"], path.name)
            for path, facts in models
            if path.name not in NOT_DRAWN and not zoo.is_classifier(facts)
        )
    ]


if __name__ == "__main__":
    draw()
    for page in PAGES:
        page.write_text(text_of(page))
