"""Curves that are drawn without matplotlib."""

import numpy as np
import pytest

from ganzoo.plot.line_picture import line_picture

BLUE, RED = (0, 114, 178), (213, 94, 0)


def rows_of(picture, color, column):
    """Returns the rows where a column of a picture has a color, below the names of the curves."""
    near = (np.abs(picture[:, column].astype(int) - color) < 40).all(axis=1)
    return [row for row in np.flatnonzero(near) if row > 26]


def test_curves_lie_where_their_values_are():
    picture = line_picture([50, 100], [{"rising": [0.0, 10.0], "falling": [10.0, 0.0]}])
    middle = 56 + round(0.75 * (640 - 24 - 56))
    left, right = 56 + round(0.52 * 560), 56 + round(0.98 * 560)
    assert np.mean(rows_of(picture, BLUE, left)) > np.mean(rows_of(picture, RED, left)) + 100
    assert np.mean(rows_of(picture, BLUE, right)) < np.mean(rows_of(picture, RED, right)) - 100
    crossing = np.mean(rows_of(picture, RED, middle))
    assert abs(crossing - (26 + 190) / 2) < 3


def test_values_that_are_not_finite_leave_a_gap():
    values = [1.0, 2.0, np.nan, 2.0, 1.0]
    picture = line_picture([0, 1, 2, 3, 4], [{"loss": values}])
    assert rows_of(picture, BLUE, 56 + round(560 * 0.1))
    assert not rows_of(picture, BLUE, 56 + round(560 * 0.5))


def test_each_group_has_a_panel_and_constant_curves_are_drawn():
    picture = line_picture([1], [{"a": [3.0]}, {"b": [0.0]}, {"c": [np.nan]}])
    assert picture.shape == (3 * 220, 640, 3) and picture.dtype == np.uint8


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match=r"There must be steps and curves. Received: 0 steps"):
        line_picture([], [{"loss": []}])
