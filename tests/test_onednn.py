"""TensorFlow uses oneDNN on all x86 processors, unless the environment says otherwise."""

import os
import platform
import subprocess
import sys

import pytest

from ganzoo import onednn

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"


@pytest.mark.parametrize(
    ("machine", "before", "is_imported", "after"),
    [
        ("x86_64", None, False, "1"),
        ("AMD64", None, False, "1"),
        ("x86_64", "0", False, "0"),
        ("x86_64", "1", True, "1"),
        ("aarch64", None, False, None),
    ],
)
def test_the_environment_variable(monkeypatch, machine, before, is_imported, after):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setenv(VARIABLE, "")  # So that the variable is as before when the test ends.
    monkeypatch.delenv(VARIABLE)
    if before is not None:
        monkeypatch.setenv(VARIABLE, before)
    if not is_imported:
        monkeypatch.delitem(sys.modules, "tensorflow")
    onednn.enable()
    assert os.environ.get(VARIABLE) == after


def test_tensorflow_may_be_kept_out(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delenv(VARIABLE)
    onednn.enable()
    assert os.environ[VARIABLE] == "1"


@pytest.mark.parametrize("is_on", [False, True])
def test_processes_get_the_setting_of_one_that_has_imported_tensorflow(monkeypatch, is_on):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(onednn, "is_on", lambda: is_on)
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delenv(VARIABLE)
    onednn.enable()
    assert os.environ[VARIABLE] == str(int(is_on))


IS_ON = """
import ganzoo
print(ganzoo.onednn.is_on())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN is for x86 processors.")
@pytest.mark.parametrize(("setting", "is_on"), [({}, True), ({VARIABLE: "0"}, False)])
def test_importing_ganzoo_first_switches_it_on(setting, is_on):
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment |= {"KERAS_BACKEND": "tensorflow", **setting}
    process = subprocess.run(
        [sys.executable, "-c", IS_ON], capture_output=True, text=True, env=environment, timeout=300
    )
    assert process.stdout == f"{is_on}\n", process.stderr
