"""The folder of a run: what lies where, and how it is read again."""

import csv
import json
import time
from pathlib import Path

import keras

import ganzoo  # Registers the classes that a model file names.
from ganzoo.callbacks import checkpoint_files
from ganzoo.files import new_file
from ganzoo.presets import builtin, manifest
from ganzoo.recipes import Recipe
from ganzoo.version import __version__


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

    def check_apart(self, source):
        """Raises if the run's pictures would lie among the images that it is trained on."""
        kind, _, images = source.partition(":")
        if kind == "folder" and self.path.resolve().is_relative_to(Path(images).resolve()):
            raise ValueError(
                "The run must lie outside the folder of the images, for its pictures would become "
                f"images to train on: give another --output. Received: --output={self.path} with "
                f"--data={source}"
            )

    def write_options(self, recipe, options):
        """Makes the folder, and writes what `read_options` reads."""
        self.path.mkdir(parents=True, exist_ok=True)
        content = {"ganzoo": __version__, "recipe": json.loads(recipe.to_json()), **options}
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

    def progress(self):
        """Returns the epoch that the checkpoint is in, how many of its steps are done, and of all.

        Raises:
            ValueError: If there are checkpoints, and all are damaged.
        """
        path = checkpoint_files.newest(self.checkpoints)
        if path is None:
            return 0, 0, 0
        epoch, steps_of_epoch = checkpoint_files.read_state(path)["position"]
        return epoch, steps_of_epoch, checkpoint_files.step_of(path)

    def read_log(self):
        """Returns a dictionary for each line of the log."""
        if not self.log.is_file():
            return []
        with open(self.log, newline="") as file:
            return list(csv.DictReader(file))

    def save_model(self, gan):
        """Writes the model, in one move: no reader ever sees half a file."""
        with new_file(self.model, replace=True) as partial:
            gan.save(partial)


class EpochLog(keras.callbacks.Callback):
    """Writes each epoch's last step, its seconds and the mean of each term to the log of a run.

    A resumed run drops the epochs beyond its checkpoint, which it trains again.

    Args:
        folder: The `RunFolder`.
    """

    def __init__(self, folder):
        super().__init__()
        self._folder = folder
        self._rows = []
        self._epoch = self._begin = None
        self._carried = {}

    def on_train_begin(self, logs=None):
        self._rows = self._folder.read_log()

    def get_state(self):
        """Returns the seconds of the latest epoch so far, for `AtomicCheckpoint`."""
        return {} if self._epoch is None else {str(self._epoch): time.perf_counter() - self._begin}

    def set_state(self, state):
        """Restores what `get_state` returned."""
        self._carried = state

    def on_epoch_begin(self, epoch, logs=None):
        self._rows = [row for row in self._rows if int(row["epoch"]) <= epoch]
        self._epoch = epoch
        self._begin = time.perf_counter() - self._carried.pop(str(epoch), 0.0)

    def on_epoch_end(self, epoch, logs=None):
        seconds = f"{time.perf_counter() - self._begin:.3f}"
        terms = {name: f"{value:.6g}" for name, value in logs.items()}
        self._rows.append(
            {"epoch": epoch + 1, "step": self.model.step, "seconds": seconds, **terms}
        )
        lines = [self._rows[0].keys(), *(row.values() for row in self._rows)]
        _replace(self._folder.log, "".join(",".join(map(str, line)) + "\n" for line in lines))


def only_model(others):
    """Returns the one model that a command line names, for `load_model`.

    Raises:
        ValueError: If it names none, or several.
    """
    if len(others) != 1:
        raise ValueError(
            "Expected one model, a preset, a `.keras` file or the run folder that holds one. "
            f"Received: {' '.join(others) or 'none'}"
        )
    return others[0]


def data_of(path):
    """Returns how the data of a run or of a published model were read, or `None` if it is unknown.

    Returns:
        Dictionary of `data`, `split` and `on_bad`, as the flags of `ganzoo train` are called.
    """
    from ganzoo import zoo

    preset = builtin.folder_of(str(path)) or Path(path)
    if (preset / manifest.METRICS).is_file():
        facts = zoo.read(preset)
        # Of images of one's own it holds the name, not where they are.
        if facts is None or zoo.is_local(facts["data"]["source"]):
            return None
        return {"data": facts["data"]["source"], "split": facts["data"]["split"], "on_bad": None}
    folder = RunFolder(path)
    if not folder.options.is_file():
        return None
    recipe, settings = folder.read_options()
    return {"data": recipe.data, "split": settings["split"], "on_bad": settings.get("on_bad")}


def load_model(path):
    """Returns the GAN in a `.keras` file, in a run's folder, or of a preset, by name or folder.

    Raises:
        ValueError: If the file holds no GAN.
        FileNotFoundError: If there is no such file.
    """
    if str(path) in ganzoo.list_models() or Path(path, "metadata.json").is_file():
        return ganzoo.GAN.from_preset(path)
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
    with new_file(path, replace=True) as partial:
        partial.write_text(text)
