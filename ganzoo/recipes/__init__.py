"""The settings of the papers and of the published models, by name, as plain data."""

from ganzoo.recipes import papers, zoo
from ganzoo.recipes.optimizer_settings import OptimizerSettings
from ganzoo.recipes.papers import RECIPES
from ganzoo.recipes.recipe import Recipe

__all__ = ["OptimizerSettings", "Recipe", "get", "names", "papers", "zoo"]


def get(name: str) -> Recipe:
    """Returns the recipe of this name.

    Args:
        name: One of `ganzoo.recipes.names()`.

    Raises:
        ValueError: If there is no such recipe. The message lists all names.

    Example:

    >>> ganzoo.recipes.get("sngan").loss
    'hinge'
    """
    return RECIPES[name]


def names() -> list[str]:
    """Returns the names of all recipes in alphabetical order."""
    return RECIPES.names()
