"""Metrics and pictures of samples against the truncation."""

import numpy as np
import pytest

from ganzoo import data, metrics, plot
from support.gans import linear, tiny


def test_each_point_is_the_metric_of_the_truncated_samples():
    gan = linear.gan()
    real = data.Dataset(gan.sample(64, seed=1000))
    curve = metrics.truncation_curve(
        gan, [0.2, None], real, ["precision_recall"], extractor=identity(), n=64, cache=False
    )
    assert set(curve) == {"precision", "recall", "density", "coverage"}
    for point, truncation in enumerate([0.2, None]):
        expected = metrics.precision_recall(
            np.asarray(real.examples, "float64"),
            np.asarray(gan.sample(64, truncation=truncation), "float64"),
        )
        assert curve["recall"][point].value == pytest.approx(expected["recall"])
    assert curve["recall"][0].value < curve["recall"][1].value
    with pytest.raises(ValueError, match="`truncations` must hold at least one"):
        metrics.truncation_curve(gan, [], real)
    with pytest.raises(ValueError, match=r"takes no vectors of conditions.*Received"):
        metrics.truncation_curve(gan, [None], real, conditions=[1.0])


def test_the_picture_has_a_row_for_each_truncation_and_a_panel_for_each_metric():
    pytest.importorskip("matplotlib")
    gan = tiny.gan()
    figure = plot.truncation(gan, [0.5, None], {"recall": [Value(0.1), Value(0.4)]}, range(3))
    grid, panel = figure.subfigs[0].axes[0], figure.subfigs[1].axes[0]
    assert [tick.get_text() for tick in grid.get_yticklabels()] == ["0.5", "none"]
    assert grid.images[0].get_array().shape[0] == 2 * 18 + 2
    assert panel.lines[0].get_ydata().tolist() == [0.1, 0.4]
    with pytest.raises(ValueError, match="must have 2 values, one for each truncation"):
        plot.truncation(gan, [0.5, None], {"recall": [Value(0.1)]})


class Value:
    def __init__(self, value):
        self.value = value


def identity():
    """Returns an extractor of vectors that changes nothing."""

    def extract(vectors):
        return np.asarray(vectors, "float64")

    extract.name, extract.sha256 = "identity", "0"
    return extract
