"""The page of all published models, and their cards, brought up to date."""

import collections
import dataclasses
import html
import json
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from ganzoo import markdown, presets, recipes
from ganzoo.files import new_file, user_path
from ganzoo.metrics.base import key_of
from ganzoo.presets import builtin, manifest
from ganzoo.zoo import comparison, model_card
from ganzoo.zoo.data_facts import check_stated, facts_of
from ganzoo.zoo.overview import is_classifier, overview
from ganzoo.zoo.publishing import check_license, read_all, read_published, recipe_of

_PAGE = "README.md"
_TITLE = "# Published models\n"
_BEGIN = f"""\
{_TITLE}
One folder for each model: recipe, weights, card, metrics, pictures. Load one with
`ganzoo.GAN.from_preset(NAME)`, or draw from it with `ganzoo sample NAME`. This page is written by
`ganzoo publish --table=models`.
"""
_NONE = "No model is published yet; `ganzoo list` shows the recipes that can be trained.\n"
_END = """\
In parentheses: the same metric of training images. An empty cell is a value that was not measured,
or was measured by another protocol than the one above the table.
"""


def table(folder: Path | str) -> str:
    """Returns the page of the published models in a folder, in Markdown."""
    sections = tables(folder)
    if not sections:
        return f"{_BEGIN}\n{_NONE}"
    return f"{_BEGIN}\n{sections}\n\n{_END}"


def tables(folder: Path | str, pictures: bool = True) -> str:
    """Returns tables of the published models in a folder, in Markdown.

    There is one table for the generators of each data set, and one for semi-supervised classifiers.

    Args:
        folder: Path of the folder.
        pictures: Whether the last column shows samples.
    """
    groups = collections.defaultdict(dict)
    classifiers = {}
    for path, facts in read_all(folder).items():
        title = facts_of(facts["data"]).title
        group = classifiers if is_classifier(facts) else groups[title]
        group[path.name] = facts
    sections = [_section(title, groups[title], pictures) for title in sorted(groups)]
    return "\n\n".join(sections + ([_classifiers(classifiers)] if classifiers else []))


def write(folder: Path | str) -> list[Path]:
    """Brings the page, the index of large models and the models' texts up to date.

    The texts of a model are its card, the summary in its metrics, and the source of its recipe.

    Args:
        folder: Path of the folder of published models.

    Returns:
        The files that changed.
    """
    folder = user_path(folder)
    written = []
    models = read_all(folder)
    for path, stored in models.items():
        facts, recipe = _current(stored, recipe_of(path))
        card = model_card.text(facts, recipe, path, models)
        written += presets.replace_texts(path, recipe, facts, card)
    described = {
        path.name: {"summary": facts["summary"], "overview": overview(facts)}
        for path, facts in read_all(folder).items()
    }
    index = builtin.index_of({path.name: path for path in models}, described)
    texts = {_PAGE: table(folder)}
    if index or (folder / builtin.INDEX).is_file():
        texts[builtin.INDEX] = json.dumps(index, indent=2) + "\n"
    for name, text in texts.items():
        file = folder / name
        if not file.is_file() or file.read_text() != text:
            with new_file(file, replace=True) as partial:
                partial.write_text(text)
            written.append(file)
    return written


def write_card(
    folder: Path | str, about_data: Mapping[str, str] | None = None, license: str | None = None
) -> list[Path]:
    """Brings the texts of one published model up to date, and returns the files that changed.

    Args:
        folder: Its folder.
        about_data: What the card says about the data from now on: as for `ganzoo.zoo.publish`.
            What is not named stays.
        license: License of the weights from now on, as for `ganzoo.zoo.publish`; by default as
            before.

    Raises:
        ValueError: If `about_data` has other names, the license has another spelling, or the folder
            holds no published model.
    """
    folder = user_path(folder)
    check_stated(about_data or {})
    check_license(license)
    models = read_all(folder.resolve().parent)
    facts, recipe = _current(*read_published(folder))
    if about_data:
        facts["data"]["about"] = {**facts["data"].get("about", {}), **about_data}
        facts["summary"] = model_card.summary(facts, recipe)
    if license is not None:
        facts["weights"]["license"] = license
    card = model_card.text(facts, recipe, folder, models)
    return presets.replace_texts(folder, recipe, facts, card)


