"""The folder of a run: what lies where, and how it is read again."""

import csv
import json
import os
import time
from pathlib import Path

import keras

import ganzoo  # Registers the classes that a model file names.
from ganzoo.recipes import Recipe


class RunFolder:
    """Names the files of a run.

    Attributes:
        options: `options.json`: the recipe with its changes, the data and the other options.
        log: `log.csv`: the mean of each term over each epoch.
        samples: Folder of the pictures.
        checkpoints: Folder of the state to resume from.
        model: `model.keras`, the trained model.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.options = self.path / "options.json"
        self.log = self.path / "log.csv"
        self.samples = self.path / "samples"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model.keras"

    def check_new(self):
        """Raises if something is in the folder already."""
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise ValueError(
                "The folder of a new run must be empty or not exist. Give another --output, or "
                f"--resume to continue the run in it. Received: --output={self.path}"
            )

    def write_options(self, recipe, options):
        """Makes the folder, and writes what `read_options` reads."""
        self.path.mkdir(parents=True, exist_ok=True)
        content = {"ganzoo": ganzoo.__version__, "recipe": json.loads(recipe.to_json()), **options}
        _replace(self.options, json.dumps(content, indent=2) + "\n")

    def read_options(self):
        """Returns the `Recipe` and the other options of the run in this folder."""
        if not self.options.is_file():
            raise ValueError(
                "There is no run to resume: a run's folder holds its options.json. "
                f"Received: --resume --output={self.path}"
            )
        try:
            options = json.loads(self.options.read_text())
            recipe = Recipe.from_json(json.dumps(options.pop("recipe")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.options} is damaged. Received: {error!r}") from error
        return recipe, options

    def progress(self, steps_per_epoch):
        """Returns how many epochs and how many steps the checkpoint has behind it."""
        metadata = self.checkpoints / "training_metadata.json"
        if not metadata.is_file():
            return 0, 0
        epochs = json.loads(metadata.read_text())["epoch"]
        steps = {int(row["epoch"]): int(row["step"]) for row in self.read_log()}
        return epochs, steps.get(epochs, epochs * steps_per_epoch)

    def read_log(self):
        """Returns a dictionary for each line of the log."""
        if not self.log.is_file():
            return []
        with open(self.log, newline="") as file:
            return list(csv.DictReader(file))

    def save_model(self, gan):
        """Writes the model, in one move: no reader ever sees half a file."""
        partial = self.path / ".partial.keras"
        try:
            gan.save(partial)
            os.replace(partial, self.model)
        finally:
            partial.unlink(missing_ok=True)


class EpochLog(keras.callbacks.Callback):
    """Writes each epoch's last step, its seconds and the mean of each term to the log of a run.

    A resumed run first drops the epochs beyond its checkpoint, which it trains again.

    Args:
        folder: The `RunFolder`.
    """

    def __init__(self, folder):
        super().__init__()
        self._folder = folder
        self._rows = []
        self._begin = 0.0

    def on_train_begin(self, logs=None):
        step = self.model.step
        self._rows = [row for row in self._folder.read_log() if int(row["step"]) <= step]

    def on_epoch_begin(self, epoch, logs=None):
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = f"{time.perf_counter() - self._begin:.3f}"
        terms = {name: f"{value:.6g}" for name, value in logs.items()}
        self._rows.append(
            {"epoch": epoch + 1, "step": self.model.step, "seconds": seconds, **terms}
        )
        lines = [self._rows[0].keys(), *(row.values() for row in self._rows)]
        _replace(self._folder.log, "".join(",".join(map(str, line)) + "\n" for line in lines))


def load_model(path):
    """Returns the GAN in a `.keras` file, or in a run's folder.

    Raises:
        ValueError: If the file holds no GAN.
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    if path.is_dir():
        path = RunFolder(path).model
    if not path.is_file():
        raise FileNotFoundError(
            "There is no such model; `ganzoo train` writes one at the end of a run. "
            f"Received: {path}"
        )
    try:
        gan = keras.saving.load_model(path)
    except Exception as error:  # Keras raises whatever its decoders raise.
        raise ValueError(
            f"{path} cannot be loaded. Received: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(gan, ganzoo.GAN):
        raise ValueError(
            f"Expected a file that holds a `ganzoo.GAN`. Received: {path}, which holds a "
            f"{type(gan).__name__}"
        )
    return gan


def _replace(path, text):
    """Writes a text file in one move."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)
