"""A study as a TOML file describes it, and its cells."""

import dataclasses
import fnmatch
import itertools
import tomllib
from pathlib import Path
from typing import Any, Self

from ganzoo import recipes
from ganzoo.files import user_path
from ganzoo.recipes import OptimizerSettings, Recipe
from ganzoo.studies import schema
from ganzoo.studies.schema import Claim, Column, Evaluation
from ganzoo.validation import check_choice, check_positive_integer, describe, did_you_mean

_BUILTIN = Path(__file__).parent / "builtin"
_OPTIMIZERS = ("g_optimizer", "d_optimizer")
# These are merged key by key with what the recipe and earlier axes say. All others replace it.
_MERGED = (*_OPTIMIZERS, "network_options", "data_options")


def names() -> list[str]:
    """Returns the names of the studies of this package, in alphabetical order."""
    return sorted(path.stem for path in _BUILTIN.glob("*.toml"))


@dataclasses.dataclass(frozen=True)
class Cell:
    """One combination of a study's options.

    Args:
        name: The keys of its options, between slashes, such as `"grid/r1"`.
        labels: The titles of its options, by axis.
        recipe: What is trained.
        data_options: Arguments of `ganzoo.data.load`, without `split`.
        images: Number of training examples, chosen at random; `None` for all.
        images_per_class: In its place, number of training examples of each class.
        init_from: Model whose weights the training starts from, or `None`.
        freeze_discriminator: Layers of the discriminator that stay frozen.
        collapse: Arguments of a `ganzoo.callbacks.CollapseMonitor`, or `None` for none.
        spectral: Arguments of a `ganzoo.callbacks.SpectralMonitor`, or `None` for none.
        evaluation: How samples are measured.
        log_points: Number of values of each logged term.
        steps_per_execution: Steps per call of the compiled function.
    """

    name: str
    labels: dict[str, str]
    recipe: Recipe
    data_options: dict[str, Any]
    images: int | None
    images_per_class: int | None
    init_from: str | None
    freeze_discriminator: int
    collapse: dict[str, Any] | None
    spectral: dict[str, Any] | None
    evaluation: Evaluation
    log_points: int
    steps_per_execution: int | str

    def settings(self) -> dict[str, Any]:
        """Returns all that decides the results, as values for JSON."""
        settings = dataclasses.asdict(self)
        # What a cell is called does not change what it computes.
        del settings["name"], settings["labels"], settings["recipe"]["source"]
        return settings


@dataclasses.dataclass(frozen=True)
class Study:
    """Recipes that differ in one thing, or in one for each axis, at one budget.

    Args:
        name: Name of the study.
        title: A line that says what is compared.
        question: What the study answers.
        protocol: What a reader must know of the budget, and how it differs from a paper's.
        cells: List of `Cell`, all combinations of the options of the axes.
        axes: The titles of the options by their keys, by axis.
        seeds: List of seeds, for which each cell is trained.
        columns: List of the `Column` of the table.
        claims: List of the `Claim` that the records decide.
        remarks: Markdown that the report ends with.

    Example:

    >>> study = ganzoo.studies.Study.load("gaussians")
    >>> study.cells[0].name
    'ring/non_saturating'
    """

    name: str
    title: str
    question: str
    protocol: str
    cells: list[Cell]
    axes: dict[str, dict[str, str]]
    seeds: list[int]
    columns: list[Column]
    claims: list[Claim]
    remarks: str = ""

    @classmethod
    def load(cls, name: str | Path) -> Self:
        """Returns a study of this package by its name, or a study of yours by its file.

        Args:
            name: One of `ganzoo.studies.names()`, or the path of a TOML file.

        Raises:
            ValueError: If there is no such study, or the file is not a study: a key is unknown or
                missing, or a recipe cannot be made from the settings.
            FileNotFoundError: If there is no such file.
        """
        path = user_path(name)
        if path.suffix != ".toml":
            check_choice("study", str(name), names())
            path = _BUILTIN / f"{name}.toml"
        try:
            content = tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"Expected a TOML file. Received: {path}: {error}") from error
        try:
            return cls.from_dict(path.stem, content)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def from_dict(cls, name: str, content: dict[str, Any]) -> Self:
        """Returns the study that the content of a TOML file describes; see `load`."""
        schema.check_keys("the study", content, schema.STUDY, required=("title", "recipe", "axes"))
        axes = schema.check_axes(content["axes"])
        base = {"recipe": content["recipe"], **content.get("settings", {})}
        evaluation = schema.evaluation(content.get("evaluation", {}))
        run = {
            "log_points": check_positive_integer("log_points", content.get("log_points", 20)),
            "steps_per_execution": content.get("steps_per_execution", "auto"),
        }
        cells = [
            _cell(dict(zip(axes, keys, strict=True)), axes, base, evaluation, run)
            for keys in itertools.product(*axes.values())
        ]
        for pattern in content.get("exclude", []):
            _check_matches("exclude", pattern, cells)
            cells = [cell for cell in cells if not fnmatch.fnmatch(cell.name, pattern)]
        columns = schema.columns(content.get("columns", {}))
        study = cls(
            name=name,
            title=content["title"],
            question=content.get("question", ""),
            protocol=content.get("protocol", ""),
            cells=cells,
            axes={
                axis: {key: option.get("title", key) for key, option in options.items()}
                for axis, options in axes.items()
            },
            seeds=schema.check_seeds(content.get("seeds", 1)),
            columns=columns,
            claims=schema.claims(content.get("claims", []), columns),
            remarks=content.get("remarks", ""),
        )
        for claim in study.claims:
            study.select([pattern for pattern in (claim.better, claim.worse) if pattern])
        return study

    def select(self, patterns: list[str]) -> list[Cell]:
        """Returns the cells whose names fit a pattern, in the order of the study.

        Args:
            patterns: Names of cells, in which `*` stands for any text; `[]` for all cells.

        Raises:
            ValueError: If no cell fits a pattern.
        """
        for pattern in patterns:
            _check_matches("cells", pattern, self.cells)
        if not patterns:
            return self.cells
        return [cell for cell in self.cells if any(fnmatch.fnmatch(cell.name, p) for p in patterns)]


