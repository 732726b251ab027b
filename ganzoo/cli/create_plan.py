"""The steps of `ganzoo create`: the run, the model and the export, each made if it is missing."""

import json
import re
import shlex
from pathlib import Path

from ganzoo import GAN, extractors, json_files, zoo
from ganzoo.cli.collapse import signs_of_collapse
from ganzoo.cli.create_defaults import training_arguments
from ganzoo.cli.publish import load_extractor, publish, read_training
from ganzoo.cli.train import train
from ganzoo.export.tensorflow_subprocess import check_packages
from ganzoo.files import new_file, user_path
from ganzoo.presets import manifest
from ganzoo.runs.part_flags import format_augment
from ganzoo.runs.progress import duration, working
from ganzoo.runs.run_folder import RunFolder
from ganzoo.runs.train_plan import TrainPlan
from ganzoo.validation import check_choice
from ganzoo_cli.commands.create import COMMAND as CREATE
from ganzoo_cli.commands.train import COMMAND as TRAIN
from ganzoo_cli.config_file import read_config
from ganzoo_cli.errors import expected
from ganzoo_cli.settings import text_of
from ganzoo_cli.shared_flags import CONTENT_FLAGS

# Flags whose values a run keeps, by the place where its folder holds them.
_RECIPE_FLAGS = ("batch_size", "width", "conditional")
_SETTINGS_FLAGS = (
    *("model", "size", "channels", "on_bad", "max_pixels", "seed"),
    *("init_from", "freeze_discriminator", *CONTENT_FLAGS),
)
# Names that folders and addresses can hold.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class CreatePlan:
    """What `ganzoo create` is about to do.

    Args:
        images: Path of the folder of images.
        options: The values of its flags.

    Raises:
        ValueError: If the flags do not fit each other, the images, or what is in the output folder.
        OSError, ImportError: If the extractor cannot be loaded.
    """

    def __init__(self, images, options):
        self._options = options
        options.labels = _path_of_labels(options.labels, images)
        name = options.name or _name_of(images)
        output = Path(options.output or Path("runs", name))
        self._record = output / "create.json"
        given = {"name": name, "extractor": options.extractor or "none"}
        _check(given)
        self._folder = RunFolder(output / "run")
        has_started = self._folder.options.is_file() and self._record.is_file()
        self._chosen = self._read_record() if has_started else given
        self._name = self._chosen["name"]
        self._model = output / "model"
        self._export = output / "export" / self._name
        self._reasons, self._arguments = [], None
        if not self._folder.options.is_file():
            self._arguments, self._reasons = training_arguments(images, options)
        else:
            self._check_same(images)
            done = self._folder.progress()[2]
            if self._requested_steps() > done or not self._folder.is_complete(done):
                self._arguments = ["--resume", *self._lengths()]
        # Errors of what follows the training come before it.
        zoo.check_folder(self._model, replace=True)
        check_packages("saved_model")
        self._extractor = load_extractor(self._chosen["extractor"], None)
        self._train_plan = None
        if self._arguments is not None:
            self._arguments.append(f"--output={self._folder.path}")
            train_options, others = TRAIN.parse(self._arguments)
            read_config(TRAIN, train_options)
            TRAIN.check(train_options, others)
            self._train_plan = TrainPlan(train_options)

    def describe(self):
        """Returns the plan as lines of text."""
        lines = list(self._reasons)
        if self._train_plan is None:
            lines.append(f"The training run in {self._folder.path} has ended.")
        else:
            command = shlex.join(["ganzoo", "train", *self._arguments])
            lines += ["", command, self._train_plan.describe()]
        return "\n".join([*lines, f"{'model':<15}{self._model}", f"{'export':<15}{self._export}"])

    def estimate(self):
        """Returns how long the training takes, in words. It trains a few steps, not to be kept."""
        if self._train_plan is None:
            return "nothing is left to train"
        seconds, steps = self._train_plan.seconds_per_step(), self._train_plan.steps_to_do
        return (
            f"about {duration(seconds * steps)} on this machine, for {steps:,} steps of "
            f"{duration(seconds)}, and the pictures and metrics"
        )

    def create(self):
        """Does everything that is not done yet. Returns the exit code."""
        if not self._folder.options.is_file() or not self._record.is_file():
            with new_file(self._record, replace=True) as partial:
                partial.write_text(json.dumps(self._chosen, indent=2) + "\n")
        if self._train_plan is not None:
            print()
            code = train(self._train_plan)
            if code:
                print("\nThe same `ganzoo create` continues where it stopped.")
                return code
        print()
        with expected():
            training = read_training(self._folder.path)
            if not self._is_published(training.gan.step):
                publish(training, self._model, self._extractor, name=self._name, replace=True)
            if not self._is_exported():
                with working("exporting the model"):
                    path = GAN.from_preset(self._model).export(self._export)
                print(f"{'export':<22}{path}")
            if signs := signs_of_collapse(training.gan, training.data):
                print(f"{'warning':<22}{signs}")
        conditions = "" if training.gan.condition_dim is None else " --conditions=VECTOR"
        print(f"{'next':<22}ganzoo sample {self._model}{conditions}")
        return 0

    def _read_record(self):
        """Returns the name and the extractor of the run that the output folder holds."""
        way_out = (
            'write into it {"name": NAME, "extractor": EXTRACTOR}, the name of the model and none '
            "or the name of an extractor"
        )
        with json_files.reading(self._record, way_out) as record:
            return {name: str(record[name]) for name in ("name", "extractor")}

    def _check_same(self, images):
        """Raises if a flag differs from the run in the output folder."""
        recipe, settings = self._folder.read_options()
        kept = {name: getattr(recipe, name) for name in _RECIPE_FLAGS}
        kept |= {name: settings.get(name) for name in _SETTINGS_FLAGS}
        kept |= {"augment": format_augment(recipe.augment), **self._chosen}
        kept["labels"] = _path_of_labels(kept["labels"], images)
        given = {name: getattr(self._options, name) for name in kept.keys() & self._options.given}
        kept["images"], given["images"] = recipe.data, f"folder:{images.resolve()}"
        changed = [name for name in given if given[name] != kept[name]]
        if changed:
            raise ValueError(
                f"The run in {self._folder.path} has other options: give another --output, or "
                f"{_listed(changed, kept)}. Received: {_listed(changed, given)}"
            )

    def _requested_steps(self):
        recipe, settings = self._folder.read_options()
        if self._options.epochs is not None and self._options.steps is None:
            batch = recipe.batch_size * recipe.discriminator_steps
            return self._options.epochs * (settings["examples"]["count"] // batch)
        return self._options.steps or recipe.steps

    def _lengths(self):
        return [
            f"--{name}={value}"
            for name in ("epochs", "steps")
            if (value := getattr(self._options, name)) is not None
        ]

    def _is_published(self, step):
        if not (self._model / manifest.METADATA).is_file():
            return False
        facts = zoo.read(self._model)
        return facts is not None and facts["training"]["steps"] == step

    def _is_exported(self):
        """Whether a version was exported after the model was published."""
        published = (self._model / manifest.METADATA).stat().st_mtime
        versions = self._export.glob("*/saved_model.pb")
        return any(path.stat().st_mtime >= published for path in versions)


def _listed(names, values):
    """Returns the images and the flags of a command line as a message lists them."""
    return ", ".join(_as_given(name, values[name]) for name in names)


def _as_given(name, value):
    if name == "images":
        return f"the images of {value}"
    if value in (None, [], False):
        return f"no --{name}"
    return f"--{name}" if value is True else f"--{name}={text_of(CREATE, name, value)}"


def _name_of(images):
    """Returns a name for the model that folders and addresses can hold."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", images.resolve().name).strip("_.-") or "images"


def _path_of_labels(labels, images):
    """Returns the path of a table, whole unless it lies in the folder of the images; or `None`."""
    if labels is None:
        return None
    places = {path.resolve() for path in (images / labels, user_path(labels))}
    found = [path for path in places if path.is_file()]
    if len(found) != 1:
        return labels  # Loading the data says what is wrong.
    root = images.resolve()
    return str(found[0].relative_to(root) if found[0].is_relative_to(root) else found[0])


def _check(chosen):
    """Raises if a model cannot have the name, or the extractor is unknown."""
    if not _NAME.fullmatch(chosen["name"]):
        raise ValueError(
            "A name consists of letters, digits, '_', '.' and '-', and starts with a letter or a "
            f"digit. Received: --name={chosen['name']}"
        )
    check_choice("extractor", chosen["extractor"], ["none", *extractors.names()])
