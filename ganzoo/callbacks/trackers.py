"""Services that show training runs: TensorBoard, Weights & Biases, MLflow."""

import os
import time
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.callbacks.event_files import open_event_files
from ganzoo.markdown import table
from ganzoo.registry import Registry

TRACKERS = Registry("tracker")
_PROJECT = "ganzoo"


class Tracker:
    """A service that shows a training run. A subclass says how it takes each kind of fact.

    Raises:
        ImportError: If the package of the service is not installed.
    """

    def start(self, name: str, folder: Path, run_id: str | None, options: dict[str, Any]) -> str:
        """Starts a run, or continues the one of `run_id`.

        Args:
            name: Name of the run.
            folder: Folder of the run on this machine.
            run_id: What an earlier `start` of this run returned, or `None`.
            options: The settings of the run.

        Returns:
            What the service calls the run.
        """
        raise NotImplementedError

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Takes the values of an epoch."""
        raise NotImplementedError

    def picture(self, path: Path, step: int) -> None:
        """Takes the picture of samples."""
        raise NotImplementedError

    def finish(self, values: dict[str, float], card: str) -> None:
        """Takes the last values and a description of the run in Markdown, and ends."""
        raise NotImplementedError


@TRACKERS.register("tensorboard")
class TensorBoard(Tracker):
    """Event files of TensorBoard, in the folder `tensorboard` of the run."""

    def __init__(self):
        _imported("tensorboard")

    def start(self, name, folder, run_id, options):
        path = folder / "tensorboard"
        self._summary, self._writer = open_event_files(path, "scalars")
        if run_id is None:
            self._text("options", _as_table(options))
        return str(path)

    def scalars(self, values, step):
        with self._writer.as_default(step):
            for name, value in values.items():
                self._summary.scalar(name, value)
        self._writer.flush()

    def picture(self, path, step):
        import numpy as np

        with Image.open(path) as image, self._writer.as_default(step):
            self._summary.image("samples", np.asarray(image.convert("RGB"))[None])

    def finish(self, values, card):
        self._text("card", card)
        self._writer.close()

    def _text(self, name, text):
        with self._writer.as_default(0):
            self._summary.text(name, text)


@TRACKERS.register("wandb")
class WeightsAndBiases(Tracker):
    """A run of Weights & Biases, in the project of `WANDB_PROJECT` or `ganzoo`."""

    def __init__(self):
        self._wandb = _imported("wandb")

    def start(self, name, folder, run_id, options):
        self._run = self._wandb.init(
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            name=name,
            id=run_id,
            resume="allow",
            config=options,
            dir=str(folder),
        )
        return self._run.id

    def scalars(self, values, step):
        self._run.log(values, step=step)

    def picture(self, path, step):
        self._run.log({"samples": self._wandb.Image(str(path))}, step=step)

    def finish(self, values, card):
        self._run.summary.update({**values, "card": card})
        self._run.finish()


@TRACKERS.register("mlflow")
class MLflow(Tracker):
    """A run of MLflow, in the experiment of `MLFLOW_EXPERIMENT_NAME` or `ganzoo`."""

    def __init__(self):
        self._mlflow = _imported("mlflow")

    def start(self, name, folder, run_id, options):
        # The client leaves the active run of the process to its user.
        self._client = self._mlflow.MlflowClient()
        if run_id is not None:
            self._id = run_id
            self._client.update_run(run_id, status="RUNNING")
            return run_id
        title = os.environ.get("MLFLOW_EXPERIMENT_NAME", _PROJECT)
        experiment = self._client.get_experiment_by_name(title)
        number = experiment.experiment_id if experiment else self._client.create_experiment(title)
        self._id = self._client.create_run(number, run_name=name).info.run_id
        for key, value in options.items():
            self._client.log_param(self._id, key, str(value)[:500])
        return self._id

    def scalars(self, values, step):
        now = int(1000 * time.time())
        for name, value in values.items():
            self._client.log_metric(self._id, name, value, timestamp=now, step=step)

    def picture(self, path, step):
        self._client.log_artifact(self._id, str(path), "samples")

    def finish(self, values, card):
        for name, value in values.items():
            self._client.set_tag(self._id, f"final.{name}", f"{value:.6g}")
        self._client.log_text(self._id, card, "card.md")
        self._client.set_terminated(self._id)


def _imported(name):
    """Returns the module of a service, which is also the name of its extra."""
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(
            f"--log={name} needs the package {name}: `pip install 'ganzoo[{name}]'`. "
            f"Received: {error}"
        ) from error


def _as_table(options):
    return table(("setting", "value"), options.items())
