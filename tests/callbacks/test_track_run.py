"""Trackers: what they are told, with a fake of each service, and what happens if one fails."""

import json
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from ganzoo.callbacks import SampleGrid, TrackRun
from support.gans import dense


class FakeWandb:
    """Takes what Weights & Biases would take."""

    def __init__(self, error=None):
        self.inits, self.logged, self.error = [], [], error
        self.summary, self.is_finished = {}, False
        self.id, self.Image = "w1", lambda path: f"image {path[-12:]}"

    def init(self, **settings):
        if self.error is not None:
            raise self.error
        self.inits.append(settings)
        return self

    def log(self, values, step):
        self.logged.append((step, values))

    def finish(self):
        self.is_finished = True


class FakeMlflow:
    """Takes what the client of MLflow would take."""

    def __init__(self):
        self.calls = []
        self.MlflowClient = lambda: self

    def get_experiment_by_name(self, name):
        self.calls.append(("experiment", name))

    def create_experiment(self, name):
        return "7"

    def create_run(self, experiment, run_name):
        self.calls.append(("create", experiment, run_name))
        return SimpleNamespace(info=SimpleNamespace(run_id="m1"))

    def log_metric(self, run, name, value, timestamp, step):
        self.calls.append(("metric", run, name, value, step))

    def __getattr__(self, name):
        return lambda *arguments, **settings: self.calls.append((name, *arguments))


@pytest.fixture
def services(monkeypatch):
    found = {"wandb": FakeWandb(), "mlflow": FakeMlflow()}
    for name, module in found.items():
        monkeypatch.setitem(sys.modules, name, module)
    return found


@pytest.fixture
def train(built):
    """Returns a function that trains the GAN from its start."""
    gan, start = built

    def fit(folder, names, epochs=2, **settings):
        dense.restore(gan, start)
        tracker = TrackRun(names, folder, folder / "samples", **settings)
        pictures = SampleGrid(folder / "samples", n=4, gif=False)
        data = dense.images(16)
        gan.fit(data, batch_size=8, epochs=epochs, verbose=0, callbacks=[pictures, tracker])
        return gan

    return fit


def test_trackers_get_values_pictures_options_and_the_card(train, tmp_path, services):
    folder = tmp_path / "run"
    settings = {"options": {"seed": 3}, "card": "# A run"}
    train(folder, ["wandb", "mlflow", "tensorboard"], **settings)
    wandb, mlflow = services["wandb"], services["mlflow"]
    (start,) = wandb.inits
    assert start["config"] == {"seed": 3} and start["name"] == "run" and start["id"] is None
    scalars = [(step, values) for step, values in wandb.logged if "d_loss" in values]
    assert [step for step, _ in scalars] == [2, 4] and np.isfinite(scalars[0][1]["g_loss"])
    shown = [values["samples"] for _, values in wandb.logged if "samples" in values]
    assert shown == ["image 00000002.png", "image 00000004.png"]
    assert wandb.summary["card"] == "# A run" and "d_loss" in wandb.summary and wandb.is_finished

    metrics = [call[1:] for call in mlflow.calls if call[0] == "metric" and call[2] == "d_loss"]
    assert metrics == [("m1", "d_loss", values["d_loss"], step) for step, values in scalars]
    names = [call[0] for call in mlflow.calls]
    assert names.count("log_artifact") == 2 and names[-1] == "set_terminated"
    assert ("log_param", "m1", "seed", "3") in mlflow.calls
    assert ("log_text", "m1", "# A run", "card.md") in mlflow.calls
    assert list((folder / "tensorboard").glob("events.*"))
    ids = json.loads((folder / "trackers.json").read_text())
    assert (ids["wandb"], ids["mlflow"]) == ("w1", "m1")

    # The same folder continues the same runs.
    train(folder, ["wandb", "mlflow"])
    assert wandb.inits[1]["id"] == "w1" and wandb.inits[1]["resume"] == "allow"
    assert [call[0] for call in mlflow.calls].count("create") == 1


def test_a_tracker_that_fails_is_left_out_with_one_warning(train, tmp_path, services):
    services["wandb"].error = RuntimeError("api_key not configured")
    with pytest.warns(UserWarning, match="no longer shown in wandb.*api_key not conf") as found:
        gan = train(tmp_path / "run", ["wandb", "mlflow"])
    assert len([one for one in found if "no longer shown" in str(one.message)]) == 1
    assert gan.step == 4 and services["mlflow"].calls[-1][0] == "set_terminated"


def test_a_tracker_that_cannot_take_pictures_is_left_out(train, tmp_path, services):
    def fail(*arguments):
        raise KeyError("an error of the pictures")

    services["wandb"].Image = fail
    with pytest.warns(UserWarning, match="no longer shown in wandb"):
        train(tmp_path / "run", ["wandb"], epochs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, files", [("wandb", "run/wandb/offline-run-*/*.wandb"), ("mlflow", "mlflow.db")]
)
def test_trackers_without_a_server_write_local_files(train, tmp_path, monkeypatch, name, files):
    pytest.importorskip(name)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The run is no longer shown")
        train(tmp_path / "run", [name], options={"seed": 3}, card="# A run")
    assert list(tmp_path.glob(files))
    pictures = [*tmp_path.glob("run/wandb/**/*.png"), *tmp_path.glob("mlruns/**/*.png")]
    assert len(pictures) == 2


def test_a_missing_package_is_an_error_that_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match=r"ganzoo\[wandb\]"):
        TrackRun(["wandb"], tmp_path)
    with pytest.raises(ValueError, match="'comet'"):
        TrackRun(["comet"], tmp_path)
