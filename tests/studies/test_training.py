"""Cells that are really trained: stopped and resumed, diverged, and measured."""

import dataclasses
import signal
import types

import numpy as np
import pytest

from ganzoo import studies
from ganzoo.callbacks.interruption import Interrupted
from ganzoo.studies import Study, figures, training
from ganzoo.studies.meter import Meter

CONTENT = {
    "title": "Tiny",
    "recipe": "mlp",
    "log_points": 4,
    "settings": {
        "data": "toy:ring",
        "data_options": {"count": 64},
        "images": 32,
        "width": 4,
        "steps": 4,
        "batch_size": 4,
        "discriminator_steps": 1,
        "regularizers": {},
        "normalization": "spectral",
        "collapse": {"n": 16},
        # All vectors are off by more.
        "spectral": {"exact_every": 1, "tolerance": 1e-9},
    },
    "axes": {"rate": {"small": {}, "huge": {"d_optimizer": {"learning_rate": 1e30}}}},
    "evaluation": {"metrics": ["mixture_coverage"], "n": 32, "keep_samples": 8},
    "columns": {"modes": {"better": "higher"}},
}


def test_a_stopped_cell_continues_to_the_same_results_and_a_diverged_one_is_counted(
    tmp_path, monkeypatch
):
    study = Study.from_dict("tiny", CONTENT)
    cell = study.cells[0]
    whole, samples = training.train(cell, 0, tmp_path / "whole")
    assert whole["failed"] is None and len(whole["log"]["d_loss"]) == 4
    expected = {"modes", "good", "mode_kl", "ms_per_step", "d_loss_spread", "sigma_error"}
    assert expected | {"condition", "collapse/diversity", "memory_mb"} <= set(whole["values"])
    assert whole["values"]["sigma_error"] < 0.1 and whole["values"]["ms_per_step"] > 0
    half = whole["log"]["d_loss"][2:]
    assert whole["values"]["d_loss_spread"] == pytest.approx(np.std(half))

    def interrupt(self, epoch, logs=None):
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        patched.setattr(training.Meter, "on_epoch_end", interrupt)
        studies.run(study, tmp_path / "run", ["small"])
    assert (tmp_path / "run/small/seed_0").is_dir()

    studies.run(study, tmp_path / "run")
    small, huge = studies.summarize(study, tmp_path / "run")
    values = small.records[0]["values"]
    assert _results(values) == _results(whole["values"])
    assert small.records[0]["log"] == whole["log"]
    assert small.records[0]["warnings"] == whole["warnings"] != []
    np.testing.assert_array_equal(samples, np.load(tmp_path / "run/small/seed_0.npy"))
    # The checkpoints have done their work.
    assert not (tmp_path / "run/small/seed_0").exists()
    assert huge.failed == 1 and "finite" in huge.records[0]["failed"]
    figure = figures.spectra([small, huge])
    errors, conditions = (axes.lines[0].get_xydata() for axes in figure.axes)
    last = values["max_sigma_error"], values["condition"]
    assert (errors[:, 1].max(), conditions[-1, 1]) == pytest.approx(last)


def _results(values):
    """The values that do not depend on the machine."""
    return {n: v for n, v in values.items() if "ms_per_step" not in n and n != "memory_mb"}


def test_the_memory_of_steps_is_the_growth_to_the_peak():
    meter = Meter()
    meter.set_model(types.SimpleNamespace(step=0))
    for epoch in range(3):
        meter.on_epoch_begin(epoch)
        meter.model.step += 10
        size = (20, 60, 40)[epoch] * 2**20
        np.ones(size, np.uint8).sum()
        meter.on_epoch_end(epoch)
    values = meter.values()
    # The first epoch does not count: it compiles.
    assert 50 < values["memory_mb"] < 80
    assert values["ms_per_step"] > 0


def test_the_time_of_a_cell_is_measured(monkeypatch):
    monkeypatch.setattr(training, "_TIMED_STEPS", 2)
    cell = Study.from_dict("tiny", CONTENT).cells[0]
    longer = dataclasses.replace(cell, recipe=dataclasses.replace(cell.recipe, steps=10**6))
    measured = {}
    assert 0 < training.seconds_of(cell, measured) < 600 < training.seconds_of(longer, measured)
