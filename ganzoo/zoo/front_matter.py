"""The front matter of a card: YAML by which model hubs list and compare models."""

import json
import re

from ganzoo.metrics import Result
from ganzoo.recipes import Recipe
from ganzoo.zoo.data_facts import facts_of
from ganzoo.zoo.overview import is_classifier

_UNKNOWN = "unknown"
# What a value is called where its own name would stand for another network's features or classes.
_NAMES = {
    "FID": "Fréchet distance",
    "KID": "kernel distance",
    "IS": "exponential of the mutual information",
    "accuracy": "agreement with the requested class",
    "test error": "share of wrong answers",
}
# With the features of Inception, hubs and papers have these names.
_INCEPTION = {"FID": "FID", "KID": "KID", "IS": "Inception score"}


def front_matter(facts: dict, recipe: Recipe) -> str:
    """Returns the front matter of a card.

    The types and names of metrics say what was measured: a Fréchet distance is called FID only if
    its features come from an Inception network.

    Args:
        facts: Content of `metrics.json`.
        recipe: The `ganzoo.recipes.Recipe` of the training run.
    """
    data = facts_of(facts["data"])
    task = _task(facts)
    content = {
        "license": facts["weights"].get("license") or _UNKNOWN,
        "library_name": "ganzoo",
        **({"pipeline_tag": task} if task else {}),
        "tags": ["gan", "image-generation", "keras", recipe.architecture.replace("_", "-")],
        **({"datasets": [data.tag]} if data.tag else {}),
        "model-index": [{"name": facts["name"], "results": _results(facts, data, task)}],
    }
    if facts["network"]["num_classes"]:
        content["tags"].append("class-conditional")
    return f"---\n{_yaml(content)}\n---"


def _task(facts):
    """Returns the task of a model as hubs call it, or `None`: they have none for classes."""
    if is_classifier(facts):
        return "image-classification"
    return None if facts["network"]["num_classes"] else "unconditional-image-generation"


def _results(facts, data, task):
    samples = facts["figures"]["samples"].values()
    return [
        {
            "task": {"type": task or "image-generation"},
            "dataset": {"type": data.tag or facts["data"]["source"], "name": data.title},
            "metrics": [_metric(Result.from_dict(result)) for result in samples],
        }
    ]


def _metric(result):
    protocol = result.protocol
    kind, name = _kind_and_name(result)
    arguments = {
        "extractor": protocol.extractor,
        "extractor_sha256": protocol.extractor_sha256,
        "samples": protocol.samples,
        "reference": protocol.reference,
        "reference_samples": protocol.reference_samples,
        "resize": protocol.resize,
        "seed": protocol.seed,
        "spread": result.spread,
        **dict(protocol.settings),
    }
    known = {key: value for key, value in arguments.items() if value is not None}
    return {"type": kind, "name": name, "value": result.value, "args": known}


def _kind_and_name(result):
    """Returns the type of a metric, an identifier, and its name for readers."""
    extractor = result.protocol.extractor
    if extractor is not None and "inception" in extractor:
        kind = _INCEPTION.get(result.name, f"{result.name} of samples")
        return _identifier(kind), f"{result.name} ({extractor})"
    words = _NAMES.get(result.name, f"{result.name} of samples")
    if extractor is None:
        return _identifier(words), words
    return _identifier(f"{words} {extractor}"), f"{words}, by {extractor} and not by Inception"


def _identifier(words):
    return re.sub(r"[^\w-]+", "_", words.lower().replace("é", "e"))


def _yaml(value, indent=0):
    """Returns plain data as YAML, with the scalars of JSON."""
    space = " " * indent
    if isinstance(value, dict):
        return "\n".join(f"{space}{key}:{_nested(part, indent)}" for key, part in value.items())
    # The first line of an entry follows its dash.
    entries = (
        _yaml(part, indent + 2).lstrip() if isinstance(part, dict) else _scalar(part)
        for part in value
    )
    return "\n".join(f"{space}- {entry}" for entry in entries)


def _nested(part, indent):
    if isinstance(part, dict) and part:
        return f"\n{_yaml(part, indent + 2)}"
    if isinstance(part, list) and part:
        return f"\n{_yaml(part, indent)}"
    return f" {_scalar(part)}"


def _scalar(value):
    return json.dumps(value, ensure_ascii=False)
