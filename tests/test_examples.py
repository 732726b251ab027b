"""The scripts in `examples/` end with metrics that show that the GAN works."""

import runpy

import pytest

from support.processes import ROOT


@pytest.mark.slow
def test_samples_of_a_table_train_a_classifier():
    accuracies, differences = runpy.run_path(str(ROOT / "examples/table.py"))["main"]()
    assert accuracies["trained on samples"] > accuracies["trained on real rows"] - 0.05
    assert differences["samples"] < differences["shuffled columns"] / 4


@pytest.mark.slow
def test_samples_of_time_series_train_a_predictor():
    errors, distances = runpy.run_path(str(ROOT / "examples/time_series.py"))["main"]()
    assert errors["trained on samples"] < 1.2 * errors["trained on real series"]
    assert errors["trained on samples"] < 0.8 * errors["the value before"]
    assert distances["samples"] < distances["values in another order"] / 10
