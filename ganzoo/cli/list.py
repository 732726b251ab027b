"""`ganzoo list`: the published models, and the names that the other commands take."""

import textwrap

from ganzoo import augment, list_models, losses, presets, recipes, regularizers
from ganzoo.data import SOURCES
from ganzoo.zoo import overview

_WIDTH = 100
_NOTE = "FID is measured with ganzoo's own classifier of the data. Compare it within a data set."


def run(options, others):
    """Prints all lists, or the one that is named."""
    for number, kind in enumerate(others or _LISTS):
        if number:
            print()
        print("\n".join(_LISTS[kind]()))


def _models():
    names = list_models()
    if not names:
        return ["Models: none is published"]
    rows = [("model", "data", "size", "classes", "metric", "")]
    for name in names:
        facts = presets.facts_of(name)
        row = facts.get("overview") or (overview(facts) if facts else {})
        fields = (row.get(field, "") for field in ("data", "size", "classes", "metric"))
        rows.append((name, *fields, "download" if presets.needs_download(name) else ""))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  " + "  ".join(f"{field:<{width}}" for field, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return ["Models (ganzoo sample NAME):", *map(str.rstrip, lines), f"  {_NOTE}"]


def _data():
    # Arrays can be given in Python only.
    sources = (SOURCES[name] for name in SOURCES.names() if name != "arrays")
    return _section("Data (--data)", {source.usage: source.summary for source in sources})


def _recipes():
    return _section(
        "Recipes (--model)", {name: recipes.get(name).source for name in recipes.names()}
    )


def _parts(title, kind, names):
    return _section(title, {name: type(kind.get(name)).__doc__.splitlines()[0] for name in names})


def _section(title, entries):
    """Returns the lines of names and texts in two columns."""
    column = 4 + max(map(len, entries))
    lines = [f"{title}:"]
    for name, text in entries.items():
        lines += textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=f"  {name:<{column - 2}}",
            subsequent_indent=" " * column,
            break_on_hyphens=False,
        )
    return lines


_LISTS = {
    "models": _models,
    "recipes": _recipes,
    "data": _data,
    "losses": lambda: _parts("Losses (--loss)", losses, losses.adversarial_names()),
    "regularizers": lambda: _parts(
        "Regularizers (--regularizers)", regularizers, regularizers.names()
    ),
    "augmentations": lambda: _parts("Augmentations (--augment)", augment, augment.names()),
}
