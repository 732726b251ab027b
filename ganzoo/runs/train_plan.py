"""A training run as its settings describe it, checked and built before anything is written."""

import contextlib
import dataclasses
import math
import sys
import time

import keras

from ganzoo import distribution
from ganzoo.callbacks.fingerprint import is_accepted
from ganzoo.callbacks.interruption import Interrupted
from ganzoo.data import SemiSupervisedBatches
from ganzoo.distribution import hardware
from ganzoo.runs import plan_text
from ganzoo.runs.progress import RunBar
from ganzoo.runs.recipe_flags import repeating_settings
from ganzoo.runs.run_callbacks import RunCallbacks
from ganzoo.runs.run_checkpoints import write_config
from ganzoo.runs.run_folder import RunFolder, check_same_data, facts_of_data, toml_of
from ganzoo.runs.run_settings import in_process_0, new_run, run_to_resume, set_threads
from ganzoo.runs.sources import load_source
from ganzoo.training import GAN, inputs

_JIT = {"auto": "auto", "true": True, "false": False}
_TIMED_STEPS = 3


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A training run that has ended.

    Attributes:
        gan: The trained `ganzoo.GAN`.
        folder: The `ganzoo.runs.RunFolder` with the paths of its files.
        history: The `keras.callbacks.History` of this process.
    """

    gan: GAN
    folder: RunFolder
    history: keras.callbacks.History


class TrainPlan:
    """A training run that is about to start.

    Args:
        options: The values of the flags of `ganzoo train`, which
            `ganzoo_cli.commands.train.COMMAND` has checked.
        dataset: The `ganzoo.data.Dataset` to train on, or `None`: the options name its source.

    Attributes:
        is_primary: Whether this is the process that prints and writes files.
        is_resumed: Whether an earlier run continues.
        overridden: Names of the flags of a config file that the command line replaces.
        is_trained: Whether all steps are done and only files are missing.
        folder: The `ganzoo.runs.RunFolder`.
        recipe: The `ganzoo.recipes.Recipe` with its changes.
        settings: The other options of the run, as attributes.
        data: The `ganzoo.data.Dataset`.
        test_data: The one on which a semi-supervised model is tested, or `None`.
        batches: The batches of the training steps.
        gan: The GAN.
        transfer: What it took from another GAN, or `None`.
        callbacks: The `RunCallbacks`.
        without_monitors: Why monitors that nobody asked for are left out, or `None`.
        epochs: Number of the last epoch.
        steps_done: Number of steps that are done already.
        device_count: Number of devices that share a batch.

    Raises:
        ValueError: If the options do not fit the recipe, the data, the machine or the run folder.
    """

    def __init__(self, options, dataset=None):
        _join_processes(options)
        self.is_primary = distribution.process_index() == 0
        self.is_resumed = options.resume
        self.overridden = options.overridden
        prepare = run_to_resume if options.resume else new_run
        self.folder, recipe, self.settings = prepare(options)
        settings = self.settings
        set_threads(options, settings)
        self.data = load_source(recipe.data, settings) if dataset is None else dataset
        if _accepts_data(options):
            settings.examples = facts_of_data(self.data)
        else:
            check_same_data(settings, self.data)
        _check_same_everywhere("data", self.data.checksum)
        _check_labels(recipe, self.data)
        self.batches = _batches(recipe, self.data, settings)
        self.test_data = _test_data(recipe, settings)

        epoch, steps_of_epoch, self.steps_done = self.folder.progress()
        _check_same_everywhere("checkpoint", self.steps_done)
        steps = options.steps or recipe.steps
        if options.epochs is not None:
            steps = options.epochs * len(self.batches)
        # A process may have ended after the last step and before everything was written.
        self.is_trained = 0 < steps <= self.steps_done
        if self.is_trained:
            if self.folder.is_complete(self.steps_done):
                raise ValueError(
                    f"The run in {self.folder.path} is complete: give more --epochs or --steps to "
                    f"train it further. Received: --resume up to step {steps:,}, with "
                    f"{self.steps_done:,} done"
                )
            steps = self.steps_done
        steps_to_do = steps_of_epoch + steps - self.steps_done
        self.epochs = epoch + math.ceil(steps_to_do / len(self.batches))

        self._accepted = _accepted_changes(options, recipe, steps)
        self.recipe = dataclasses.replace(recipe, steps=steps)
        # A setting that no file can hold is an error before the folder is created.
        toml_of(self._all_settings())
        self.callbacks = RunCallbacks(
            self.folder, self.recipe, settings, self.data, self.epochs, len(self.batches)
        )
        keras.utils.set_random_seed(settings.seed)
        self.device_count = distribution.check_devices(settings.devices)
        self._scope = distribution.scope(settings.devices)
        with self._scope, self._precision():
            self.gan = GAN.from_recipe(
                self.recipe,
                self.data,
                seed=settings.seed,
                jit_compile=_JIT[settings.jit],
                frozen_layers=settings.freeze_discriminator or 0,
                steps_per_execution=settings.steps_per_execution,
                accumulate=settings.accumulate,
                remat=settings.remat,
            )
            self.transfer = self._initialize()
            inputs.check_equal_shares(self.gan, recipe.batch_size)
            self.without_monitors = self.callbacks.check_monitors(self.gan)

    def _initialize(self):
        """Gives the GAN the weights of another one, if the run starts so; returns what it took."""
        source = self.settings.init_from
        # Later on, the weights come from the checkpoint.
        return self.gan.initialize_from(source) if source and not self.steps_done else None

    @contextlib.contextmanager
    def _precision(self):
        """Makes the precision of the run Keras's own while the context lasts."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.settings.precision)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    @property
    def steps_to_do(self) -> int:
        """The number of steps that are still to do."""
        return self.recipe.steps - self.steps_done

    def describe(self) -> str:
        """Returns the plan as lines of text."""
        return plan_text.describe_plan(self)

    def describe_results(self) -> str:
        """Returns the files of the run and the next command as lines of text."""
        needs_conditions = self.gan.condition_dim is not None
        return plan_text.describe_results(self.folder, self.settings.keep_best, needs_conditions)

    def seconds_per_step(self) -> float:
        """Returns the duration of a step after the first, which compiles. It trains the model."""
        with self._precision():
            self.gan.fit(self.batches, steps=1, verbose=0)
            start = time.perf_counter()
            self.gan.fit(self.batches, steps=1 + _TIMED_STEPS, verbose=0)
            return (time.perf_counter() - start) / _TIMED_STEPS

    def train(self, verbose: int | str = "auto") -> TrainedRun:
        """Trains, and completes the run folder.

        Args:
            verbose: As for `ganzoo.train`.

        Raises:
            RunFolderError: If another run has taken the folder.
            AnotherRun: If the checkpoints in the folder are of a run with other settings.
            OSError: If the folder cannot be written, or another process writes to it.
            FloatingPointError: If the training run diverges.
            Interrupted: After SIGINT or SIGTERM, when the current model is written.
        """
        with contextlib.ExitStack() as stack:
            in_process_0(lambda: self._start(stack))
            stack.enter_context(self._precision())
            return self._train(*self._display(verbose))

    def _start(self, stack):
        """Makes this process the only writer of the folder, and writes the options."""
        stack.enter_context(self.folder.lock())
        if not self.is_resumed:
            self.folder.check_new()
            self.settings.hardware = hardware.machine()
        self.settings.completed = None
        self._write_options()
        write_config(self.folder, self.gan)

    def _write_options(self):
        self.folder.write_options(self.recipe, vars(self.settings))
        self.folder.write_toml(self._all_settings())

    def _all_settings(self):
        return repeating_settings(self.recipe, self.settings, everything=True)

    def _train(self, verbose, bars):
        folder, gan = self.folder, self.gan
        callbacks = self.callbacks.listed(self.recipe.steps, self._accepted)
        length = {"steps": self.recipe.steps} if self.is_trained else {"epochs": self.epochs}
        try:
            with self._scope:
                history = gan.fit(
                    self.batches,
                    callbacks=[*callbacks, *bars],
                    verbose=verbose,
                    validation_data=self.test_data,
                    **length,
                )
        except Interrupted:
            if self.is_primary:
                folder.save_model(gan)
                self.callbacks.pictures.save_gif()
            raise
        if self.is_primary:
            folder.save_model(gan)
            # Whatever is missing before this is made when the run is resumed.
            self.settings.completed = gan.step
            self._write_options()
        return TrainedRun(gan, folder, history)

    def _display(self, verbose):
        """Returns `verbose` of `fit`, and a list with the bar of the run or without."""
        if not self.is_primary:
            return 0, []
        if verbose != "auto":
            return verbose, []
        if not sys.stdout.isatty():
            return 2, []
        return 0, [RunBar(self.steps_to_do)]


