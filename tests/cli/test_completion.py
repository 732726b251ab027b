"""`ganzoo completion`: what bash completes, and that no shell needs Keras for it."""

import subprocess
import sys

import pytest

from ganzoo_cli.main import COMMANDS, main

TRY = """
try() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
    COMPREPLY=()
    _ganzoo
    echo "${COMPREPLY[*]}"
}
"""


@pytest.mark.process
def test_bash_completes_commands_flags_and_values(tmp_path):
    script = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ganzoo_cli", "completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "keras" not in script.stderr and "tensorflow" not in script.stderr
    (tmp_path / "photo.png").touch()
    lines = {
        "ganzoo expo": "export",
        "ganzoo train --discriminator_o": "--discriminator_optimizer=",
        "ganzoo train --res": "--resume",
        "ganzoo train --precision = mixed": "mixed_bfloat16 mixed_float16",
        "ganzoo train --jit a": "auto",
        "ganzoo sample --trunc": "--truncation=",
        "ganzoo project model ph": "photo.png",
        "ganzoo completion --d": "--debug",
    }
    code = "\n".join([script.stdout, TRY, *(f"try {line}" for line in lines)])
    done = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines() == list(lines.values())


@pytest.mark.parametrize(
    ("shell", "flag"),
    [("zsh", "--precision=[Precision of the networks"), ("fish", "-l precision -r -f -a 'float32")],
)
def test_other_shells_get_every_command_and_flag(capsys, shell, flag):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert flag in script and all(name in script for name in COMMANDS)


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_an_unknown_shell_is_refused(capsys, words):
    assert main(["completion", *words]) == 2
    assert "Expected one shell: bash, zsh, fish" in capsys.readouterr().err
