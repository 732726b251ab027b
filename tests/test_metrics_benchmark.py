"""The benchmark of the metrics runs, and all programs compute the same values."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from support.processes import ROOT

HAS_TORCH_FIDELITY = importlib.util.find_spec("torch_fidelity") is not None
SIZES = {
    "dimensions": 16,
    "count": 60,
    "images": 2,
    "image-size": 8,
    "batch-size": 2,
    "repeats": 1,
    "threads": 1,
    "patience": 0,
}


@pytest.mark.slow
@pytest.mark.parametrize("part", ["precision_recall", "extracting"])
def test_programs_agree_and_are_timed(part, tmp_path):
    files = {"markdown": tmp_path / "table.md", "json": tmp_path / "table.json"}
    process = subprocess.run(
        [
            *(sys.executable, ROOT / "benchmarks" / "metrics.py", "--parts", part),
            *(f"--{name}={value}" for name, value in {**SIZES, **files}.items()),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )
    assert process.returncode == 0, process.stderr
    assert "| ganzoo |" in files["markdown"].read_text()
    (table,) = json.loads(files["json"].read_text())["tables"]
    rows = table["rows"]
    assert ("torch-fidelity" in rows) == HAS_TORCH_FIDELITY
    for row in rows.values():
        assert row["seconds"][0] > 0
        values, expected = np.array(row["values"]), np.array(rows["ganzoo"]["values"])
        assert np.abs(values - expected).max() <= 1e-4 * np.abs(expected).max()
