"""The benchmark of the exports runs, and all runtimes compute the same examples."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

import ganzoo
from support.processes import ROOT

RUNTIMES = ["Keras", "SavedModel", "SavedModel, XLA", "`gan.sample`", "SavedModel `sample`"]
OPTIONAL = {
    "tf2onnx": ["ONNX Runtime"],
    "ai_edge_litert": ["LiteRT", "LiteRT, float16", "LiteRT, dynamic range"],
}


@pytest.fixture
def model(tmp_path):
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), latent_dim=2, width=1, num_classes=3)
    path = tmp_path / "tiny.keras"
    ganzoo.GAN(*networks, num_classes=3).save(path)
    return path


@pytest.mark.slow
def test_benchmark_writes_its_tables(model, tmp_path):
    options = {
        "models": model,
        "threads": 1,
        "batch-sizes": 2,
        "repeats": 1,
        "block-seconds": 0,
        "patience": 0,
        "markdown": tmp_path / "table.md",
        "json": tmp_path / "table.json",
    }
    process = subprocess.run(
        [
            *(sys.executable, ROOT / "benchmarks" / "serving.py"),
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )
    assert process.returncode == 0, process.stderr
    runtimes = RUNTIMES + [
        runtime
        for package, names in OPTIONAL.items()
        if importlib.util.find_spec(package)
        for runtime in names
    ]
    table = (tmp_path / "table.md").read_text()
    assert "**tiny** (8 x 8 x 1" in table
    assert all(f"| 2 | {runtime} |" in table for runtime in runtimes)
    (measured,) = json.loads((tmp_path / "table.json").read_text())["models"]
    assert set(measured["times"]["2"]) == set(measured["formats"]) == set(runtimes)
    for row in measured["times"]["2"].values():
        assert min(row["latencies"]) > 0
    for runtime in {"SavedModel", "SavedModel, XLA", "ONNX Runtime", "LiteRT"} & set(runtimes):
        assert measured["formats"][runtime]["largest"] <= 1e-5
