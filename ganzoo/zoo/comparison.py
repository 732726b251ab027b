"""A model's figures beside those of others: of the zoo, and of papers with the same protocol."""

from pathlib import Path

from ganzoo.metrics import Result
from ganzoo.zoo.data_facts import facts_of
from ganzoo.zoo.markdown import table

_COMPARED = ("fid", "kid", "precision", "recall", "density", "coverage", "conditional_accuracy")
# Share of wrong answers on the test split, by data and number of labels.
_SALIMANS = "Salimans et al. 2016"
_PUBLISHED_ERRORS = {
    ("tfds:mnist", 100): (0.0093, 0.00065, f"{_SALIMANS}, table 1, mean of 10 seeds"),
    ("tfds:cifar10", 4000): (0.1863, 0.0232, f"{_SALIMANS}, table 2"),
    ("tfds:svhn_cropped", 1000): (0.0811, 0.013, f"{_SALIMANS}, table 3"),
}


def section(facts, folder, models):
    """Returns the card's section on the other models of the same data, or nothing.

    A figure is only given where its protocol is that of this model's.

    Args:
        facts: What the `metrics.json` of the model holds.
        folder: Path of the model's folder.
        models: Dictionary from the folders of published models to what theirs hold.
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
    names = [name for name in _COMPARED if name in ours]
    header = ("model", "parameters", *(ours[name].name for name in names))
    rows = []
    for path, one in sorted({**others, name_of_folder: facts}.items()):
        theirs = results_of(one)
        figures = [
            f"{theirs[name].value:.4g}" if comparable(ours[name], theirs.get(name)) else ""
            for name in names
        ]
        name = f"**{one['name']}**" if one is facts else f"[{one['name']}](../{path})"
        rows.append((name, f"{one['network']['generator_parameters']:,}", *figures))
    title = facts_of(facts["data"]["source"]).title
    return (
        f"## Beside the other models of {title}\n\n{table(header, rows)}\n\n"
        f"{_verdict(ours, others)}A gap is a figure that was not measured, or by another protocol."
    )


def _verdict(ours, others):
    """Returns the sentence on which model has the lowest FID, or nothing."""
    if "fid" not in ours:
        return ""
    theirs = {path: results_of(other).get("fid") for path, other in others.items()}
    theirs = {path: fid for path, fid in theirs.items() if comparable(ours["fid"], fid)}
    if not theirs:
        return ""
    better = sorted(path for path, fid in theirs.items() if fid.value < ours["fid"].value)
    if better:
        return f"This model does not have the lowest FID: that of {', '.join(better)} is lower. "
    return "No other model here has a lower FID. "


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


def results_of(facts):
    """Returns the `ganzoo.metrics.Result` of each figure of a model's samples, by name."""
    results = facts["figures"]["samples"]
    return {name: Result.from_dict(result) for name, result in results.items()}


def comparable(ours, theirs):
    """Whether two results, of which one may be `None`, are of one protocol."""
    return None not in (ours, theirs) and not ours.protocol.differences(theirs.protocol)
