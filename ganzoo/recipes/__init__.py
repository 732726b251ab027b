"""The settings with which the papers and the published models trained, by name, as plain data."""

from ganzoo.recipes import papers, zoo
from ganzoo.recipes.papers import RECIPES
from ganzoo.recipes.recipe import OptimizerSettings, Recipe

__all__ = ["OptimizerSettings", "Recipe", "get", "names", "papers", "zoo"]


def get(name):
    """Returns the recipe of this name, or raises a `ValueError` that lists all names."""
    return RECIPES[name]


def names():
    """Returns the names of all recipes in alphabetical order."""
    return RECIPES.names()