def _join_processes(options):
    """Joins the other processes, if there are any, and makes their devices the default."""
    if options.coordinator is None:
        return
    distribution.join(options.coordinator, options.process_id, options.num_processes)
    if "devices" not in options.given:
        options.devices = "all"
        options.given.add("devices")


def _accepts_data(options):
    """Returns whether a run may continue with other data."""
    return is_accepted("data.examples", options.accept_changes)


def _accepted_changes(options, recipe, steps):
    """Returns the names of what may differ from the checkpoint of a run."""
    accepted = list(options.accept_changes)
    if steps != recipe.steps:
        # The flag says so: a rate that falls to 0 at the end does so at the new end.
        players = {"generator": recipe.g_optimizer, "discriminator": recipe.d_optimizer}
        accepted += [
            f"optimizer.{player}.learning_rate"
            for player, settings in players.items()
            if settings.decay_start is not None
        ]
    return accepted


def _check_labels(recipe, data):
    """Raises `ValueError` if the recipe needs labels and the data have none."""
    needs_labels = recipe.conditional or recipe.labels_per_class is not None
    taken = data.labels if recipe.labels_per_class is not None else data.targets
    if needs_labels and taken is None:
        raise ValueError(
            "A conditional or semi-supervised model needs data with labels: give other data, a "
            "folder with a sub-folder for each class, or a table by --labels; or give another "
            "--model and no --conditional. "
            f"Received: --data={recipe.data}, which has no labels"
        )


