"""Commands that succeed print nothing of TensorFlow; those that fail to import show everything."""

import os
import subprocess
import sys

import pytest

from support.processes import ROOT

CODE = """
import os, sys
from ganzoo_cli.quiet import quiet_start
with quiet_start({arguments}):
    os.write(2, b"of the start\\n")
    print("of Python", file=sys.stderr)
    {end}
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


def test_the_start_is_kept_aside_and_what_follows_is_not():
    result = run("-c", CODE.format(arguments="", end="pass"))
    assert result.stderr == "after\n"


def test_a_start_that_fails_shows_what_was_kept_aside():
    result = run("-c", CODE.format(arguments="", end="raise ImportError('broken')"))
    lines = result.stderr.splitlines()
    assert lines[:2] == ["of the start", "of Python"] and lines[-1] == "ImportError: broken"


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [("is_off=True", {}), ("", {"TF_CPP_MIN_LOG_LEVEL": "0"})],
    ids=["debug", "the user's level"],
)
def test_debug_and_the_users_own_level_leave_everything(arguments, environment):
    code = CODE.format(arguments=arguments, end="pass")
    code += "print(os.environ.get('TF_CPP_MIN_LOG_LEVEL', 'unset'))"

    result = run("-c", code, **environment)

    assert result.stderr == "of the start\nof Python\nafter\n"
    assert result.stdout == f"{environment.get('TF_CPP_MIN_LOG_LEVEL', 'unset')}\n"


def test_children_and_warnings_of_retracing_are_quiet_too():
    code = CODE.format(arguments="", end="pass") + (
        "import logging\n"
        "logging.basicConfig()\n"
        "log = logging.getLogger('tensorflow')\n"
        "log.warning('5 calls triggered tf.function retracing.')\n"
        "log.warning('Another warning.')\n"
        "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )

    result = run("-c", code)

    assert result.stderr == "after\nWARNING:tensorflow:Another warning.\n"
    assert result.stdout == "3\n"


def test_a_process_without_stderr_starts():
    command = f"{sys.executable} -m ganzoo_cli data digits --output=/dev/null --n=1 2>&-"
    result = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0 and "examples    1,438" in result.stdout
