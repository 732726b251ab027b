"""Commands that succeed print nothing of TensorFlow; a failed import shows everything.

In `test_train_command.py`, a process that trains with TensorFlow prints nothing of it either.
"""

import os
import shlex
import subprocess
import sys

import pytest

from support.processes import ROOT

pytestmark = pytest.mark.process

# A package that takes the place of Keras or TensorFlow.
NOISY = """
import os, sys
if sys.stderr is not None:
    os.write(2, b"of the start\\n")
    print("of Python", file=sys.stderr)
if "BROKEN" in os.environ:
    raise ImportError("broken")
"""
CODE = """
import os, sys
from ganzoo_cli.quiet import quiet_start
quiet_start({arguments})
import {package}
print("after", file=sys.stderr)
"""


def run(*arguments, **environment):
    """Runs Python as a user does, without the tests' own settings of the log level."""
    names = {name: text for name, text in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**names, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_command_that_succeeds_prints_its_own_lines_only(backend, tmp_path):
    picture = tmp_path / "digits.png"
    arguments = ["sample", "dcgan_digits", "--n=2", f"--output={picture}"]

    result = run("-m", "ganzoo_cli", *arguments, KERAS_BACKEND=backend)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"2 samples in {picture}\n"


@pytest.mark.slow
def test_an_export_from_jax_prints_its_own_lines_only(tmp_path):
    arguments = ["export", "dcgan_digits", f"--output={tmp_path / 'digits'}"]

    result = run("-m", "ganzoo_cli", *arguments, KERAS_BACKEND="jax")

    assert (result.returncode, result.stderr) == (0, "")


@pytest.fixture(params=["keras", "tensorflow"])
def code(request, tmp_path, monkeypatch):
    """Code that imports a noisy package after `quiet_start({arguments})`."""
    (tmp_path / f"{request.param}.py").write_text(NOISY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    return CODE.replace("{package}", request.param)


def test_messages_of_an_import_are_kept_aside_and_later_ones_are_not(code):
    assert run("-c", code.format(arguments="")).stderr == "after\n"


def test_an_import_that_fails_shows_what_was_kept_aside(code):
    lines = run("-c", code.format(arguments=""), BROKEN="1").stderr.splitlines()
    assert lines[:2] == ["of the start", "of Python"] and lines[-1] == "ImportError: broken"


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [("is_off=True", {}), ("", {"TF_CPP_MIN_LOG_LEVEL": "0"})],
    ids=["debug", "the user's level"],
)
def test_debug_and_the_users_own_level_change_nothing(code, arguments, environment):
    code += "print(os.environ.get('TF_CPP_MIN_LOG_LEVEL', 'unset'))"

    result = run("-c", code.format(arguments=arguments), **environment)

    assert result.stderr == "of the start\nof Python\nafter\n"
    assert result.stdout == f"{environment.get('TF_CPP_MIN_LOG_LEVEL', 'unset')}\n"


def test_children_and_warnings_of_retracing_are_quiet_too(code):
    code += (
        "import logging\n"
        "logging.basicConfig()\n"
        "log = logging.getLogger('tensorflow')\n"
        "log.warning('5 calls triggered tf.function retracing.')\n"
        "log.warning('Another warning.')\n"
        "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )

    result = run("-c", code.format(arguments=""))

    assert result.stderr == "after\nWARNING:tensorflow:Another warning.\n"
    assert result.stdout == "3\n"


def test_a_process_without_stderr_starts(code):
    words = [sys.executable, "-c", code.format(arguments="") + "print('done')"]
    result = subprocess.run(f"{shlex.join(words)} 2>&-", shell=True, cwd=ROOT, capture_output=True)
    assert result.returncode == 0 and result.stdout.endswith(b"done\n")
