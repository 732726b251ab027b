"""The annotations of the public names, checked on examples and on typical uses."""

import importlib.util
import subprocess
import sys

import pytest

from support.processes import ROOT

CHECKED = ["examples/demo.py", "tests/typing/typical_uses.py"]
WRONG = """
import ganzoo

gan = ganzoo.GAN.from_preset("dcgan_digits")
images: str = gan.sample(16)
gan.compile(ema_decay="often")
"""


def check(*paths):
    """Runs the type checker; returns its exit code and what it prints."""
    command = [sys.executable, "-m", "mypy", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_typical_uses_are_typed_and_mistakes_are_found(tmp_path):
    assert importlib.util.find_spec("mypy"), "pip install '.[dev]'"
    code, output = check(*CHECKED)
    assert code == 0, output
    (tmp_path / "wrong.py").write_text(WRONG)
    code, output = check(tmp_path / "wrong.py")
    assert code == 1 and output.count(": error:") == 2, output


@pytest.mark.parametrize("package", ["ganzoo", "ganzoo_cli"])
def test_the_packages_say_that_they_are_typed(package):
    assert (ROOT / package / "py.typed").is_file()
