"""The pictures of a study's samples."""

import numpy as np

from ganzoo import studies
from ganzoo.studies import Study, figures


def test_images_that_no_picture_shows_are_left_out():
    for shape, dtype, expected in (
        ((4, 2), "float32", True),
        ((4, 8, 8, 3), "uint8", True),
        ((4, 8, 8, 2), "uint8", False),
        ((4, 8, 8, 1), "uint16", False),
        ((4, 8, 8, 1), "float32", False),
        ((4, 9), "float32", False),
    ):
        assert figures._can_be_drawn(np.zeros(shape, dtype)) is expected


def test_long_titles_of_cells_are_wrapped(tmp_path):
    title = "minibatch discrimination with weight normalization and without its own distances"
    study = Study.from_dict(
        "tiny",
        {
            "title": "Tiny",
            "recipe": "mlp",
            "seeds": 1,
            "settings": {"data": "toy:ring"},
            "axes": {"technique": {"none": {}, "long": {"title": title}}},
            "columns": {"modes": {"better": "higher"}},
        },
    )
    results = {"failed": None, "values": {"modes": 1.0}, "seconds": 1.0}
    studies.run(study, tmp_path, work=lambda *_: (results, np.zeros((16, 8, 8, 1), "uint8")))
    figure = figures.samples(study, studies.summarize(study, tmp_path), tmp_path)
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert axes.title.get_window_extent().width <= 1.2 * axes.bbox.width
    assert figure.axes[-1].get_title().replace("\n", " ") == title
