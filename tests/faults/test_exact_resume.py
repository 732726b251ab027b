import json
import os
import signal
import subprocess
import sys

import keras
import pytest
from faults import trainings

import ganzoo
from support.processes import ROOT, TESTS, run_python


@pytest.mark.parametrize("name", trainings.NAMES)
def test_a_stopped_training_ends_with_the_same_bits(tmp_path, name, count):
    # After 5 steps: in the middle of the second epoch.
    found = trainings.resume_everywhere([name], tmp_path, [6])

    assert set(found.values()) == {0}
    count(f"{name}: resumed in the middle of an epoch, variables that differ: 0")


@pytest.mark.slow
@pytest.mark.parametrize("name", trainings.NAMES)
def test_a_training_may_be_stopped_anywhere(tmp_path, name, count):
    # Before the second step there is no checkpoint to show for it.
    stops = range(2, trainings.EPOCHS * trainings.STEPS + 1)

    found = trainings.resume_everywhere([name], tmp_path, stops)

    assert set(found.values()) == {0}
    count(f"{name}: stopped in each of {len(found)} steps, resumed with the same bits: all")


def test_resumes_with_the_same_bits_on_jax(tmp_path):
    pytest.importorskip("jax")
    printed = run_python(
        "import json, pathlib\n"
        "from faults import trainings\n"
        f"found = trainings.resume_everywhere(['spectral_5'], pathlib.Path({str(tmp_path)!r}), [6])"
        "\nprint(json.dumps(found))",
        backend="jax",
        without_tensorflow=True,
    )

    assert set(json.loads(printed.splitlines()[-1]).values()) == {0}


@pytest.mark.slow
def test_every_training_resumes_with_the_same_bits_on_jax(tmp_path, count):
    pytest.importorskip("jax")
    printed = run_python(
        "import json, pathlib\n"
        "from faults import trainings\n"
        "found = trainings.resume_everywhere(\n"
        f"    trainings.NAMES, pathlib.Path({str(tmp_path)!r}), [2, 5, 8])\n"
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
from faults import trainings

class Signal(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if self.model.step == 6:
            os.kill(os.getpid(), getattr(signal, sys.argv[2]))

trainings.train("plain", sys.argv[1], [Signal()], unit="steps", on_signal=True)
print("never stopped")
"""


@pytest.mark.parametrize(
    "name, code, last",
    [("SIGKILL", -signal.SIGKILL, 6), pytest.param("SIGTERM", 143, 7, marks=pytest.mark.slow)],
)
def test_a_killed_process_resumes_with_the_same_bits(tmp_path, name, code, last):
    process = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path / "run"), name],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(TESTS)])},
        timeout=120,
    )

    assert process.returncode == code, process.stderr
    assert "never stopped" not in process.stdout and "Traceback" not in process.stderr
    paths = ganzoo.callbacks.checkpoint_files.every(tmp_path / "run")
    assert ganzoo.callbacks.checkpoint_files.step_of(paths[-1]) == last
    resumed = trainings.train("plain", tmp_path / "run", initialization=1)
    assert trainings.different(trainings.train("plain"), resumed) == 0


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_once_and_leaves_with_its_code(tmp_path, number, code):
    class Signal(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                signal.raise_signal(number)

    handler = signal.getsignal(number)

    with pytest.raises(SystemExit) as left:
        trainings.train("plain", tmp_path, [Signal()], every=5, unit="epochs", on_signal=True)

    assert left.value.code == code
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
    print("still there", flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    print("not there", flush=True)
"""
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=60
    )

    assert process.returncode == -signal.SIGINT
    assert process.stdout == "still there\n"
