import csv
import os
import re
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo_cli.main import main
from support.addresses import free_address
from support.processes import ROOT

SMALL = [
    *("train", "--model=mlp", "--data=toy:ring", "--width=4", "--batch_size=64"),
    *("--loss=hinge", "--regularizers=none"),
]


@pytest.fixture
def one_strategy(two_replicas, monkeypatch):
    """Lets the command train with the strategy that all tests share."""
    monkeypatch.setattr(
        ganzoo.distribution.devices, "_strategy", lambda count: two_replicas if count == 2 else None
    )


def read_log(folder):
    with open(folder / "log.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file)]
    return [{k: float(v) for k, v in row.items() if k != "seconds"} for row in rows]


def assert_same_logs(first, second):
    rows, others = read_log(first), read_log(second)
    assert len(rows) == len(others) > 0
    for row, other in zip(rows, others, strict=True):
        assert row == pytest.approx(other, abs=1e-4)


@pytest.mark.slow
def test_two_devices_train_like_one_and_one_continues(tmp_path, one_strategy, capsys):
    one, two = tmp_path / "one", tmp_path / "two"

    assert main([*SMALL, "--steps=12", f"--output={one}"]) == 0
    capsys.readouterr()
    assert main([*SMALL, "--steps=8", "--devices=2", f"--output={two}"]) == 0

    assert "devices        2" in capsys.readouterr().out
    assert sorted(path.name for path in (two / "samples").iterdir()) == [
        *("samples.gif", "step_00000000.png", "step_00000008.png")
    ]
    assert main(["train", "--resume", f"--output={two}", "--devices=1", "--steps=12"]) == 0
    assert "devices  " not in capsys.readouterr().out
    assert [row["step"] for row in read_log(two)] == [12]
    samples = [keras.saving.load_model(run / "model.keras").sample(4) for run in (one, two)]
    np.testing.assert_allclose(*samples, atol=1e-4)


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--devices=3"], "a number from 1 to 2, which is how many tensorflow sees"),
        (["--devices=few"], "Received: devices='few'"),
        (["--devices=2", "--batch_size=63"], "Received: 63 examples in an update, with 2 replicas"),
        (["--devices=2", "--jit=true"], "Received: jit_compile=True with 2 replicas"),
        (["--coordinator=host:1234"], "KERAS_BACKEND=jax"),
        (["--process_id=1"], "need the address of process 0"),
    ],
)
def test_wrong_devices_are_refused_before_anything_is_written(
    flags, message, one_strategy, tmp_path, capsys
):
    assert main([*SMALL, *flags, f"--output={tmp_path / 'run'}"]) == 2

    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def start(flags, process=None, address=None):
    """Starts `ganzoo train` on JAX, as one of two processes if it has an address."""
    if address is not None:
        flags = [*flags, f"--coordinator={address}", f"--process_id={process}", "--num_processes=2"]
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "ganzoo", *flags],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def codes(processes):
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    assert not any("Traceback" in output for output in outputs), outputs
    return [process.returncode for process in processes], outputs


@pytest.mark.slow
def test_a_signal_to_one_process_ends_all_and_they_resume_together(tmp_path):
    whole, folder = tmp_path / "whole", tmp_path / "run"
    flags = [*SMALL, "--batch_size=2000", "--epochs=4"]  # Of 10 steps each.
    single = start([*flags, f"--output={whole}"])
    address = free_address()
    pair = [start([*flags, f"--output={folder}"], i, address) for i in range(2)]
    for line in pair[0].stdout:
        if line.startswith("Epoch 2/"):
            break
    pair[1].send_signal(signal.SIGTERM)
    found, outputs = codes(pair)

    assert found == [143, 143]
    step = int(re.search(r"Interrupted after step (\d+)", outputs[0])[1])
    assert 10 < step < 40
    assert keras.saving.load_model(folder / "model.keras").step == step

    address = free_address()
    resume = ["train", "--resume", f"--output={folder}"]
    assert codes([start(resume, i, address) for i in range(2)])[0] == [0, 0]
    assert codes([single])[0] == [0]
    assert keras.saving.load_model(folder / "model.keras").step == 40
    assert_same_logs(whole, folder)


@pytest.mark.slow
def test_a_folder_that_is_not_new_ends_all_processes(tmp_path):
    (tmp_path / "file").touch()
    address = free_address()
    pair = [start([*SMALL, f"--output={tmp_path}"], i, address) for i in range(2)]

    found, outputs = codes(pair)

    assert found == [2, 2]
    assert "must be empty or not exist" in outputs[0]
    assert "process 0 says more" in outputs[1]
