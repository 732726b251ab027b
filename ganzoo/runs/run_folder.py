"""The folder of a run: the places of its files, and how they are read."""

import json
from pathlib import Path

from ganzoo import json_files, zoo
from ganzoo.callbacks import checkpoint_files
from ganzoo.callbacks.epoch_log import EpochLog
from ganzoo.file_names import check_folder_name
from ganzoo.files import check_place, is_unfinished, new_file, user_path
from ganzoo.folder_lock import FolderLock
from ganzoo.presets import builtin, lookup, manifest
from ganzoo.recipes import Recipe
from ganzoo.runs.model_files import load_file
from ganzoo.runs.run_checkpoints import load_checkpoint
from ganzoo.training import GAN
from ganzoo.version import __version__
from ganzoo_cli.config_file import as_toml
from ganzoo_cli.models import check_exists
from ganzoo_cli.shared_flags import DATA_FLAGS

_NOTHING = type(None)
# The types of the options of a run.
_OPTIONS = {
    **{"model": str, "split": (str, _NOTHING), "seed": int, "precision": str, "ganzoo": str},
    **{"size": (int, str, _NOTHING), "channels": (int, _NOTHING), "on_bad": (str, _NOTHING)},
    **{name: (str, _NOTHING) for name in ("labels", "labels_as", "alpha", "crop", "dtype")},
    **{"label_columns": list, "value_range": (list, _NOTHING), "cache": (str, _NOTHING)},
    **{"test_split": (str, _NOTHING), "devices": (str, int, _NOTHING), "examples": dict},
    **{"init_from": (str, _NOTHING), "freeze_discriminator": (int, _NOTHING)},
    **{
        "mirror": bool,
        "metrics": list,
        "every": int,
        "metric_samples": (int, _NOTHING),
    },
    **{"extractor": (str, _NOTHING), "keep_best": (str, _NOTHING)},
    **{"monitors": (str, _NOTHING), "checkpoint_every": int, "keep": int, "jit": str},
    **{"sample_every": (int, _NOTHING), "steps_per_execution": (int, str), "log": list},
    **{"accumulate": int, "remat": bool},
    **{"hardware": (str, _NOTHING), "threads": int, "completed": (int, _NOTHING)},
}
_MOST_LISTED = 8  # The folders that a message names at most.
_ALWAYS_THERE = ("model", "split", "size", "channels", "seed", "precision", "ganzoo")


class RunFolderError(ValueError):
    """The folder of a run cannot be used."""


