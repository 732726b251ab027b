"""How the recipe of a training run differs from the recipes that it started from."""

import dataclasses

from ganzoo import recipes
from ganzoo.recipes import Recipe

# Fields that are not settings of the training, or have their own row.
_NOT_COMPARED = ("source", "data")
_OWN = ("latent_dim", "width", "normalization")


def rows(recipe: Recipe) -> dict[str, str]:
    """Returns rows of a table: the fields that differ from the paper's recipe and the named one.

    Args:
        recipe: A `ganzoo.recipes.Recipe`. Its source is the source of the recipe it started from.
    """
    known = {recipes.get(name).source: name for name in recipes.names()}
    # The source of a published model's recipe is the paper's source, and what is changed.
    paper, named = known.get(recipe.source.partition("; here ")[0]), known.get(recipe.source)
    found = {}
    if paper is not None:
        found["changed from the paper's recipe"] = _differences(recipe, paper)
    if named not in (None, paper):
        found[f"changed from the recipe `{named}`"] = _differences(recipe, named)
    return {title: words or "nothing" for title, words in found.items()}


def _differences(recipe, name):
    ours, theirs = _flat(recipe), _flat(recipes.get(name))
    return ", ".join(
        f"`{field}` {_word(field, ours[field])} (instead of {_word(field, theirs[field])})"
        for field in ours
        if ours[field] != theirs[field]
    )


def _flat(recipe):
    """Returns the settings; optimizer settings have names with a dot."""
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
