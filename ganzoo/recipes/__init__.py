"""The settings with which the papers trained, by name, as plain data."""

from ganzoo.recipes.papers import RECIPES
from ganzoo.recipes.recipe import OptimizerSettings, Recipe

__all__ = ["OptimizerSettings", "Recipe", "get", "names"]


def get(name):
    """Returns the recipe of this name, or raises a `ValueError` that lists all names."""
    return RECIPES[name]


def names():
    """Returns the names of all recipes in alphabetical order."""
    return RECIPES.names()
