"""A model's values next to those that other models of the zoo and papers have by its protocol."""

from pathlib import Path

from ganzoo.markdown import table
from ganzoo.metrics import Result
from ganzoo.metrics.base import key_of, kinds
from ganzoo.zoo.data_facts import facts_of

# Share of wrong answers on the test split, by data and number of labels.
_SALIMANS = "Salimans et al. 2016"
_PUBLISHED_ERRORS = {
    ("tfds:mnist", 100): (0.0093, 0.00065, f"{_SALIMANS}, table 1, mean of 10 seeds"),
    ("tfds:cifar10", 4000): (0.1863, 0.0232, f"{_SALIMANS}, table 2"),
    ("tfds:svhn_cropped", 1000): (0.0811, 0.013, f"{_SALIMANS}, table 3"),
}
_BETTER = {"lowest": "lower", "highest": "higher"}


def section(facts: dict, folder: Path | str, models: dict[Path, dict]) -> str | None:
    """Returns the card's section about the other models of the same data, or `None`.

    A value appears only where its protocol is that of this model.

    Args:
        facts: The content of the model's `metrics.json`.
        folder: Path of the model's folder.
        models: Dictionary from the folders of published models to the content of theirs.
    """
    name_of_folder = Path(folder).name
    others = {
        path.name: other
        for path, other in models.items()
        if other["data"]["source"] == facts["data"]["source"] and path.name != name_of_folder
    }
    if not others:
        return None
    ours = results_of(facts)
    theirs = {path: results_of(other) for path, other in others.items()}
    names = [
        name
        for name in ours
        if any(comparable(ours[name], results.get(name)) for results in theirs.values())
    ]
    header = ("model", "parameters", *(ours[name].name for name in names))
    rows = []
    for path, one in sorted({**others, name_of_folder: facts}.items()):
        results = theirs.get(path, ours)
        values = [
            f"{results[name].value:.4g}" if comparable(ours[name], results.get(name)) else ""
            for name in names
        ]
        name = f"**{one['name']}**" if one is facts else f"[{one['name']}](../{path})"
        rows.append((name, f"{one['network']['generator_parameters']:,}", *values))
    title = facts_of(facts["data"]).title
    return (
        f"## Comparison with the other models of {title}\n\n{table(header, rows)}\n\n"
        f"{_rank(ours, theirs)}An empty cell is a value that was not measured, or was measured by "
        "another protocol."
    )


def headline_metrics() -> list[tuple[tuple[str, ...], str]]:
    """Returns the values that tables show, and which of them is best, for each such metric.

    Example:

    >>> headline_metrics()
    [(('FID',), 'lowest'), (('precision', 'recall'), 'highest')]
    """
    return [(kind.headline, kind.best) for kind in kinds().values() if kind.headline]


def _rank(ours, theirs):
    """Returns the sentence about which model is best by the first headline value, or nothing."""
    (name, *_), best = headline_metrics()[0]
    key, sign = key_of(name), -1 if best == "highest" else 1
    if key not in ours:
        return ""
    values = {path: results.get(key) for path, results in theirs.items()}
    values = {path: value for path, value in values.items() if comparable(ours[key], value)}
    if not values:
        return ""
    better = sorted(path for path, v in values.items() if sign * v.value < sign * ours[key].value)
    if better:
        verb = "has" if len(better) == 1 else "have"
        return (
            f"This model does not have the {best} {name}: {', '.join(better)} {verb} a "
            f"{_BETTER[best]} one. "
        )
    return f"No other model here has a {_BETTER[best]} {name}. "


def semi_supervised(result: Result, facts: dict) -> str:
    """Returns the sentences about the error rate of a semi-supervised model."""
    labels = dict(result.protocol.settings).get("labels")
    count = result.protocol.reference_samples
    trained = "" if labels is None else f", trained with {labels:,} labels"
    words = (
        f"As a classifier{trained}, it is wrong on {result.value:.2%} of {count:,} images of "
        f"{result.protocol.reference}."
    )
    published = _published_error(facts["data"]["source"], labels)
    return f"{words} Published with as many labels: {published}." if published else words


def published_error(facts: dict) -> str:
    """Returns the published error rate for as many labels as a classifier had, or an empty text."""
    result = results_of(facts).get("test_error")
    labels = None if result is None else dict(result.protocol.settings).get("labels")
    return _published_error(facts["data"]["source"], labels)


def _published_error(source, labels):
    if (source, labels) not in _PUBLISHED_ERRORS:
        return ""
    value, spread, paper = _PUBLISHED_ERRORS[source, labels]
    return f"{value:.2%} ± {spread:.2%} ({paper})"


def results_of(facts: dict) -> dict[str, Result]:
    """Returns the values of a model's samples by name."""
    results = facts["figures"]["samples"]
    return {name: Result.from_dict(result) for name, result in results.items()}


def comparable(ours: Result | None, theirs: Result | None) -> bool:
    """Whether two results have the same protocol; `False` where one is `None`."""
    return None not in (ours, theirs) and not ours.protocol.differences(theirs.protocol)