class RunFolder:
    """The files of a run.

    Attributes:
        options: `options.json`: the recipe with its changes, the data and the other options.
        log: `log.csv`: the mean of each term over each epoch.
        samples: Folder of the pictures.
        checkpoints: Folder of the checkpoints to resume from.
        model: `model.keras`, the trained model.
        config: `gan.json`: the networks and what they are trained with, to load checkpoints.
        curves: `curves.png`: the curves of the log.
        toml: `config.toml`: the settings of `ganzoo train` that repeat the run.
    """

    def __init__(self, path: str | Path):
        self.path = user_path(path)
        self.options = self.path / "options.json"
        self.log = self.path / "log.csv"
        self.samples = self.path / "samples"
        self.checkpoints = self.path / "checkpoints"
        self.model = self.path / "model.keras"
        self.config = self.path / "gan.json"
        self.curves = self.path / "curves.png"
        self.toml = self.path / "config.toml"

    def check_new(self):
        """Raises `RunFolderError` if there is something in the folder, or its name is a file's.

        What a process that was killed at its start may leave is nothing.
        """
        check_folder_name("--output", self.path)
        is_new = not self.path.exists()
        if not is_new and not (self.path.is_dir() and all(map(_is_nothing, self.path.iterdir()))):
            raise RunFolderError(
                "The folder of a new run must be empty or not exist. Give another --output, or "
                f"--resume to continue the run in it. Received: --output={self.path}"
            )
        self.check_writable()

    def check_writable(self):
        """Raises `RunFolderError` unless the folder can be written, or created."""
        try:
            check_place("--output", self.path, is_folder=True)
        except OSError as error:
            raise RunFolderError(str(error)) from error

    def check_apart(self, source):
        """Raises `ValueError` if the folder lies inside the folder of the training images."""
        kind, _, images = source.partition(":")
        if kind != "folder" or not images:
            return
        if self.path.resolve().is_relative_to(user_path(images).resolve()):
            raise ValueError(
                "The run must lie outside the folder of the images, because its pictures would "
                "become training images: give another --output. "
                f"Received: --output={self.path} with --data={source}"
            )

    def lock(self):
        """Creates the folder, and returns its lock, a context manager."""
        self.path.mkdir(parents=True, exist_ok=True)
        return FolderLock(self.path)

    def write_options(self, recipe, options):
        """Writes the file that `read_options` reads."""
        content = {"ganzoo": __version__, "recipe": json.loads(recipe.to_json()), **options}
        with new_file(self.options, replace=True) as partial:
            partial.write_text(json.dumps(content, indent=2) + "\n")

    def write_toml(self, settings):
        """Writes the settings of `ganzoo train` that repeat the run, values by names of flags."""
        with new_file(self.toml, replace=True) as partial:
            partial.write_text(toml_of(settings), encoding="utf-8")

    def read_options(self):
        """Returns the `Recipe` and the dictionary of the other options.

        Raises:
            ValueError: If the folder holds no run, or its options are damaged.
        """
        if not self.options.is_file():
            raise ValueError(
                "Expected the folder of a run, which holds the file options.json."
                f"{_listed(_runs_in(self.path))} Received: {self.path}"
            )
        way_out = "restore a copy of it, or train again in another folder"
        if self.toml.is_file():
            way_out += f", as `ganzoo train --config={self.toml} --output=FOLDER` does"
        with json_files.reading(self.options, way_out) as options:
            recipe = Recipe.from_json(json.dumps(options.pop("recipe")))
            _check_options(options, recipe)
        return recipe, options

    def progress(self):
        """Returns the position of the newest checkpoint.

        Returns:
            The epoch, counted from 0; the number of its steps that are done; and the number of all
            steps that are done. All are 0 if there is no checkpoint.

        Raises:
            ValueError: If there are checkpoints and all of them are damaged.
        """
        path = checkpoint_files.newest(self.checkpoints)
        if path is None:
            return 0, 0, 0
        epoch, steps_of_epoch = checkpoint_files.read_state(path)["position"]
        return epoch, steps_of_epoch, checkpoint_files.step_of(path)

    def is_complete(self, step):
        """Returns whether all files of a run that ended after `step` were written."""
        _, settings = self.read_options()
        return settings.get("completed") == step and self.model.is_file()

    def read_log(self):
        """Returns a dictionary from columns to texts for each epoch."""
        return EpochLog.read(self.log)

    def save_model(self, gan):
        """Writes the model, so that no reader ever sees half a file."""
        with new_file(self.model, replace=True) as partial:
            gan.save(partial)


def _check_options(options, recipe):
    """Raises `KeyError` or `TypeError` unless the options of a run are there and have their types.

    Older versions of ganzoo did not write all options.
    """
    for name, kinds in _OPTIONS.items():
        if name in _ALWAYS_THERE or name in options:
            value = options[name]
            # A Boolean is an integer for Python.
            if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
                raise TypeError(f"{name}={value!r:.100}")
    if not isinstance(recipe.data, str):
        raise TypeError(f"data={recipe.data!r:.100}")


def _is_nothing(path):
    return FolderLock.is_lock(path) or is_unfinished(path)


def data_of(path):
    """Returns how the training data of a run or of a preset were read, or `None` if unknown.

    Args:
        path: A preset's name or address, or the path of a preset, of a run or of a `.keras` file.

    Returns:
        Dictionary of the flags of `ganzoo train` that say so, without the size and the channels,
        which are the ones of the model.
    """
    flags = ("data", *sorted(DATA_FLAGS - {"size", "channels"}))
    preset = lookup.folder_of(str(path)) or user_path(path)
    if (preset / manifest.METRICS).is_file():
        facts = zoo.read(preset)
        # For a user's own images it holds a name, and not the place.
        if facts is None or zoo.is_local(facts["data"]["source"]):
            return None
        facts = facts["data"]
        return {**dict.fromkeys(flags), "data": facts["source"], "split": facts["split"]}
    folder = RunFolder(path)
    if not folder.options.is_file():
        return None
    recipe, settings = folder.read_options()
    return {**{name: settings.get(name) for name in flags}, "data": recipe.data}


