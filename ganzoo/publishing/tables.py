"""The page of all published models, and their cards made anew where others have come."""

import json
from pathlib import Path

from ganzoo.publishing import card
from ganzoo.publishing.data_sets import facts_of
from ganzoo.publishing.publication import read_all
from ganzoo.recipes import Recipe
from ganzoo.zoo import manifest, replace_card

_BEGIN = """\
# Published models

One folder for each model: recipe, weights, card, metrics, pictures. Load one with
`ganzoo.GAN.from_preset(NAME)`, or draw from it with `ganzoo sample NAME`. This page is written by
`ganzoo publish --table=models`.
"""
_NONE = "None is published yet; `ganzoo list` shows the recipes that can be trained.\n"
_END = """\
In brackets: the same figure of training images. Figures compare within one data set only, as each
has an extractor of its own; the protocols are on the cards.
"""


def table(folder):
    """Returns the page, in Markdown, of the published models in a folder."""
    models = read_all(folder)
    if not models:
        return f"{_BEGIN}\n{_NONE}"
    header = ("model", "data", "classes", "parameters", "size", "FID", "precision, recall", "")
    lines = [header, ["---"] * len(header), *map(_row, models)]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{_BEGIN}\n{rows}\n\n{_END}"


def write(folder):
    """Writes the page, and the cards that other models have changed; returns what was written."""
    folder = Path(folder)
    written = []
    models = read_all(folder)
    for facts in models:
        path = folder / facts["name"] / manifest.CARD
        text = card_of(path.parent, models)
        if path.read_text() != text:
            replace_card(path.parent, text)
            written.append(path)
    page = folder / "README.md"
    text = table(folder)
    if not page.is_file() or page.read_text() != text:
        page.write_text(text)
        written.append(page)
    return written


def card_of(folder, models):
    """Returns the card that a published model should have beside others."""
    folder = Path(folder)
    facts = json.loads((folder / manifest.METRICS).read_text())
    recipe = Recipe.from_json((folder / manifest.RECIPE).read_text())
    return card.text(facts, recipe, models)


def _row(facts):
    name, network, weights = facts["name"], facts["network"], facts["weights"]
    size = weights["generator_bytes"] + (weights["discriminator_bytes"] or 0)
    precision, recall = _figure(facts, "precision"), _figure(facts, "recall")
    return (
        f"[{name}]({name})",
        facts_of(facts["data"]["source"]).title,
        str(network["num_classes"] or "none"),
        f"{network['generator_parameters']:,}",
        f"{size / 1e6:.1f} MB",
        _figure(facts, "fid"),
        f"{precision}; {recall}" if precision else "",
        f'<img src="{name}/samples.png" width="160" alt="samples of {name}">',
    )


def _figure(facts, name):
    """Returns a figure of samples, with that of real images in brackets."""
    results = [facts["figures"][who].get(name) for who in ("samples", "real")]
    words = [f"{result['value']:.3g}" for result in results if result is not None]
    return words[0] + (f" ({words[1]})" if words[1:] else "") if words else ""
