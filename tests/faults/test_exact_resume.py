import json
import signal
import subprocess
import sys

import keras
import pytest
from faults import runs

import ganzoo
from support.processes import ROOT, run_python

# What else they resume, the other runs and the tests of the callbacks resume too.
SLOW = ("adaptive_augmentation", "plain", "virtual_batches", "spectral", "lazy_r1")


@pytest.mark.graph  # As users train.
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in runs.NAMES],
)
def test_a_stopped_run_resumes_to_bit_identical_results(tmp_path, name, count):
    # It stops in step 6, in the middle of the second epoch.
    found = runs.resume_everywhere([name], tmp_path, [6])

    assert set(found.values()) == {0}
    count(f"{name}: resumed in the middle of an epoch, variables that differ: 0")


@pytest.mark.slow
@pytest.mark.parametrize("name", runs.NAMES)
def test_a_run_can_be_stopped_at_any_step(tmp_path, name, count):
    # Before the end of the first step there is no checkpoint.
    stops = range(2, runs.EPOCHS * runs.STEPS + 1)

    found = runs.resume_everywhere([name], tmp_path, stops)

    assert set(found.values()) == {0}
    count(f"{name}: stopped in each of {len(found)} steps, resumed with the same bits: all")


def test_a_stopped_run_resumes_to_bit_identical_results_on_jax(tmp_path):
    pytest.importorskip("jax")
    printed = run_python(
        "import json, pathlib\n"
        "from faults import runs\n"
        f"found = runs.resume_everywhere(['spectral'], pathlib.Path({str(tmp_path)!r}), [6])"
        "\nprint(json.dumps(found))",
        backend="jax",
        without_tensorflow=True,
    )

    assert set(json.loads(printed.splitlines()[-1]).values()) == {0}


@pytest.mark.slow
def test_every_run_resumes_to_bit_identical_results_on_jax(tmp_path, count):
    pytest.importorskip("jax")
    printed = run_python(
        "import json, pathlib\n"
        "from faults import runs\n"
        "found = runs.resume_everywhere(\n"
        f"    runs.NAMES, pathlib.Path({str(tmp_path)!r}), [2, 5, 8])\n"
        "print(json.dumps(found))",
        backend="jax",
        without_tensorflow=True,
        timeout=1200,
    )

    found = json.loads(printed.splitlines()[-1])
    assert set(found.values()) == {0}
    count(f"JAX: {len(found)} stops, resumed with the same bits: all")


_SCRIPT = """
import os, signal, sys
import keras
from faults import runs

sys.stderr = sys.stdout

class Signal(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if self.model.step == 6:
            os.kill(os.getpid(), signal.{name})

runs.train("plain", {folder!r}, [Signal()], unit="steps", on_signal=True)
print("never stopped")
"""


@pytest.mark.parametrize(
    "name, code, last",
    [("SIGKILL", -signal.SIGKILL, 6), pytest.param("SIGTERM", 143, 7, marks=pytest.mark.slow)],
)
def test_a_killed_process_resumes_to_bit_identical_results(tmp_path, name, code, last):
    script = _SCRIPT.format(name=name, folder=str(tmp_path / "run"))
    printed = run_python(script, exit_code=code, timeout=120)

    assert "never stopped" not in printed and "Traceback" not in printed
    paths = ganzoo.callbacks.checkpoint_files.every(tmp_path / "run")
    assert ganzoo.callbacks.checkpoint_files.step_of(paths[-1]) == last
    resumed = runs.train("plain", tmp_path / "run", initialization=1)
    assert runs.different(runs.straight("plain"), resumed) == 0


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_once_and_exits_with_its_code(tmp_path, number, code):
    class Signal(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                signal.raise_signal(number)

    handler = signal.getsignal(number)

    with pytest.raises(SystemExit) as exit:
        runs.train("plain", tmp_path, [Signal()], every=5, unit="epochs", on_signal=True)

    assert exit.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000002"]
    assert signal.getsignal(number) is handler


def test_a_second_signal_ends_the_process_at_once():
    script = """
import importlib.util, os, signal
spec = importlib.util.spec_from_file_location("interruption", "ganzoo/callbacks/interruption.py")
interruption = importlib.util.module_from_spec(spec)
spec.loader.exec_module(interruption)
with interruption.Interruption():
    os.kill(os.getpid(), signal.SIGTERM)
    print("still running", flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    print("never printed", flush=True)
"""
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60
    )

    assert process.returncode == -signal.SIGINT
    assert process.stdout == "still running\n"
