"""The parts of `ganzoo create`: the run, the model and the export, each made if it is not there."""

import json
import re
import shlex
from pathlib import Path

from ganzoo import zoo
from ganzoo.cli import create, train
from ganzoo.cli.errors import expected
from ganzoo.cli.publish import load_extractor, publish, read_training
from ganzoo.cli.run_folder import RunFolder
from ganzoo.cli.train_plan import TrainingPlan
from ganzoo.files import new_file
from ganzoo import extractors
from ganzoo.presets import manifest
from ganzoo.validation import check_choice

# Flags that a run keeps, with where its folder holds them.
_OF_RECIPE = ("batch_size", "width", "conditional")
_OF_SETTINGS = ("model", "size", "channels", "on_bad", "seed")
# What folders and addresses can hold.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Creation:
    """What `ganzoo create` is about to do.

    Args:
        images: Path of the folder of images.
        options: The values of its flags.

    Raises:
        ValueError: If the flags do not fit each other, the images, or the run that was begun.
    """

    def __init__(self, images, options):
        self._options = options
        name = options.name or _name_of(images)
        output = Path(options.output or Path("runs", name))
        self._noted = output / "create.json"
        given = {"name": name, "extractor": options.extractor or "none"}
        _check(given)
        self._folder = RunFolder(output / "run")
        is_begun = self._folder.options.is_file() and self._noted.is_file()
        self._chosen = json.loads(self._noted.read_text()) if is_begun else given
        self._name = self._chosen["name"]
        self._model = output / "model"
        self._export = output / "export" / self._name
        self._reasons, self._arguments = [], None
        if not self._folder.options.is_file():
            self._arguments, self._reasons = create.training_arguments(images, options)
        else:
            self._check_same(images)
            if self._steps_wanted() > self._folder.progress()[2]:
                self._arguments = ["--resume", *self._lengths()]
        self._plan = None
        if self._arguments is not None:
            self._arguments.append(f"--output={self._folder.path}")
            self._plan = TrainingPlan(train.COMMAND.parse(self._arguments)[0])

    def describe(self):
        """Returns the plan as lines of text."""
        lines = list(self._reasons)
        if self._plan is None:
            lines.append(f"The training in {self._folder.path} has ended.")
        else:
            lines += ["", shlex.join(["ganzoo", "train", *self._arguments]), self._plan.describe()]
        return "\n".join([*lines, f"{'model':<15}{self._model}", f"{'export':<15}{self._export}"])

    def create(self):
        """Does all that is not done. Returns the exit code."""
        if not self._folder.options.is_file() or not self._noted.is_file():
            with new_file(self._noted, replace=True) as partial:
                partial.write_text(json.dumps(self._chosen, indent=2) + "\n")
        if self._plan is not None:
            print()
            code = self._plan.train()
            if code:
                print("\nThe same `ganzoo create` goes on where it was.")
                return code
        print()
        with expected():
            training = read_training(self._folder.path)
            if not self._is_published(training.gan.step):
                extractor = load_extractor(self._chosen["extractor"], training.recipe.data)
                publish(training, self._model, extractor, name=self._name, replace=True)
            if not self._is_exported():
                self._save_export()
        print(f"{'next':<22}ganzoo sample {self._model}")
        return 0

    def _check_same(self, images):
        """Raises if a flag is not what the run was begun with."""
        recipe, settings = self._folder.read_options()
        begun = {name: getattr(recipe, name) for name in _OF_RECIPE}
        begun |= {name: settings[name] for name in _OF_SETTINGS}
        begun |= {"augment": recipe.augment or "none", **self._chosen}
        given = {name: getattr(self._options, name) for name in begun.keys() & self._options.given}
        begun["images"], given["images"] = recipe.data, f"folder:{images.resolve()}"
        changed = [name for name in given if given[name] != begun[name]]
        if changed:
            raise ValueError(
                f"The run in {self._folder.path} was begun otherwise: give another --output, or "
                f"{', '.join(f'{name}={begun[name]}' for name in changed)}. Received: "
                f"{', '.join(f'{name}={given[name]}' for name in changed)}"
            )

    def _steps_wanted(self):
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

    def _save_export(self):
        from ganzoo import GAN

        print(f"{'export':<22}{GAN.from_preset(self._model).export(self._export)}")


def _name_of(images):
    """Returns a name for the model, which folders and addresses can hold."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", images.resolve().name).strip("_.-") or "images"


def _check(chosen):
    """Raises if no model can have the name, or there is no such extractor."""
    if not _NAME.fullmatch(chosen["name"]):
        raise ValueError(
            "A name has letters, digits, '_', '.' and '-', and begins with a letter or a digit. "
            f"Received: --name={chosen['name']}"
        )
    check_choice("extractor", chosen["extractor"], ["none", *extractors.names()])
