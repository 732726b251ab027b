"""The settings of a run that change a recipe, and a run as such settings."""

import dataclasses
import shlex
from pathlib import Path

import keras

from ganzoo import recipes
from ganzoo.presets import lookup
from ganzoo.runs.optimizer_flags import format_optimizer, parse_optimizer
from ganzoo.runs.part_flags import (
    format_augment,
    format_loss,
    format_regularizers,
    parse_augment,
    parse_loss,
    parse_regularizers,
)
from ganzoo_cli.commands.train import COMMAND
from ganzoo_cli.settings import text_of

# Fields of a recipe that the flags of the same names change.
_FIELDS = (
    *("data", "batch_size", "width", "latent", "latent_dim", "ema_decay", "ema_half_life"),
    *("normalization", "packing", "labels_per_class"),
    *("discriminator_steps", "generator_batch_ratio"),
)
# The settings of a player, and the flags of its rate and of its optimizer.
_PLAYERS = (
    ("g_optimizer", "generator_rate", "generator_optimizer"),
    ("d_optimizer", "discriminator_rate", "discriminator_optimizer"),
)
# Flags that are not in a recipe and decide what the run computes, measures or keeps.
_SETTINGS = (
    *("split", "size", "channels", "on_bad", "max_pixels", "mirror", "test_split", "seed"),
    *("labels", "label_columns", "labels_as", "alpha", "crop", "dtype", "value_range"),
    *("precision", "init_from", "freeze_discriminator"),
    *("metrics", "every", "metric_samples", "extractor", "keep_best"),
)
# The ones that change how it runs.
_OF_THE_MACHINE = (
    *("jit", "devices", "threads", "steps_per_execution", "accumulate", "remat", "cache"),
)
_OF_THE_FOLDER = ("sample_every", "checkpoint_every", "keep", "monitors", "log")
_WITH_GAMMA = ("r1", "r2")


def changed_recipe(recipe, options):
    """Returns a recipe with the changes that the flags of `ganzoo train` make to it."""
    changes = {name: getattr(options, name) for name in _FIELDS if name in options.given}
    if options.conditional:
        changes["conditional"] = True
    if "loss" in options.given:
        before = recipe.loss, recipe.loss_options
        changes["loss"], changes["loss_options"] = parse_loss(options.loss, before)
    if "augment" in options.given:
        changes["augment"] = parse_augment(options.augment)
    if "regularizers" in options.given:
        changes["regularizers"] = parse_regularizers(options.regularizers)
    if "gamma" in options.given:
        before = changes.get("regularizers", recipe.regularizers)
        changes["regularizers"] = _with_gamma(before, options.gamma)
    for given, other in (("ema_decay", "ema_half_life"), ("ema_half_life", "ema_decay")):
        if given in options.given and other not in options.given:
            changes[other] = None
    for field, rate, optimizer in _PLAYERS:
        changes[field] = _changed_optimizer(getattr(recipe, field), options, rate, optimizer)
    return dataclasses.replace(recipe, **changes)


def _with_gamma(regularizers, gamma):
    """Returns regularizers in which R1 and R2 have another strength."""
    found = [name for name in _WITH_GAMMA if name in regularizers]
    if not found:
        raise ValueError(
            "--gamma is the strength of r1 and r2: give --regularizers=r1 too. "
            f"Received: --gamma={gamma} with --regularizers={format_regularizers(regularizers)}"
        )
    return {
        name: {**arguments, **({"gamma": gamma} if name in found else {})}
        for name, arguments in regularizers.items()
    }


def _changed_optimizer(settings, options, rate_flag, optimizer_flag):
    for flag in ("optimizer", optimizer_flag):
        if flag in options.given:
            settings = parse_optimizer(flag, getattr(options, flag), settings)
    if rate_flag in options.given:
        rate = getattr(options, rate_flag)
        # A schedule says itself how the rate falls.
        decay_start = None if isinstance(rate, str) else settings.decay_start
        settings = dataclasses.replace(settings, learning_rate=rate, decay_start=decay_start)
    return settings


def repeating_settings(recipe, settings, everything=False):
    """Returns the settings of `ganzoo train` that repeat a run, by the names of flags.

    Args:
        recipe: Its `ganzoo.recipes.Recipe`.
        settings: The other options in its folder, as attributes.
        everything: Whether to return the ones too that change neither its numbers nor what it
            measures: of the machine, and of what it writes.
    """
    paper = recipes.get(settings.model)
    flags = {"model": settings.model}
    for name in (*_FIELDS, "steps"):
        if getattr(recipe, name) not in (None, getattr(paper, name)):
            flags[name] = getattr(recipe, name)
    if recipe.conditional and not paper.conditional:
        flags["conditional"] = True
    if (recipe.loss, recipe.loss_options) != (paper.loss, paper.loss_options):
        flags["loss"] = format_loss(recipe.loss, recipe.loss_options)
    if recipe.augment != paper.augment:
        flags["augment"] = format_augment(recipe.augment)
    if recipe.regularizers != paper.regularizers:
        flags["regularizers"] = format_regularizers(recipe.regularizers)
    for field, rate, optimizer in _PLAYERS:
        ours, theirs = getattr(recipe, field), getattr(paper, field)
        if ours.learning_rate != theirs.learning_rate:
            flags[rate] = ours.learning_rate
        if text := format_optimizer(ours, theirs):
            flags[optimizer] = text
    names = (*_SETTINGS, *(*_OF_THE_MACHINE, *_OF_THE_FOLDER) * everything)
    defaults = vars(COMMAND.defaults())
    for name in names:
        # A run of an earlier release has fewer settings.
        if (value := getattr(settings, name, defaults[name])) != defaults[name]:
            flags[name] = value
    if keras.backend.backend() != "tensorflow":
        # Other backends cannot be told the number.
        flags.pop("threads", None)
    return flags


def training_command(recipe, settings):
    """Returns the command line of `ganzoo train` that repeats a run, without private folders.

    Args:
        recipe: Its `ganzoo.recipes.Recipe`.
        settings: The other options in its folder, as attributes.
    """
    flags = repeating_settings(recipe, settings)
    if "init_from" in flags and not lookup.is_address(flags["init_from"]):
        flags["init_from"] = Path(flags["init_from"]).name
    if "labels" in flags:
        flags["labels"] = Path(flags["labels"]).name
    words = [
        f"--{name}" if value is True else f"--{name}={text_of(COMMAND, name, value)}"
        for name, value in flags.items()
    ]
    return shlex.join(["ganzoo", "train", *words])