def check_same_data(settings, data):
    """Raises `ValueError` if the data are not those at the start of the run.

    Args:
        settings: The options of the run as attributes. Those of a new run have no `examples`, the
            facts about its data, and get them.
        data: The `ganzoo.data.Dataset`.
    """
    found = facts_of_data(data)
    expected = vars(settings).setdefault("examples", found)
    if found != expected:
        raise ValueError(
            "The data have changed since the run started. Expected: "
            f"{json.dumps(expected)}. Received: {json.dumps(found)}"
        )


def toml_of(settings):
    """Returns the text of `config.toml`, or raises `ValueError` if TOML cannot hold a setting."""
    comment = f"ganzoo {__version__}: `ganzoo train --config=FILE` repeats this run."
    return as_toml(settings, comment)


def facts_of_data(data):
    """Returns what the options of a run record of its data."""
    return {
        "count": len(data),
        "shape": list(data.example_shape),
        "crc32": f"{data.checksum:08x}",
    }


def load_model(path: str | Path, checkpoint: str | int | None = None) -> GAN:
    """Returns the GAN of a preset, of a run, or of a `.keras` file.

    Args:
        path: A preset's name or address, or the path of a preset, of a run or of a `.keras` file.
        checkpoint: For a run, `"best"`, `"newest"` or the number of a step, for the GAN at this
            checkpoint; by default the trained model.

    Raises:
        ValueError: If the file holds no GAN, or there is no such checkpoint.
        FileNotFoundError: If there is no such file.

    Example:

    >>> run = ganzoo.train("dcgan_digits", steps=50, output="runs/short")
    >>> ganzoo.runs.load_model("runs/short", checkpoint="newest").step
    50
    """
    check_exists(path)
    if checkpoint is not None and not RunFolder(path).options.is_file():
        raise ValueError(
            "Only the folder of a run has checkpoints: leave --checkpoint out. "
            f"Received: --checkpoint={checkpoint} for {path}"
        )
    is_named = str(path) in builtin.list_models() or lookup.is_address(str(path))
    if is_named or (user_path(path) / manifest.METADATA).is_file():
        return GAN.from_preset(path)
    path = user_path(path)
    if path.is_dir():
        folder = RunFolder(path)
        _check_is_run(folder)
        if checkpoint is not None:
            return load_checkpoint(folder, checkpoint)
        path = folder.model
    if not path.is_file():
        raise FileNotFoundError(
            "There is no such model: `ganzoo train` writes it at the end of a run, `ganzoo "
            f"train --resume --output={path.parent}` completes a run that was stopped, and "
            f"--checkpoint=newest takes what is trained so far. Received: {path}"
        )
    return load_file(path)


def _check_is_run(folder):
    """Raises `FileNotFoundError` if a folder holds neither a run nor a model."""
    if folder.options.is_file() or folder.model.is_file():
        return
    path = folder.path
    presets = [one.parent for one in sorted(path.glob(f"*/{manifest.METADATA}"))]
    hint = _listed(presets + _runs_in(path))
    if not hint and "checkpoints" in (path.name, path.parent.name):
        hint = " Give the folder of the run: --checkpoint=newest takes its newest checkpoint."
    elif not hint and ((path / "saved_model.pb").is_file() or any(path.glob("*/saved_model.pb"))):
        hint = " An export is for servers. Give the preset or the run that it was made from."
    raise FileNotFoundError(
        f"There is no model in this folder.{hint} Expected a preset, a `.keras` file or the "
        f"folder of a run. Received: {path}"
    )


def _runs_in(path):
    """Returns the runs that are in a folder, such as that of `ganzoo create`."""
    return [one.parent for one in sorted(path.glob("*/options.json"))]


def _listed(folders):
    """Returns a sentence that lists folders, or nothing if there are none."""
    if not folders:
        return ""
    return f" Give one of the folders in it: {', '.join(map(str, folders[:_MOST_LISTED]))}."
