"""The Python in the README runs as it stands, in order."""

import re

import keras
import pytest

from support.processes import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.fixture
def one_epoch():
    keras.config.set_max_epochs(1)
    yield
    keras.config.set_max_epochs(None)


def test_the_code_of_the_readme_runs(one_epoch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in BLOCKS:
        exec(block, names)
    assert names["images"].shape == (16, 32, 32, 1)
    assert len(list((tmp_path / "runs/samples").glob("*.png"))) >= 1
