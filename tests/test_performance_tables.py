"""The tables of docs/performance.md follow the stored measurements."""

import json

import pytest

from support.processes import ROOT


@pytest.fixture
def performance(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs/figures")
    import performance

    return performance


def test_the_tables_are_current(performance):
    text = performance.text_of_page()
    assert text == performance.PAGE.read_text(), "python docs/figures/performance.py"
    for path in performance.RESULTS.glob("*.json"):
        start = text.index(f"<!-- The table of {path.stem}: ")
        end = text.index("<!-- /The table -->", start)
        assert performance.table(path.stem) in text[start:end], path


def test_other_measurements_give_another_table(performance, monkeypatch, tmp_path):
    case = {"network": "mlp", "side": 8, "width": 2, "batch": 4, "backend": "jax"}
    rows = [
        {**case, "settings": {}, "megabytes": 200.0},
        {**case, "settings": {"remat": True}, "megabytes": 50.0},
        {**case, "settings": {"accumulate": 4}, "megabytes": None},
    ]
    (tmp_path / "memory.json").write_text(json.dumps(rows))
    monkeypatch.setattr(performance, "RESULTS", tmp_path)
    table = performance.table("memory").splitlines()
    assert table[3] == "| `mlp`, width 2 | 8 | 4 | `remat=True` | 50 (0.25) |"
    assert table[4].endswith("| `accumulate=4` | - |")


def test_counts_of_both_backends_share_a_row(performance):
    case = {"network": "sngan", "case": "", "operations": 1234}
    rows = [
        {**case, "backend": "tensorflow"},
        {**case, "backend": "tensorflow", "case": "without the average"},
        {**case, "backend": "jax", "operations": 5},
    ]
    *_, plain, other = performance.TABLES["kernels"](rows).splitlines()
    assert plain == "| SN-GAN | as it is | 5 | 1,234 |"
    assert other == "|  | without the average |  | 1,234 |"
