"""A training run as the command line describes it, checked and built before anything is written."""

import contextlib
import dataclasses
import math
import sys
import time
import zlib

import keras

from ganzoo import GAN, distribution
from ganzoo.callbacks import (
    AtomicCheckpoint,
    EpochLog,
    MultiProcessCheckpoint,
    NaNGuard,
    SampleGrid,
    StopAtStep,
)
from ganzoo.callbacks.fingerprint import is_accepted
from ganzoo.callbacks.interruption import Interrupted
from ganzoo.callbacks.same_run import AnotherRun
from ganzoo.cli.data import load_source
from ganzoo.cli.part_flags import format_augment, format_regularizers
from ganzoo.cli.progress import RunBar
from ganzoo.cli.run_folder import check_same_data
from ganzoo.cli.run_settings import in_process_0, new_run, run_to_resume, set_threads
from ganzoo.data import SemiSupervisedBatches
from ganzoo.distribution import hardware
from ganzoo.training import inputs
from ganzoo_cli.errors import expected

_JIT = {"auto": "auto", "true": True, "false": False}
_PICTURES = 50
_TIMED_STEPS = 3


class TrainPlan:
    """What `ganzoo train` is about to do.

    Args:
        options: The values of its flags, which `ganzoo_cli.commands.train.COMMAND` has checked.

    Attributes:
        is_primary: Whether this is the process that prints and writes files.

    Raises:
        ValueError: If the flags do not fit the recipe, the data, the machine or the run folder.
    """

    def __init__(self, options):
        _join_processes(options)
        self.is_primary = distribution.process_index() == 0
        self._is_resumed = options.resume
        prepare = run_to_resume if options.resume else new_run
        self._folder, recipe, self._settings = prepare(options)
        settings = self._settings
        set_threads(options, settings)
        self._data = load_source(recipe.data, settings)
        if not _accepts_data(options):
            check_same_data(settings, self._data)
        _check_same_everywhere("data", zlib.crc32(self._data.examples))
        _check_labels(recipe, self._data)
        self._batches = _batches(recipe, self._data, settings.seed)
        self._test_data = _test_data(recipe, settings)

        epoch, steps_of_epoch, self._steps_done = self._folder.progress()
        _check_same_everywhere("checkpoint", self._steps_done)
        steps = options.steps or recipe.steps
        if options.epochs is not None:
            steps = options.epochs * len(self._batches)
        # A process may have ended after the last step and before everything was written.
        self._is_trained = 0 < steps <= self._steps_done
        if self._is_trained:
            if self._folder.is_complete(self._steps_done):
                raise ValueError(
                    f"The run in {self._folder.path} is complete: give more --epochs or --steps to "
                    f"train it further. Received: --resume up to step {steps:,}, with "
                    f"{self._steps_done:,} done"
                )
            steps = self._steps_done
        steps_to_do = steps_of_epoch + steps - self._steps_done
        self._epochs = epoch + math.ceil(steps_to_do / len(self._batches))
        self._sample_every = options.sample_every or math.ceil(self._epochs / _PICTURES)

        self._accepted = _accepted_changes(options, recipe, steps)
        self._recipe = dataclasses.replace(recipe, steps=steps)
        keras.config.set_dtype_policy(settings.precision)
        keras.utils.set_random_seed(settings.seed)
        self._device_count = distribution.check_devices(settings.devices)
        self._scope = distribution.scope(settings.devices)
        with self._scope:
            self._gan = GAN.from_recipe(
                self._recipe,
                self._data,
                seed=settings.seed,
                jit_compile=_JIT[options.jit],
                frozen_layers=getattr(settings, "freeze_discriminator", None) or 0,
            )
            self._transfer = self._initialize()
            inputs.check_equal_shares(self._gan, recipe.batch_size)

    def _initialize(self):
        """Gives the GAN the weights of another one, if the run starts so; returns what it took."""
        source = getattr(self._settings, "init_from", None)
        # Later on, the weights come from the checkpoint.
        return self._gan.initialize_from(source) if source and not self._steps_done else None

    def describe(self):
        """Returns the plan as lines of text."""
        recipe, gan, settings = self._recipe, self._gan, self._settings
        updates = f"{recipe.batch_size} examples"
        if recipe.discriminator_steps > 1:
            updates = f"{recipe.discriminator_steps} x {updates}"
        resumed = f", resumed after step {self._steps_done:,}" if self._is_resumed else ""
        if self._is_trained:
            resumed += ": only the files that the end of the run writes are missing"
        return _table(
            {
                "model": f"{settings.model}: {recipe.source}",
                "data": self._data,
                "classes": gan.num_classes or "not used",
                **self._describe_labels(),
                **self._describe_transfer(),
                "generator": f"{gan.generator.count_params():,} parameters, from "
                f"{gan.latent_dim} latents ({gan.latent})",
                "discriminator": f"{gan.discriminator.count_params():,} parameters",
                "loss": recipe.loss,
                "regularizers": format_regularizers(recipe.regularizers),
                **self._describe_options(),
                "optimizers": f"{recipe.g_optimizer} for the generator, "
                f"{recipe.d_optimizer} for the discriminator",
                "average": recipe.average,
                "steps": f"{recipe.steps:,} of {updates}, in {self._epochs:,} epochs of up to "
                f"{len(self._batches):,}",
                "seed": settings.seed,
                "precision": f"{settings.precision}, XLA {'on' if gan.jit_compile else 'off'}, "
                f"{keras.backend.backend()}",
                "threads": settings.threads,
                **self._describe_devices(),
                "output": f"{self._folder.path}{resumed}",
            }
        )

    def _describe_labels(self):
        recipe = self._recipe
        if recipe.labels_per_class is None:
            return {}
        tested_on = self._test_data or "nothing (no --test_split)"
        return {"labels": f"{recipe.labels_per_class} of each class", "tested on": tested_on}

    def _describe_transfer(self):
        lines = {}
        if self._transfer is not None:
            details = str(self._transfer).replace("\n", f"\n{'':<15}")
            lines["starts from"] = f"{self._settings.init_from}: {details}"
        if count := getattr(self._settings, "freeze_discriminator", None):
            lines["frozen"] = f"the first {count} layers of the discriminator"
        return lines

    def _describe_options(self):
        recipe = self._recipe
        options = {
            "matching": recipe.generator_loss,
            "augmentation": recipe.augment and format_augment(recipe.augment),
            "packing": recipe.packing if recipe.packing > 1 else None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _describe_devices(self):
        count, processes = self._device_count, distribution.process_count()
        if count == 1:
            return {}
        return {"devices": f"{count}, of {processes} processes" if processes > 1 else count}

    def seconds_per_step(self):
        """Returns the duration of a step after the first, which compiles. It trains the model."""
        self._gan.fit(self._batches, steps=1, verbose=0)
        start = time.perf_counter()
        self._gan.fit(self._batches, steps=1 + _TIMED_STEPS, verbose=0)
        return (time.perf_counter() - start) / _TIMED_STEPS

    @property
    def steps_to_do(self):
        """The number of steps that are still to do."""
        return self._recipe.steps - self._steps_done

    def train(self, run_bar=False):
        """Trains, and completes the run folder. Returns the exit code.

        With `run_bar`, a terminal shows one bar for the run instead of one for each epoch.
        """
        self._run_bar = run_bar and self.is_primary and sys.stdout.isatty()
        with contextlib.ExitStack() as stack:
            with expected():
                in_process_0(lambda: self._start(stack))
            return self._train()

    def _start(self, stack):
        """Makes this process the only writer of the folder, and writes the options."""
        stack.enter_context(self._folder.lock())
        if not self._is_resumed:
            self._folder.check_new()
            self._settings.hardware = hardware.machine()
        self._settings.completed = None
        self._write_options()

    def _write_options(self):
        self._folder.write_options(self._recipe, vars(self._settings))

    def _train(self):
        folder, gan = self._folder, self._gan
        pictures = SampleGrid(
            folder.samples, n=None if self._data.has_images else 1024, every=self._sample_every
        )
        length = {"steps": self._recipe.steps} if self._is_trained else {"epochs": self._epochs}
        code = 0
        try:
            with expected(AnotherRun, OSError), self._scope:
                gan.fit(
                    self._batches,
                    callbacks=self._callbacks(pictures),
                    verbose=self._verbose(),
                    validation_data=self._test_data,
                    **length,
                )
        except FloatingPointError as error:
            print(f"\nganzoo train: {error}", file=sys.stderr)
            return 1
        except Interrupted as interrupted:
            code = interrupted.code
        if not self.is_primary:
            return code
        folder.save_model(gan)
        if code:
            pictures.save_gif()
            print(
                f"\nInterrupted after step {gan.step:,}. Continue from there with:\n"
                f"  ganzoo train --resume --output={folder.path}\n"
            )
        else:
            # Whatever is missing before this is made when the run is resumed.
            self._settings.completed = gan.step
            self._write_options()
            print(f"\nTrained {gan.step:,} steps.\n")
        print(self._results())
        return code

    def _callbacks(self, pictures):
        """Returns the callbacks of this process."""
        folder = self._folder
        several = distribution.process_count() > 1
        checkpoint = MultiProcessCheckpoint if several else AtomicCheckpoint
        shared = [
            StopAtStep(self._recipe.steps),
            checkpoint(folder.checkpoints, accept_changes=self._accepted),
        ]
        if not self.is_primary:
            return [NaNGuard(), *shared]
        bar = [RunBar(self.steps_to_do)] if self._run_bar else []
        return [NaNGuard(), pictures, EpochLog(folder.log), *shared, *bar]

    def _verbose(self):
        """Returns 1, a progress bar, on a terminal; 2, a line for each epoch, in a file; or 0."""
        if not self.is_primary or self._run_bar:
            return 0
        return 1 if sys.stdout.isatty() else 2

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
    if needs_labels and data.labels is None:
        raise ValueError(
            "A conditional or semi-supervised model needs data with labels: give other data, or "
            "another --model and no --conditional. "
            f"Received: --data={recipe.data}, which has no labels"
        )


def _batches(recipe, data, seed):
    """Returns the batches of the training steps."""
    if recipe.labels_per_class is not None:
        return SemiSupervisedBatches(data, recipe.labels_per_class, recipe.batch_size, seed=seed)
    return data.batches(recipe.batch_size * recipe.discriminator_steps, seed=seed)


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


def _table(facts):
    return "\n".join(f"{name:<15}{fact}" for name, fact in facts.items())
