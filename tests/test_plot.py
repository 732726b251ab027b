"""Plots: what they show, where they are written, and which input they refuse."""

import builtins
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo import plot

pytest.importorskip("matplotlib")

LOG = {
    "g_loss": [3.0, 1.0, 2.0],
    "d_loss": [1.0, 2.0, 1.5],
    "d_real": [0.0, 1.0, 2.0],
    "fid": [9.0, 4.0],
    "spectral/conv": [1.0, 1.0, 1.0],
}


def images(count, height=4, width=3, channels=1):
    values = np.arange(count, dtype="uint8").reshape(-1, 1, 1, 1)
    return np.tile(10 * values, (1, height, width, channels))


def new_axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def lines(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}


def test_a_grid_shows_each_image_in_its_place_with_its_names(tmp_path):
    figure = plot.images(
        images(6), 3, "Samples", ["a", "b"], ["x", "y", "z"], path=tmp_path / "grid.png"
    )
    (axes,) = figure.axes
    shown = axes.get_images()[0].get_array()
    for row, y in enumerate(axes.get_yticks()):
        for column, x in enumerate(axes.get_xticks()):
            assert shown[round(y), round(x)] == 10 * (3 * row + column)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["x", "y", "z"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    assert axes.get_title() == "Samples"
    with Image.open(tmp_path / "grid.png") as image:
        assert min(image.size) > 100


def test_an_interpolation_shows_its_keyframes_and_as_many_images_between_them_as_fit():
    figure = plot.interpolation(
        [images(25), images(25)], steps=12, names=["first", "second", "third"]
    )
    (axes,) = figure.axes
    shown = axes.get_images()[0].get_array()
    # Every second of 25 images: 13 columns, with the keyframes 0, 12 and 24.
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert {name: index for index, name in enumerate(names) if name} == {
        "first": 0,
        "second": 6,
        "third": 12,
    }
    centers = [shown[3, round(x)] for x in axes.get_xticks()]
    assert centers == [20 * index for index in range(13)]
    assert len(plot.interpolation(images(5)).axes[0].get_xticks()) == 0


def test_losses_share_a_panel_and_other_terms_have_their_own():
    figure = plot.curves(LOG)
    panels = {axes.get_ylabel(): axes for axes in figure.axes}
    assert list(panels) == ["Loss", "Mean logit", "fid"]
    assert lines(panels["Loss"]) == {
        "discriminator": [[1, 1], [2, 2], [3, 1.5]],
        "generator": [[1, 3], [2, 1], [3, 2]],
    }
    # A term that began later is drawn at the last epochs.
    assert lines(panels["fid"]) == {"fid": [[2, 9], [3, 4]]}
    assert all(axes.get_xlabel() == "Epoch" for axes in panels.values())


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_of_kerass_csv_logger_is_read(tmp_path, separator):
    lines = ["epoch,d_loss,fid,val_fid", "0,1.5,NA,NA", "1,1.25,7.0,NA"]
    text = "\n".join(lines).replace(",", separator)
    (tmp_path / "keras.csv").write_text(text)
    figure = plot.curves(tmp_path / "keras.csv")
    drawn = {axes.get_ylabel(): axes.lines[0].get_xydata().tolist() for axes in figure.axes}
    # Its epochs count from 0, and it has empty columns of validation data.
    assert drawn == {"Loss": [[1.0, 1.5], [2.0, 1.25]], "fid": [[2.0, 7.0]]}


@pytest.mark.parametrize("content", [b"epoch,a\n1,x\n", b"epoch,a\n", b"", b"\xff\xfe", b"a\n1\n"])
def test_a_file_that_is_no_log_is_named(tmp_path, content):
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"The log of a training run.*Received: .*log.csv"):
        plot.curves(tmp_path / "log.csv")


def test_a_history_a_log_and_a_run_folder_give_the_same_curves(tmp_path):
    history = SimpleNamespace(epoch=[4, 5], history={"d_loss": [1.0, 2.0]})
    (tmp_path / "log.csv").write_text("epoch,step,seconds,d_loss,fid\n5,50,9.0,1,\n6,60,9.5,2,7\n")
    for log in (history, tmp_path, str(tmp_path / "log.csv")):
        (axes,) = plot.curves(log, ["d_loss"]).axes
        assert lines(axes) == {"discriminator": [[5, 1], [6, 2]]}
    (axes,) = plot.curves(tmp_path, ["fid"]).axes
    assert lines(axes) == {"fid": [[6, 7]]}


