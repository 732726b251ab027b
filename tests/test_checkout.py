"""Files whose hashes are verified come out of Git as they went in, on every system."""

import shutil
import subprocess

import pytest

from support.processes import ROOT

HASHED = ("models", "saved_models", "ganzoo/extractors/weights", "ganzoo/data", "tests/golden")


@pytest.mark.process
def test_git_does_not_change_the_line_endings_of_hashed_files():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--", *HASHED], cwd=ROOT, capture_output=True, check=True
    ).stdout
    attributes = subprocess.run(
        ["git", "check-attr", "-z", "--stdin", "text"], cwd=ROOT, input=files, capture_output=True
    ).stdout.decode()
    values = attributes.split("\0")[:-1]
    found = dict(zip(values[0::3], values[2::3], strict=True))

    changed = [
        path
        for path, text in found.items()
        if text != "unset" and not path.endswith((".py", ".txt"))
    ]
    assert len(found) > 20 and not changed