def check_folder_of_all(folder: Path | str) -> None:
    """Raises `ValueError` if a page of published models cannot be written into a folder.

    Args:
        folder: Path of the folder.
    """
    folder = user_path(folder)
    wrong = None
    if not folder.is_dir():
        wrong = "is not a folder"
    elif (folder / manifest.METADATA).is_file():
        wrong = "is a model itself"
    elif (page := folder / _PAGE).is_file() and not page.read_text().startswith(_TITLE):
        wrong = f"has a {_PAGE} of another kind, which would be lost"
    if wrong:
        raise ValueError(
            "Expected the folder that holds the folders of published models. "
            f"Received: {str(folder)!r}, which {wrong}"
        )


def card_of(folder: Path | str, models: dict[Path, dict]) -> str:
    """Returns the current card of a published model.

    Args:
        folder: Path of the model's folder.
        models: What `read_all` returns for the folder of all models.
    """
    return model_card.text(*_current(*read_published(folder)), folder, models)


def _current(facts, recipe):
    """Returns the facts and the recipe of a model, with the texts of this version of ganzoo."""
    known = [recipes.get(name) for name in recipes.names()]
    if recipe.source not in {one.source for one in known}:
        # A recipe of ganzoo whose source is worded differently now.
        same = (one for one in known if dataclasses.replace(one, source=recipe.source) == recipe)
        recipe = next(same, recipe)
    return {**facts, "summary": model_card.summary(facts, recipe)}, recipe


def _section(title, models, pictures):
    """Returns the table of the models of a data set, with the protocol of its values."""
    results = {folder: comparison.results_of(facts) for folder, facts in models.items()}
    measured = {name for found in results.values() for name in found}
    columns = [
        names
        for names, _ in comparison.headline_metrics()
        if not measured.isdisjoint(map(key_of, names))
    ]
    chosen = {
        name: _most_frequent(results.values(), key_of(name)) for names in columns for name in names
    }
    caption = f"**{title}**"
    titles = [", ".join(names) for names in columns]
    if columns and (first := chosen[columns[0][0]]) is not None:
        titles[0] += f" ({first.protocol.extractor})"
        caption += f". All values: {first.protocol}"
    header = ("model", "classes", "parameters", "size", *titles)
    rows = []
    for folder, facts in models.items():
        values = {
            name: _value(facts, key_of(name))
            if comparison.comparable(chosen[name], results[folder].get(key_of(name)))
            else ""
            for name in chosen
        }
        cells = ["; ".join(filter(None, (values[name] for name in names))) for names in columns]
        source = html.escape(f"{urllib.parse.quote(folder)}/samples.png")
        name = html.escape(facts["name"])
        picture = f'<img src="{source}" width="160" alt="samples of {name}">'
        rows.append((*_row(folder, facts), *cells, *([picture] if pictures else [])))
    return f"{caption}.\n\n{markdown.table((*header, *([''] if pictures else [])), rows)}"


def _classifiers(models):
    """Returns the table of the classifiers of semi-supervised GANs."""
    rows = []
    for folder, facts in models.items():
        error = comparison.results_of(facts).get("test_error")
        rows.append(
            (
                f"[{facts['name']}]({folder})",
                facts_of(facts["data"]).title,
                len(facts["data"]["class_names"]),
                "" if error is None else dict(error.protocol.settings).get("labels", ""),
                "" if error is None else f"{error.value:.2%}",
                comparison.published_error(facts),
            )
        )
    header = ("model", "data", "classes", "labels", "test error", "published error")
    return f"**Classifiers from few labels**.\n\n{markdown.table(header, rows)}"


def _most_frequent(results, key):
    """Returns a result with the protocol that most models have for a value, or `None`."""
    found = [one[key] for one in results if key in one]
    counts = [sum(comparison.comparable(one, other) for other in found) for one in found]
    return found[counts.index(max(counts))] if found else None


def _row(folder, facts):
    network, weights = facts["network"], facts["weights"]
    size = weights["generator_bytes"] + (weights["discriminator_bytes"] or 0)
    return (
        f"[{facts['name']}]({folder})",
        network["num_classes"] or "none",
        f"{network['generator_parameters']:,}",
        f"{size / 1e6:.1f} MB",
    )


def _value(facts, key):
    """Returns a value of samples, with the one of real images in parentheses."""
    results = [facts["figures"][who].get(key) for who in ("samples", "real")]
    words = [f"{result['value']:.3g}" for result in results if result is not None]
    return words[0] + (f" ({words[1]})" if words[1:] else "") if words else ""
