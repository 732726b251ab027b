"""A model's figures beside those of others: of the zoo, and of papers with the same protocol."""

import json

from ganzoo.metrics import Result
from ganzoo.publishing.data_sets import facts_of

_COMPARED = ("fid", "kid", "precision", "recall", "density", "coverage", "conditional_accuracy")
# Share of wrong answers on the test split, by data and number of labels.
_SALIMANS = "Salimans et al. 2016"
_PUBLISHED_ERRORS = {
    ("tfds:mnist", 100): (0.0093, 0.00065, f"{_SALIMANS}, table 1, mean of 10 seeds"),
    ("tfds:cifar10", 4000): (0.1863, 0.0232, f"{_SALIMANS}, table 2"),
    ("tfds:svhn_cropped", 1000): (0.0811, 0.013, f"{_SALIMANS}, table 3"),
}


def section(facts, others):
    """Returns the card's section on the other models of the same data, or nothing.

    A figure is only given where its protocol is that of this model's.

    Args:
        facts: What the `metrics.json` of the model holds.
        others: List of those of other models.
    """
    others = [
        other
        for other in others
        if other["data"]["source"] == facts["data"]["source"] and other["name"] != facts["name"]
    ]
    if not others:
        return None
    ours = _results(facts)
    names = [name for name in _COMPARED if name in ours]
    lines = [
        ("model", "parameters", *(ours[name].name for name in names)),
        ("---",) * (2 + len(names)),
    ]
    for one in sorted([facts, *others], key=lambda one: one["name"]):
        theirs = _results(one)
        figures = [_comparable(ours[name], theirs.get(name)) for name in names]
        name = f"**{one['name']}**" if one is facts else f"[{one['name']}](../{one['name']})"
        lines.append((name, f"{one['network']['generator_parameters']:,}", *figures))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    title = facts_of(facts["data"]["source"]).title
    return (
        f"## Beside the other models of {title}\n\n{table}\n\n"
        "A gap is a figure that was not measured, or by another protocol."
    )


def semi_supervised(result, facts):
    """Returns the sentences on the error rate of a semi-supervised model."""
    labels = dict(result.protocol.settings).get("labels")
    count = result.protocol.reference_samples
    trained = "" if labels is None else f", trained with {labels:,} labels"
    words = (
        f"As a classifier{trained}, it is wrong on {result.value:.2%} of {count:,} images of "
        f"{result.protocol.reference}."
    )
    if (facts["data"]["source"], labels) in _PUBLISHED_ERRORS:
        value, spread, source = _PUBLISHED_ERRORS[facts["data"]["source"], labels]
        words += f" Published with as many labels: {value:.2%} ± {spread:.2%} ({source})."
    return words


def _results(facts):
    results = facts["figures"]["samples"]
    return {name: Result.from_json(json.dumps(result)) for name, result in results.items()}


def _comparable(ours, theirs):
    if theirs is None or ours.protocol.differences(theirs.protocol):
        return ""
    return f"{theirs.value:.4g}"
