"""Cells that are really trained: stopped and resumed, diverged, and measured."""

import dataclasses
import signal

import numpy as np
import pytest

from ganzoo import recipes, studies
from ganzoo.callbacks.interruption import Interrupted
from ganzoo.studies import Study, training

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
        "spectral": {"exact_every": 1},
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
    assert expected | {"condition", "collapse/diversity"} <= set(whole["values"])
    assert whole["values"]["sigma_error"] < 0.1 and whole["values"]["ms_per_step"] > 0
    half = whole["log"]["d_loss"][2:]
    assert whole["values"]["d_loss_spread"] == pytest.approx(np.std(half))

    def interrupt(self, epoch, logs=None):
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        patched.setattr(training._Clock, "on_epoch_end", interrupt)
        studies.run(study, tmp_path / "run", ["small"])
    assert (tmp_path / "run/small/seed_0").is_dir()

    studies.run(study, tmp_path / "run")
    small, huge = studies.summarize(study, tmp_path / "run")
    values = small.records[0]["values"]
    assert {n: v for n, v in values.items() if "ms_per_step" not in n} == {
        n: v for n, v in whole["values"].items() if "ms_per_step" not in n
    }
    assert small.records[0]["log"] == whole["log"]
    np.testing.assert_array_equal(samples, np.load(tmp_path / "run/small/seed_0.npy"))
    # The checkpoints have done their work.
    assert not (tmp_path / "run/small/seed_0").exists()
    assert huge.failed == 1 and "finite" in huge.records[0]["failed"]


def test_the_time_of_a_cell_is_measured(monkeypatch):
    monkeypatch.setattr(training, "_TIMED_STEPS", 2)
    cell = Study.from_dict("tiny", CONTENT).cells[0]
    longer = dataclasses.replace(cell, recipe=dataclasses.replace(cell.recipe, steps=10**6))
    assert 0 < training.seconds_of(cell) < 600 < training.seconds_of(longer)


def test_the_options_of_a_recipe_reach_the_networks_and_the_loss():
    recipe = dataclasses.replace(
        recipes.get("mlp"),
        loss="non_saturating",
        loss_options={"label_smoothing": 0.1},
        normalization="spectral",
        width=4,
        network_options={
            "hidden_layers": 2,
            "normalization_options": {"factor": 3.0, "power_iterations": 2},
            "minibatch_features": "discrimination",
            "minibatch_options": {"num_kernels": 5},
            "generator_normalization": "virtual",
            "reference_size": 6,
        },
    )
    assert recipe.build_loss().label_smoothing == 0.1
    generator, discriminator = recipe.build_networks((2,))
    layer = discriminator.get_layer("dense_2")
    assert (layer.factor, layer.power_iterations) == (3.0, 2)
    assert discriminator.get_layer("minibatch").num_kernels == 5
    assert generator.get_layer("hidden_2_norm").reference_size == 6
    with pytest.raises(ValueError, match="label_smooth"):
        dataclasses.replace(recipe, loss_options={"label_smooth": 0.1})
    for options, message in (
        ({"normalization_options": {"factr": 1.0}}, "Did you mean 'factor'"),
        ({"minibatch_options": {"num_kernels": 2}}, "minibatch_features"),
    ):
        with pytest.raises(ValueError, match=message):
            dataclasses.replace(recipe, network_options=options).build_networks((2,))
    plain = {"normalization_options": {"factor": 1.0}}
    with pytest.raises(ValueError, match="normalization='batch'"):
        dataclasses.replace(recipe, normalization="batch", network_options=plain).build_networks(
            (2,)
        )
