"""A training as the command line asks for it: checked and built before anything is written."""

import dataclasses
import json
import math
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import keras

from ganzoo import distribution, recipes
from ganzoo.callbacks import AtomicCheckpoint, NaNGuard, SampleGrid
from ganzoo.callbacks.interruption import Interrupted
from ganzoo.callbacks.multi_process_checkpoint import SharedCheckpoint
from ganzoo.cli import regularizers
from ganzoo.cli.data import load_source
from ganzoo.cli.run_folder import EpochLog, RunFolder
from ganzoo.data import SemiSupervisedBatches
from ganzoo.distribution.hardware import machine
from ganzoo.recipes.build import gan_from_recipe
from ganzoo.training import inputs

# The flags that belong to a run, whose values its folder keeps, and those that --resume may change.
_KEPT = (
    *("model", "split", "size", "channels", "on_bad", "test_split"),
    *("seed", "precision", "devices"),
)
_CHANGEABLE = {
    *("output", "resume", "epochs", "steps", "sample_every", "jit", "dry_run", "debug"),
    *("devices", "coordinator", "process_id", "num_processes"),
}
_LARGEST_SEED = 2**32 - 1
_PICTURES = 50


class TrainingPlan:
    """What `ganzoo train` is about to do.

    Args:
        options: The values of its flags.

    Raises:
        ValueError: If the flags do not fit each other or the data.
    """

    def __init__(self, options):
        self._join(options)
        self._is_resumed = options.resume
        prepare = _run_to_resume if options.resume else _new_run
        self._folder, recipe, self._settings = prepare(options)
        settings = self._settings
        self._data = load_source(recipe.data, settings)
        check_same_data(settings, self._data)
        _check_same_everywhere("data", zlib.crc32(self._data.examples))
        num_classes = _num_classes(recipe, self._data)

        self._batches = _batches(recipe, self._data, settings.seed)
        self._test = {}
        if settings.test_split is not None:
            self._test = {"validation_data": _test_data(settings, recipe)}
        epoch, steps_of_epoch, self._steps_done = self._folder.progress()
        _check_same_everywhere("checkpoint", self._steps_done)
        steps = _steps(options, recipe.steps, len(self._batches))
        if steps <= self._steps_done:
            raise ValueError(
                f"The run in {self._folder.path} is complete: more --epochs or --steps train it "
                f"further. Received: --resume up to step {steps:,}, with {self._steps_done:,} "
                "done"
            )
        ahead = steps_of_epoch + steps - self._steps_done
        self._epochs = epoch + math.ceil(ahead / len(self._batches))
        self._sample_every = options.sample_every or math.ceil(self._epochs / _PICTURES)

        self._recipe = dataclasses.replace(recipe, steps=steps)
        keras.config.set_dtype_policy(settings.precision)
        keras.utils.set_random_seed(settings.seed)
        self._device_count = distribution.check_devices(settings.devices)
        self._scope = distribution.scope(settings.devices)
        with self._scope:
            self._gan = gan_from_recipe(
                self._recipe,
                self._data.example_shape,
                num_classes=num_classes,
                seed=settings.seed,
                jit_compile={"auto": "auto", "true": True, "false": False}[options.jit],
            )
            inputs.check_equal_shares(self._gan, recipe.batch_size)

    def _join(self, options):
        """Joins the other processes, if there are any, and trains on the devices of all."""
        if options.coordinator is not None:
            distribution.join(options.coordinator, options.process_id, options.num_processes)
            if "devices" not in options.given:
                options.devices = "all"
                options.given.add("devices")
        elif {"process_id", "num_processes"} & options.given:
            raise ValueError(
                "--process_id and --num_processes need the address of process 0: "
                "--coordinator=HOST:PORT. Received: none"
            )
        self.speaks = distribution.process_index() == 0

    def describe(self):
        """Returns the plan as lines of text."""
        recipe, gan, settings = self._recipe, self._gan, self._settings
        updates = f"{recipe.batch_size} examples"
        if recipe.discriminator_steps > 1:
            updates = f"{recipe.discriminator_steps} x {updates}"
        resumed = f", resumed after step {self._steps_done:,}" if self._is_resumed else ""
        return _table(
            {
                "model": f"{settings.model}: {recipe.source}",
                "data": self._data,
                "classes": gan.num_classes or "not used",
                **self._describe_labels(),
                "generator": f"{gan.generator.count_params():,} parameters, from "
                f"{gan.latent_dim} latents ({gan.latent})",
                "discriminator": f"{gan.discriminator.count_params():,} parameters",
                "loss": recipe.loss,
                "regularizers": regularizers.format_all(recipe.regularizers),
                **self._describe_options(),
                "optimizers": f"{_optimizer(recipe.g_optimizer)} for the generator, "
                f"{_optimizer(recipe.d_optimizer)} for the discriminator",
                "average": recipe.ema_decay or "none",
                "steps": f"{recipe.steps:,} of {updates}, in {self._epochs:,} epochs of up to "
                f"{len(self._batches):,}",
                "seed": settings.seed,
                "precision": f"{settings.precision}, XLA {'on' if gan.jit_compile else 'off'}, "
                f"{keras.backend.backend()}",
                **self._describe_devices(),
                "output": f"{self._folder.path}{resumed}",
            }
        )

    def _describe_labels(self):
        recipe = self._recipe
        if recipe.labels_per_class is None:
            return {}
        return {
            "labels": f"{recipe.labels_per_class} of each class",
            "tested on": self._test.get("validation_data", "nothing (no --test_split)"),
        }

    def _describe_options(self):
        recipe = self._recipe
        options = {
            "matching": recipe.generator_loss,
            "augmentation": recipe.augment,
            "packing": recipe.packing if recipe.packing > 1 else None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _describe_devices(self):
        count, processes = self._device_count, distribution.process_count()
        if count == 1:
            return {}
        kinds = f"{count}, of {processes} processes" if processes > 1 else count
        return {"devices": kinds}

    def train(self):
        """Trains, and leaves the run folder complete. Returns the exit code."""
        folder, gan = self._folder, self._gan
        pictures = SampleGrid(
            folder.samples, n=64 if self._data.has_images else 1024, every=self._sample_every
        )
        shared = distribution.process_count() > 1
        callbacks = [
            NaNGuard(),
            _StopAtStep(self._recipe.steps),
            (SharedCheckpoint if shared else AtomicCheckpoint)(folder.checkpoints),
        ]
        # A bar where someone watches it, and a line for each epoch in a file.
        verbose = 1 if sys.stdout.isatty() else 2
        if self.speaks:
            if not self._is_resumed:
                self._settings.hardware = machine()
            folder.write_options(self._recipe, vars(self._settings))
            callbacks[1:1] = [pictures, EpochLog(folder)]
        else:
            verbose = 0
        code = 0
        try:
            with self._scope:
                gan.fit(
                    self._batches,
                    epochs=self._epochs,
                    callbacks=callbacks,
                    verbose=verbose,
                    **self._test,
                )
        except FloatingPointError as error:
            print(f"\nganzoo train: {error}", file=sys.stderr)
            return 1
        except Interrupted as interrupted:
            code = interrupted.code
        if not self.speaks:
            return code
        if code:
            folder.save_model(gan)
            pictures.save_gif()
            print(
                f"\nInterrupted after step {gan.step:,}. Continue from there with:\n"
                f"  ganzoo train --resume --output={folder.path}\n"
            )
            print(self._results())
            return code
        folder.save_model(gan)
        print(f"\nTrained {gan.step:,} steps.\n")
        print(self._results())
        return 0

    def _results(self):
        folder = self._folder
        return _table(
            {
                "model": folder.model,
                "pictures": f"{folder.samples}, with all of them in samples.gif",
                "log": folder.log,
                "options": folder.options,
                "next": f"ganzoo sample {folder.path}",
            }
        )


class _StopAtStep(keras.callbacks.Callback):
    """Ends a training after a step that need not be the last one of an epoch."""

    def __init__(self, step):
        super().__init__()
        self._step = step
        self._epoch_start = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        if self._epoch_start + batch + 1 >= self._step:
            self.model.stop_training = True


def _new_run(options):
    """Returns the folder, the recipe and the settings of the run that the flags ask for."""
    if options.model is None:
        raise ValueError("--model must be given; `ganzoo list` lists the recipes. Received: none")
    if options.seed > _LARGEST_SEED:
        raise ValueError(f"`seed` must be at most {_LARGEST_SEED}. Received: seed={options.seed}")
    recipe = _changed(recipes.get(options.model), options)
    name = options.model
    if recipe.data is None:
        raise ValueError(
            "--data must be given, as this recipe is for any; `ganzoo list` lists the sources. "
            f"Received: --model={options.model}"
        )
    if options.data is not None:
        name += "-" + "".join(c if c.isalnum() else "_" for c in options.data).strip("_")
    folder = RunFolder(options.output or Path("runs", name))
    folder.check_apart(recipe.data)
    _check_new(folder)
    return folder, recipe, SimpleNamespace(**{name: getattr(options, name) for name in _KEPT})


def _check_new(folder):
    """Raises, in all processes, if the first one finds something in the folder."""
    error = None
    if distribution.process_index() == 0:
        try:
            folder.check_new()
        except ValueError as found:
            error = found
    if any(distribution.gather(int(error is not None))):
        raise error or ValueError("The folder of the run is not new: process 0 says more.")


def _run_to_resume(options):
    """Returns the folder, the recipe and the settings of the run in the output folder."""
    if options.output is None:
        raise ValueError("--resume needs the folder of the run: --output=FOLDER. Received: none")
    fixed = sorted(f"--{name}" for name in options.given - _CHANGEABLE)
    if fixed:
        raise ValueError(
            "A resumed run keeps its options: only --epochs or --steps, --sample_every, --jit and "
            f"the devices can change. Received: --resume with {', '.join(fixed)}"
        )
    folder = RunFolder(options.output)
    recipe, settings = folder.read_options()
    if "devices" in options.given or "devices" not in settings:
        settings["devices"] = options.devices
    return folder, recipe, SimpleNamespace(**settings)


def _changed(recipe, options):
    """Returns the recipe with the changes that the flags make to it."""
    names = (
        *("loss", "batch_size", "width", "latent_dim", "ema_decay"),
        *("normalization", "packing", "labels_per_class", "data"),
    )
    changes = {name: getattr(options, name) for name in names if name in options.given}
    if options.conditional:
        changes["conditional"] = True
    if "augment" in options.given:
        changes["augment"] = None if options.augment == "none" else options.augment
    if "regularizers" in options.given:
        changes["regularizers"] = regularizers.parse(options.regularizers)
    for player, flag in (("g_optimizer", "generator_rate"), ("d_optimizer", "discriminator_rate")):
        if flag in options.given:
            changes[player] = dataclasses.replace(
                getattr(recipe, player), learning_rate=getattr(options, flag)
            )
    return dataclasses.replace(recipe, **changes)


def _num_classes(recipe, data):
    """Returns the number of classes of the networks, or `None`."""
    if not recipe.conditional and recipe.labels_per_class is None:
        return None
    if data.labels is None:
        raise ValueError(
            "A conditional or semi-supervised model needs data with labels: give other data, or "
            "another --model and no --conditional. "
            f"Received: --data={recipe.data}, which has no labels"
        )
    return data.num_classes


def _batches(recipe, data, seed):
    """Returns the batches of the training steps."""
    if recipe.labels_per_class is not None:
        return SemiSupervisedBatches(data, recipe.labels_per_class, recipe.batch_size, seed=seed)
    return data.batches(recipe.batch_size * recipe.discriminator_steps, seed=seed)


def _test_data(settings, recipe):
    """Returns the data on which a semi-supervised model is tested."""
    if recipe.labels_per_class is None:
        raise ValueError(
            "Only semi-supervised models are tested while they train: drop --test_split. "
            f"Received: --test_split={settings.test_split} --model={settings.model}"
        )
    options = SimpleNamespace(**{**vars(settings), "split": settings.test_split})
    return load_source(recipe.data, options)


def _steps(options, default, steps_per_epoch):
    if options.epochs is not None and options.steps is not None:
        raise ValueError(
            "Expected --epochs or --steps, not both. "
            f"Received: --epochs={options.epochs} --steps={options.steps}"
        )
    if options.epochs is not None:
        return options.epochs * steps_per_epoch
    return options.steps or default


def check_same_data(settings, data):
    """Notes what the data are, or compares them with what was noted when the run began."""
    found = {
        "count": len(data),
        "shape": list(data.example_shape),
        "crc32": f"{zlib.crc32(data.examples):08x}",
    }
    expected = getattr(settings, "examples", found)
    if found != expected:
        raise ValueError(
            "The data are no longer those that the run began with. Expected: "
            f"{json.dumps(expected)}. Received: {json.dumps(found)}"
        )
    settings.examples = found


def _check_same_everywhere(name, number):
    """Raises unless all processes have the same data, and see the same run folder."""
    found = distribution.gather(number % 2**31)
    if len(set(found)) > 1:
        raise ValueError(
            f"All processes must have the same {name}: give them the same data, and one --output "
            f"on a file system that they share. Received: {found}, one for each process"
        )


def _optimizer(settings):
    decay = "" if settings.decay_start is None else " falling to 0"
    return (
        f"{settings.kind}({settings.learning_rate:g}{decay}, {settings.beta_1:g}, "
        f"{settings.beta_2:g})"
    )


def _table(facts):
    return "\n".join(f"{name:<15}{fact}" for name, fact in facts.items())
