"""The source distribution and the wheel that `python -m build` makes."""

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest

import ganzoo
from ganzoo.presets import builtin
from support.processes import ROOT

REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
FOLDERS = (".github", "benchmarks", "docs", "examples", "models", "saved_models", "tests")
PACKAGES = ("ganzoo", "ganzoo_cli")
MOST_BYTES = 15_000_000


def _files(folder):
    """Returns the names of all files in some folders of a source tree."""
    return {
        path.relative_to(folder).as_posix()
        for name in (*FOLDERS, *PACKAGES)
        for path in (folder / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _left_out(folder, names):
    """Returns the names in a folder of the checkout that Git ignores."""
    anywhere = {"__pycache__", "_pages", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
    at_the_top = {".git", ".venv", "build", "dist", "runs"} if folder == str(ROOT) else set()
    return {name for name in names if name.endswith(".egg-info")} | anywhere | at_the_top


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Returns the folder of the sources, and the paths of the sdist and of the wheel made of it."""
    pytest.importorskip("build", reason='needs pip install ".[dev]"')
    source, output = (tmp_path_factory.mktemp("package") / name for name in ("source", "dist"))
    shutil.copytree(ROOT, source, ignore=_left_out)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", output, source],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (sdist,), (wheel,) = output.glob("*.tar.gz"), output.glob("*.whl")
    return source, sdist, wheel


@pytest.mark.slow
def test_the_sdist_has_all_files_of_the_tests_and_the_docs(built):
    source, sdist, _ = built
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = _files(source) - names
    assert not missing
    assert {".ci/run", "CITATION.cff", "Makefile", "SECURITY.md", "setup.py", "train.py"} <= names
    assert not {name for name in names if name.endswith((".pyc", ".DS_Store"))}


@pytest.mark.slow
def test_the_wheel_is_small_and_has_what_the_package_reads(built):
    source, _, wheel = built
    assert wheel.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    assert {name for name in _files(source) if name.partition("/")[0] in PACKAGES} <= names
    downloaded = json.loads((ROOT / "models" / builtin.INDEX).read_text())
    for model in ganzoo.list_models():
        has_weights = f"ganzoo/models/{model}/generator.safetensors" in names
        assert has_weights == (model not in downloaded)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == set(PACKAGES)
    for line in ("License-Expression: Apache-2.0", "Author: The ganzoo developers"):
        assert f"\n{line}\n" in text
    relative = re.findall(r"\]\((?!https?:|#)[^)]*\)", text)
    assert not relative
    assert f"({REPOSITORY}/raw/v{ganzoo.__version__}/docs/images/zoo.png)" in text
    assert f"({REPOSITORY}/blob/v{ganzoo.__version__}/docs/zoo.md)" in text


@pytest.mark.slow
def test_twine_accepts_both_files(built):
    pytest.importorskip("twine", reason='needs pip install ".[dev]"')
    _, sdist, wheel = built
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", sdist, wheel],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_repository_has_one_address():
    files = [ROOT / name for name in ("README.md", "CITATION.cff", "CHANGELOG.md")]
    files += [*(ROOT / ".github").rglob("*.yml"), *(ROOT / "examples").glob("*.ipynb")]
    found = {
        address
        for path in files
        for address in re.findall(r"https://github\.com/[\w.-]+/ganzoo\b", path.read_text())
    }
    assert found == {REPOSITORY}
    assert f"version: {ganzoo.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_workflow_runs_what_the_project_runs():
    yaml = pytest.importorskip("yaml", reason='needs pip install ".[dev]"')
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    assert {"run": ".ci/run"} in workflow["jobs"]["test"]["steps"]
    for path in ((ROOT / ".pre-commit-config.yaml"), *(ROOT / ".github").rglob("*.yml")):
        assert yaml.safe_load(path.read_text())
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