def _batches(recipe, data, settings):
    """Returns the batches of the training steps."""
    seed = settings.seed
    if recipe.labels_per_class is None:
        size = recipe.batch_size * recipe.discriminator_steps
        return data.batches(size, seed=seed, mirror=settings.mirror)
    if settings.mirror:
        raise ValueError(
            "A semi-supervised model sees its images as they are: leave --mirror out. "
            f"Received: --mirror with --model={settings.model}"
        )
    return SemiSupervisedBatches(data, recipe.labels_per_class, recipe.batch_size, seed=seed)


def _test_data(recipe, settings):
    """Returns the data on which a semi-supervised model is tested, or `None`."""
    if settings.test_split is None:
        return None
    if recipe.labels_per_class is None:
        raise ValueError(
            "Only semi-supervised models are tested during training: leave out --test_split. "
            f"Received: --test_split={settings.test_split} --model={settings.model}"
        )
    return load_source(recipe.data, settings, split=settings.test_split)


def _check_same_everywhere(name, number):
    """Raises `ValueError` unless all processes have the same number."""
    found = distribution.gather(number % 2**31)
    if len(set(found)) > 1:
        raise ValueError(
            f"All processes must have the same {name}: give them the same data, and one --output "
            f"on a file system that they share. Received: {found}, one for each process"
        )
