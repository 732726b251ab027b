"""The flags of `ganzoo train` that change a recipe, and a recipe's changes as such flags."""

import dataclasses
import shlex
from pathlib import Path

from ganzoo import recipes
from ganzoo.presets import lookup
from ganzoo.runs.part_flags import (
    format_augment,
    format_regularizers,
    parse_augment,
    parse_regularizers,
)

# Fields of a recipe that the flags of the same names change.
_FIELDS = (
    *("data", "loss", "batch_size", "width", "latent_dim", "ema_decay", "ema_half_life"),
    *("normalization", "packing", "labels_per_class"),
)
_RATES = (("g_optimizer", "generator_rate"), ("d_optimizer", "discriminator_rate"))
# Flags that are not in a recipe, with their defaults.
_SETTINGS = {
    **{"split": "train", "size": None, "channels": None, "on_bad": None},
    **{"max_pixels": None, "test_split": None, "seed": 0, "precision": "float32"},
    **{"init_from": None, "freeze_discriminator": None},
}


def changed_recipe(recipe, options):
    """Returns a recipe with the changes that the flags of `ganzoo train` make to it."""
    changes = {name: getattr(options, name) for name in _FIELDS if name in options.given}
    if options.conditional:
        changes["conditional"] = True
    if "augment" in options.given:
        changes["augment"] = parse_augment(options.augment)
    if "regularizers" in options.given:
        changes["regularizers"] = parse_regularizers(options.regularizers)
    for given, other in (("ema_decay", "ema_half_life"), ("ema_half_life", "ema_decay")):
        if given in options.given and other not in options.given:
            changes[other] = None
    for field, flag in _RATES:
        if flag in options.given:
            rate, settings = getattr(options, flag), getattr(recipe, field)
            # A schedule says itself how the rate falls.
            decay_start = None if isinstance(rate, str) else settings.decay_start
            changes[field] = dataclasses.replace(
                settings, learning_rate=rate, decay_start=decay_start
            )
    return dataclasses.replace(recipe, **changes)


def training_command(recipe, settings):
    """Returns the command line of `ganzoo train` that repeats a run.

    Args:
        recipe: Its `ganzoo.recipes.Recipe`.
        settings: The other options in its folder, as attributes.
    """
    paper = recipes.get(settings.model)
    flags = {"model": settings.model}
    for name in (*_FIELDS, "steps"):
        if getattr(recipe, name) not in (None, getattr(paper, name)):
            flags[name] = getattr(recipe, name)
    if recipe.augment != paper.augment:
        flags["augment"] = format_augment(recipe.augment)
    if recipe.regularizers != paper.regularizers:
        flags["regularizers"] = format_regularizers(recipe.regularizers)
    for field, flag in _RATES:
        rate = getattr(recipe, field).learning_rate
        if rate != getattr(paper, field).learning_rate:
            flags[flag] = rate
    for name, default in _SETTINGS.items():
        # A run of an earlier release has fewer settings.
        if (value := getattr(settings, name, default)) != default:
            # The folders above a preset are private.
            is_path = name == "init_from" and not lookup.is_address(value)
            flags[name] = Path(value).name if is_path else value
    parts = [f"--{name}={value}" for name, value in flags.items()]
    if recipe.conditional and not paper.conditional:
        parts.append("--conditional")
    return shlex.join(["ganzoo", "train", *parts])
