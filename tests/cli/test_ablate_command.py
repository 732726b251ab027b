"""`ganzoo ablate`, with cells that are not really trained."""

import os
import subprocess
import sys

import pytest

from ganzoo import studies
from ganzoo.studies import Study, training
from ganzoo_cli.main import main
from support.processes import ROOT

STUDY = """
title = "Tiny"
recipe = "mlp"
seeds = 2
settings = { data = "toy:ring", data_options = { count = 64 }, width = 4, batch_size = 4 }
axes.loss.hinge = { loss = "hinge" }
axes.loss.plain = { loss = "non_saturating" }
evaluation = { metrics = ["mixture_coverage"] }
columns.modes = { better = "higher" }
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.toml"
    path.write_text(STUDY)
    return str(path)


@pytest.fixture
def trained(monkeypatch):
    """The cells that are trained, each of which finds 3 modes."""
    trained = []

    def work(cell, seed, folder):
        trained.append((cell.name, seed))
        return {"failed": None, "values": {"modes": 3.0}, "seconds": 90.0}, None

    run = studies.run
    monkeypatch.setattr(studies, "run", lambda *arguments: run(*arguments, work=work))
    return trained


def test_a_study_is_run_in_parts_and_reported(path, trained, tmp_path, capsys):
    assert main(["ablate", path, "--cells=hinge", "--seeds=1"]) == 0
    assert trained == [("hinge", 1)]
    out = capsys.readouterr().out
    assert "0 of 1 runs have records" in out and "hinge seed 1 (1.5 minutes): modes 3" in out
    assert main(["ablate", path]) == 0
    assert sorted(trained) == [("hinge", 0), ("hinge", 1), ("plain", 0), ("plain", 1)]
    out = capsys.readouterr().out
    assert "| hinge | 3.00 ± 0.00 | 2 | 0 |" in out
    assert (tmp_path / "runs/studies/tiny/tiny.md").is_file()
    assert main(["ablate", path, "--report", "--page_folder=page"]) == 0
    assert (tmp_path / "page/tiny.png").is_file()
    assert len(trained) == 4


def test_the_time_is_estimated_without_training(path, trained, monkeypatch, capsys):
    monkeypatch.setattr(training, "seconds_of", lambda cell, measured: 120.0)
    assert main(["ablate", path, "--dry_run"]) == 0
    out = capsys.readouterr().out
    assert "2 x 2 minutes" in out and "All of them take 8 minutes in a row." in out
    assert not trained


def test_the_studies_are_listed(capsys):
    assert main(["ablate", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name}  " in out and Study.load(name).title in out for name in studies.names())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Expected one study"),
        (["gausians"], "Did you mean 'gaussians'"),
        (["missing.toml"], "no such study: give the path of a TOML file"),
        (["--list", "gaussians"], "--list takes nothing else"),
        (["gaussians", "--report", "--dry_run"], "--report trains nothing"),
        (["gaussians", "--seeds=7"], "seeds of the study: 0, 1, 2, 3, 4"),
        (["gaussians", "--cells=ring/r3"], "Did you mean 'ring/r1'"),
        (["gaussians", "--report"], "run the study first"),
    ],
)
def test_mistakes_are_named(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["ablate", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_only_read_need_not_be_writable(path, trained, monkeypatch, capsys):
    assert main(["ablate", path, "--dry_run", "--output=/proc/x"]) == 0
    assert main(["ablate", path, "--output=records"]) == 0
    checked = []
    monkeypatch.setattr("ganzoo.cli.ablate.check_place", lambda name, *a, **k: checked.append(name))
    assert main(["ablate", path, "--report", "--output=records", "--page_folder=pages"]) == 0
    assert checked == ["--page_folder"]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_processes_share_a_study(backend, path, tmp_path):
    (tmp_path / "tiny.toml").write_text(STUDY.replace("width = 4", "width = 4, steps = 3"))
    command = [sys.executable, "-m", "ganzoo_cli", "ablate", path, "--processes=2"]
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("seed 0") == done.stdout.count("seed 1") == 2
    assert "| hinge | " in done.stdout and (tmp_path / "runs/studies/tiny/tiny.png").is_file()
