"""The notebooks in examples/ run from top to bottom and are stored with their outputs."""

import re

import pytest

from support.processes import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
MOST_BYTES = 500_000

pytestmark = pytest.mark.slow
nbformat = pytest.importorskip("nbformat", reason='needs pip install ".[notebooks]"')


def _read(path):
    return nbformat.read(path, as_version=4)


def _printed(notebook):
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_stored_with_the_outputs_of_all_cells(path):
    nbformat.validate(_read(path))
    cells = [cell for cell in _read(path).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert path.stat().st_size < MOST_BYTES
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_opens_and_installs_itself_in_colab(path):
    badge, install = (c for c in _read(path).cells if "colab" in c.metadata.get("tags", ()))
    assert f"/blob/main/examples/{path.name})" in badge.source
    assert install.cell_type == "code" and 'find_spec("ganzoo") is None' in install.source


@pytest.fixture(scope="module")
def run():
    """Returns a function that runs a notebook once and returns what it printed."""
    client = pytest.importorskip("nbclient", reason='needs pip install ".[notebooks]"')
    done = {}

    def execute(name, folder):
        if name not in done:
            notebook = _read(ROOT / f"examples/{name}.ipynb")
            client.NotebookClient(
                notebook, timeout=1200, resources={"metadata": {"path": str(folder)}}
            ).execute()
            done[name] = _printed(notebook)
        return done[name]

    return execute


def test_the_first_gan_learns_the_digits(run, tmp_path):
    printed = run("train_your_first_gan", tmp_path)
    before, after, real = (
        float(line.split()[1]) for line in printed.splitlines() if line.startswith("FID@")
    )
    assert real < after < before / 10
    assert "the same samples: True" in printed


def test_the_ring_collapses_and_is_cured(run, tmp_path):
    printed = run("mode_collapse_and_its_cures", tmp_path)
    last = printed[printed.rindex("modes") :].splitlines()[1:]
    modes = {line[:34].strip(): int(line[34:40]) for line in last if line.strip()}
    assert max(modes[f"no technique, seed {seed}"] for seed in range(3)) <= 4
    for cure in ("packing of 3", "feature matching", "gradient penalty", "DRAGAN", "R1"):
        assert modes[cure] >= 7


def test_a_generator_is_explored(run, tmp_path):
    printed = run("explore_a_generator", tmp_path)
    assert len(re.findall(r"^direction \d: [+-]\d+\.\d\d for the digit \d$", printed, re.M)) == 4
    errors = re.search(r"gray levels: \[(.*)\]", printed)[1].split()
    assert len(errors) == 8 and all(0 < float(error) < 100 for error in errors)