def _check_data_options(options):
    if not isinstance(options, dict):
        raise ValueError(f"`data_options` must be a table. Received: {describe(options)}")
    if "split" in options:
        raise ValueError(
            "Cells are trained on the split 'train' and measured on `split` in `evaluation`: "
            "`data_options` must not have a `split`, which would replace both. "
            f"Received: data_options.split={describe(options['split'])}"
        )


def _check_matches(argument, pattern, cells):
    cell_names = [cell.name for cell in cells]
    if not any(fnmatch.fnmatch(name, pattern) for name in cell_names):
        raise ValueError(
            f"No cell has such a name.{did_you_mean(pattern, cell_names)} Expected: "
            f"{', '.join(cell_names)}, or a pattern with `*`. Received: {argument}={pattern!r}"
        )


def _cell(keys, axes, base, evaluation, run):
    """Returns the cell of one option of each axis."""
    changes, labels = dict(base), {}
    for axis, key in keys.items():
        option = dict(axes[axis][key])
        labels[axis] = option.pop("title", key)
        for setting, value in option.items():
            changes[setting] = _merged(setting, changes.get(setting), value)
    name = "/".join(keys.values())
    try:
        recipe, others = _split(changes)
        return Cell(name=name, labels=labels, recipe=recipe, evaluation=evaluation, **others, **run)
    except (TypeError, ValueError) as error:
        raise ValueError(f"In the cell {name!r}: {error}") from error


def _merged(setting, earlier, value):
    if setting in _MERGED and isinstance(value, dict) and isinstance(earlier, dict):
        return {**earlier, **value}
    return value


def _split(changes):
    """Returns the recipe that the settings make, and the other fields of the cell."""
    changes = dict(changes)
    recipe = recipes.get(changes.pop("recipe"))
    others = {
        "data_options": {},
        "images": None,
        "images_per_class": None,
        "init_from": None,
        "freeze_discriminator": 0,
        "collapse": None,
        "spectral": None,
    }
    fields = {field.name for field in dataclasses.fields(Recipe)} - {"source"}
    schema.check_keys("the settings", changes, {*fields, *others})
    others |= {name: changes.pop(name) for name in list(changes) if name in others}
    _check_data_options(others["data_options"])
    if None not in (others["images"], others["images_per_class"]):
        raise ValueError(
            "Give `images` or `images_per_class`, not both. Received: "
            f"images={others['images']}, images_per_class={others['images_per_class']}"
        )
    for name in _OPTIMIZERS:
        if name in changes:
            settings = changes[name]
            if not isinstance(settings, dict):
                raise ValueError(f"`{name}` must be a table. Received: {describe(settings)}")
            known = [field.name for field in dataclasses.fields(OptimizerSettings)]
            schema.check_keys(f"`{name}`", settings, known)
            changes[name] = dataclasses.replace(getattr(recipe, name), **settings)
    if "network_options" in changes:
        changes["network_options"] = recipe.network_options | changes["network_options"]
    recipe = dataclasses.replace(recipe, **changes)
    if recipe.data is None:
        raise ValueError("The recipe has no data: give a source as `data`. Received: no `data`")
    return recipe, others
