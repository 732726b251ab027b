"""`ganzoo list`: the names that the other commands take."""

from ganzoo import augment, list_models, losses, presets, recipes, regularizers
from ganzoo.data import SOURCES


def run(options, others):
    """Prints the names of models, recipes, data sources and parts."""
    # Arrays can be given in Python only.
    sources = (SOURCES[name] for name in SOURCES.names() if name != "arrays")
    sections = {
        "Models (--model)": {name: recipes.get(name).source for name in recipes.names()},
        "Data (--data)": {source.usage: source.summary for source in sources},
        "Losses (--loss)": {
            name: _summary(losses.get(name)) for name in losses.adversarial_names()
        },
        "Regularizers (--regularizers)": {
            name: _summary(regularizers.get(name)) for name in regularizers.names()
        },
        "Augmentations (--augment)": {
            name: _summary(augment.get(name)) for name in augment.names()
        },
        "Presets (ganzoo sample NAME)": {name: presets.summary_of(name) for name in list_models()},
    }
    sections = {title: entries for title, entries in sections.items() if entries}
    column = 2 + max(len(name) for entries in sections.values() for name in entries)
    for title, entries in sections.items():
        print(f"{title}:")
        for name, summary in entries.items():
            print(f"  {name:<{column}}{summary}")
        print()


def _summary(part):
    return type(part).__doc__.splitlines()[0]
