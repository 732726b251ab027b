"""The page of all published models, and their cards made anew where others have come."""

import collections
import json
from pathlib import Path

from ganzoo.files import new_file
from ganzoo.presets import manifest, replace_card
from ganzoo.recipes import Recipe
from ganzoo.zoo import comparison, markdown, model_card
from ganzoo.zoo.data_facts import facts_of
from ganzoo.zoo.publishing import read_all

_PAGE = "README.md"
_TITLE = "# Published models\n"
_BEGIN = f"""\
{_TITLE}
One folder for each model: recipe, weights, card, metrics, pictures. Load one with
`ganzoo.GAN.from_preset(NAME)`, or draw from it with `ganzoo sample NAME`. This page is written by
`ganzoo publish --table=models`.
"""
_NONE = "None is published yet; `ganzoo list` shows the recipes that can be trained.\n"
_END = """\
In brackets: the same figure of training images. A cell is empty where the figure was not measured,
or by another protocol than the one above the table.
"""
_FIGURES = ("fid", "precision", "recall")


def table(folder):
    """Returns the page, in Markdown, of the published models in a folder."""
    sections = tables(folder)
    if not sections:
        return f"{_BEGIN}\n{_NONE}"
    return f"{_BEGIN}\n{sections}\n\n{_END}"


def tables(folder, pictures=True):
    """Returns a table for each data set of the published models in a folder, in Markdown.

    Args:
        folder: Path of the folder.
        pictures: Whether the last column shows samples.
    """
    groups = collections.defaultdict(dict)
    for path, facts in read_all(folder).items():
        groups[facts_of(facts["data"]["source"]).title][path.name] = facts
    return "\n\n".join(_section(title, groups[title], pictures) for title in sorted(groups))


def write(folder):
    """Writes the page, and the cards that other models have changed; returns what was written."""
    folder = Path(folder)
    written = []
    models = read_all(folder)
    for path in models:
        text = card_of(path, models)
        if replace_card(path, text):
            written.append(path / manifest.CARD)
    page = folder / _PAGE
    text = table(folder)
    if not page.is_file() or page.read_text() != text:
        with new_file(page, replace=True) as partial:
            partial.write_text(text)
        written.append(page)
    return written


def check_folder_of_all(folder):
    """Raises `ValueError` if a folder is not one of published models, whose page is to be written.

    Args:
        folder: Path of the folder.
    """
    folder = Path(folder)
    wrong = None
    if not folder.is_dir():
        wrong = "is no folder"
    elif (folder / manifest.METADATA).is_file():
        wrong = "is a model itself"
    elif (page := folder / _PAGE).is_file() and not page.read_text().startswith(_TITLE):
        wrong = f"has a {_PAGE} of another kind, which would be lost"
    if wrong:
        raise ValueError(
            "Expected the folder that holds the folders of published models. "
            f"Received: {str(folder)!r}, which {wrong}"
        )


def card_of(folder, models):
    """Returns the card that a published model should have beside others, which `read_all` gives."""
    folder = Path(folder)
    facts = json.loads((folder / manifest.METRICS).read_text())
    recipe = Recipe.from_json((folder / manifest.RECIPE).read_text())
    return model_card.text(facts, recipe, folder, models)


def _section(title, models, pictures):
    """Returns the table of the models of a data set, with what their figures are."""
    results = {folder: comparison.results_of(facts) for folder, facts in models.items()}
    chosen = {name: _most_frequent(results.values(), name) for name in _FIGURES}
    caption = f"**{title}**"
    if chosen["fid"] is not None:
        protocol = chosen["fid"].protocol
        caption += f". FID, precision and recall are by `{protocol.extractor}`, {protocol}"
    header = ("model", "classes", "parameters", "size", "FID", "precision, recall")
    rows = []
    for folder, facts in models.items():
        figures = {
            name: _figure(facts, name)
            if comparison.comparable(chosen[name], results[folder].get(name))
            else ""
            for name in _FIGURES
        }
        picture = f'<img src="{folder}/samples.png" width="160" alt="samples of {facts["name"]}">'
        rows.append((*_row(folder, facts, figures), *([picture] if pictures else [])))
    return f"{caption}.\n\n{markdown.table((*header, *([''] if pictures else [])), rows)}"


def _most_frequent(results, name):
    """Returns a result of the protocol that most models have for a figure, or `None`."""
    found = [one[name] for one in results if name in one]
    counts = [sum(comparison.comparable(one, other) for other in found) for one in found]
    return found[counts.index(max(counts))] if found else None


def _row(folder, facts, figures):
    network, weights = facts["network"], facts["weights"]
    size = weights["generator_bytes"] + (weights["discriminator_bytes"] or 0)
    return (
        f"[{facts['name']}]({folder})",
        network["num_classes"] or "none",
        f"{network['generator_parameters']:,}",
        f"{size / 1e6:.1f} MB",
        figures["fid"],
        "; ".join(filter(None, (figures["precision"], figures["recall"]))),
    )


def _figure(facts, name):
    """Returns a figure of samples, with that of real images in brackets."""
    results = [facts["figures"][who].get(name) for who in ("samples", "real")]
    words = [f"{result['value']:.3g}" for result in results if result is not None]
    return words[0] + (f" ({words[1]})" if words[1:] else "") if words else ""
