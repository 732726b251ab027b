"""What the recipe of a training has changed of the recipes that it began from."""

import dataclasses

from ganzoo import recipes

# What is no setting of the training, or stands in a row of its own.
_NOT_COMPARED = ("source", "data")
_OWN = ("latent_dim", "width", "normalization")


def rows(recipe):
    """Returns rows of a table: the fields that differ from the paper's and the named recipe.

    Args:
        recipe: A `ganzoo.recipes.Recipe`, whose source is that of the recipe that it began from.
    """
    known = {recipes.get(name).source: name for name in recipes.names()}
    # The source of a published model's recipe is that of the paper's, and what is changed.
    paper, named = known.get(recipe.source.partition("; here ")[0]), known.get(recipe.source)
    found = {}
    if paper is not None:
        found["changed from the paper's recipe"] = _differences(recipe, paper)
    if named not in (None, paper):
        found[f"changed from `{named}`"] = _differences(recipe, named)
    return {title: words or "nothing" for title, words in found.items()}


def _differences(recipe, name):
    ours, theirs = _flat(recipe), _flat(recipes.get(name))
    return ", ".join(
        f"`{field}` {_word(field, ours[field])} (there {_word(field, theirs[field])})"
        for field in ours
        if ours[field] != theirs[field]
    )


def _flat(recipe):
    """Returns the settings, those of the optimizers under names with a dot."""
    settings = {}
    for field, value in dataclasses.asdict(recipe).items():
        if field in ("g_optimizer", "d_optimizer"):
            settings |= {f"{field}.{name}": setting for name, setting in value.items()}
        elif field not in _NOT_COMPARED:
            settings[field] = value
    return settings


def _word(field, value):
    """Returns a setting in words."""
    if value is None:
        return "the architecture's own" if field in _OWN else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(value) if value else "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
