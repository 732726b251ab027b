"""The Python in the README and in the pages of docs/ runs as it stands, in order."""

import re

import keras
import pytest

from support.processes import ROOT

PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if "```python\n" in page.read_text()
]


@pytest.fixture
def one_epoch():
    keras.config.set_max_epochs(1)
    yield
    keras.config.set_max_epochs(None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_the_page_runs(page, one_epoch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(block, names)
    if page.name == "README.md":
        assert names["images"].shape == (16, 32, 32, 1)
        assert len(list((tmp_path / "runs/samples").glob("*.png"))) >= 1