def test_a_short_last_epoch_draws_no_spike(tmp_path):
    """Its losses are means over few steps. What was measured at its end is drawn."""
    (tmp_path / "log.csv").write_text(
        "epoch,step,seconds,d_loss,r1,d_orthogonal,fid\n"
        "1,10,9.0,1,1,1,9\n2,20,9.0,2,1,1,8\n3,21,1.0,50,70,90,7\n"
    )
    figure = plot.curves(tmp_path)
    drawn = {axes.get_ylabel(): axes.lines[0].get_xydata().tolist() for axes in figure.axes}
    assert drawn == {
        "Loss": [[1, 1], [2, 2]],
        "r1": [[1, 1], [2, 1]],
        "d_orthogonal": [[1, 1], [2, 1]],
        "fid": [[1, 9], [2, 8], [3, 7]],
    }


RECORDS = [
    {"step": 0, "layers": {"a": {"norm": 1.0, "kernel_norm": 3.0, "exact_norm": 1.1}}},
    {"step": 5, "layers": {"a": {"norm": 0.9, "kernel_norm": None}}},
]


def test_spectral_norms_come_from_a_monitor_its_records_or_its_file(tmp_path):
    path = tmp_path / "spectral.jsonl"
    # A resumed run adds lines for steps that the file already has.
    # The step 3 is of a branch that failed.
    earlier = [{"step": step, "layers": {}} for step in (0, 3)]
    path.write_text("".join(json.dumps(r) + "\n" for r in [*earlier, *RECORDS]))
    for monitor in (SimpleNamespace(records=RECORDS), RECORDS, path):
        norm, kernel_norm = plot.spectral_norms(monitor).axes
        assert lines(norm)["a"] == [[0, 1.0], [5, 0.9]]
        assert norm.get_lines()[1].get_xydata().tolist() == [[0, 1.1]]
        assert kernel_norm.get_lines()[0].get_ydata()[0] == 3.0
        assert np.isnan(kernel_norm.get_lines()[0].get_ydata()[1])
        assert kernel_norm.get_xlabel() == "Training step"
    path.write_text('{"step": 0, "results": {}}\n')
    with pytest.raises(ValueError, match=r"Expected the file spectral.jsonl.*step, results"):
        plot.spectral_norms(path)


def test_found_modes_missed_modes_and_points_off_the_modes_look_different():
    ring = ganzoo.data.load("toy:ring", count=10)
    points = np.concatenate([ring.centers[:5], ring.centers[:1], [[0.0, 0.0]]])
    (axes,) = plot.modes(points, ring, title="Mine").axes
    drawn = {part.get_label(): part.get_offsets() for part in axes.collections}
    np.testing.assert_allclose(drawn["good"], points[:6])
    np.testing.assert_allclose(drawn["off the modes"], [[0, 0]])
    np.testing.assert_allclose(drawn["mode"], ring.centers[:5], atol=1e-6)
    np.testing.assert_allclose(drawn["missed mode"], ring.centers[5:], atol=1e-6)
    assert axes.get_title().startswith("Mine\n5 of 8 modes, 85.7% good")


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot.images(images(4), ax=ax),
        lambda ax: plot.interpolation(images(4), ax=ax),
        lambda ax: plot.curves(LOG, ["d_loss", "fid"], ax=ax),
        lambda ax: plot.spectral_norms(RECORDS, ax=ax),
        lambda ax: plot.modes(np.zeros((3, 2)), ganzoo.data.load("toy:grid", count=9), ax=ax),
    ],
)
def test_plots_can_be_drawn_into_axes_of_another_figure(draw):
    axes = new_axes()
    assert draw(axes) is axes.figure
    assert axes.has_data() and axes.figure.axes == [axes]


def test_a_notebook_shows_the_figure_and_pyplot_is_not_used():
    from matplotlib import pyplot, rcParams

    before = dict(rcParams)
    figure = plot.curves(LOG)
    with Image.open(io.BytesIO(figure._repr_png_())) as image:
        assert image.format == "PNG"
    assert not pyplot.get_fignums() and dict(rcParams) == before


def test_an_error_names_the_extra_that_installs_matplotlib(monkeypatch):
    import_module = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(f"No module named {name!r}")
        return import_module(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"ganzoo\[plot\].*Received: path='x\.png'"):
        plot.images(images(4), path="x.png")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot.images(images(4) / 255),
        lambda: plot.images(images(4), row_names=["one"]),
        lambda: plot.interpolation(np.zeros((3, 4), "uint8")),
        lambda: plot.interpolation([images(5), images(3)]),
        lambda: plot.interpolation(images(5), steps=2, names=["first", "last"]),
        lambda: plot.curves(LOG, ["kid"]),
        lambda: plot.curves({}),
        lambda: plot.curves([]),
        lambda: plot.spectral_norms([]),
        lambda: plot.spectral_norms(RECORDS, "sum"),
        lambda: plot.modes(np.zeros((3, 3)), ganzoo.data.load("toy:ring", count=9)),
        lambda: plot.modes(np.zeros((3, 2)), np.zeros((3, 2))),
    ],
)
def test_input_that_cannot_be_drawn_is_refused(draw):
    with pytest.raises(ValueError, match=r"Received: "):
        draw()
