"""The directions of a published model: how they are found, measured, stored and described."""

import json
import shlex
from pathlib import Path

import numpy as np

from ganzoo import presets
from ganzoo.data.classes import have_same_numbers
from ganzoo.files import new_file, user_path
from ganzoo.generation import Directions, score
from ganzoo.generation.editing import edit
from ganzoo.generation.pages import few_in_closed_form
from ganzoo.markdown import table
from ganzoo.zoo import pictures

_SAMPLES = 5000  # From which the directions of classes are found.
_SCORED = 64
_AMOUNT = 2.0
_LEAST_CHANGE = 4.0  # Gray levels. Less is hard to see.
_LEAST_SHARE = 0.5  # Of samples that a direction of a class leads to it.


def find(gan, class_names=None, classifier=None, conditions=None) -> tuple[Directions | None, dict]:
    """Finds the directions of a model that show something, and measures them.

    There are up to 6 in closed form (SeFa). If a classifier knows the classes of the data, and the
    GAN does not take them as labels, there is one for each class too. A direction is left out if it
    changes images by less than 4 gray levels, or if less than half of the samples come to the class
    of the direction.

    Args:
        gan: The `ganzoo.GAN` of images with the weights that others load.
        class_names: Names of the classes of its data, or `None`.
        classifier: Extractor of `ganzoo.extractors`, or `None`.
        conditions: Conditions for the samples of a GAN with `condition_dim`, `(n, condition_dim)`.

    Returns:
        The `Directions`, or `None` without any, and facts for the card.
    """
    classifier = classifier if _tells(classifier, class_names) else None
    first, left_out = None, []
    found, numbers = [], []
    try:
        first = few_in_closed_form(gan)
        found.append(first.select(range(len(first)), [f"sefa-{i}" for i in range(len(first))]))
        numbers += [None] * len(first)
    except ValueError as error:  # The latents reach no layer directly.
        left_out.append(f"directions in closed form: {error}")
    if classifier is not None and gan.num_classes is None:
        known = class_names or getattr(classifier, "class_names", None)
        known = list(known or map(str, range(classifier.num_classes)))
        try:
            of_classes = gan.directions(
                "classes",
                samples=_SAMPLES,
                classifier=classifier,
                conditions=_rows(conditions, _SAMPLES),
            )
            numbers += [_number(name, classifier, known) for name in of_classes.names]
            names = [_name_of_class(known[number]) for number in numbers[-len(of_classes) :]]
            found.append(of_classes.select(range(len(of_classes)), names))
        except (ValueError, ImportError) as error:
            left_out.append(f"directions of classes: {error}")
    if not found:
        return None, {"shown": [], "left_out": left_out}
    directions = found[0] if len(found) == 1 else found[0].joined(found[1])
    methods = [one.method for one in found for _ in range(len(one))]
    return _chosen(gan, directions, methods, numbers, classifier, class_names, conditions, left_out)


def measured(
    gan, directions: Directions, class_names=None, classifier=None, conditions=None
) -> dict:
    """Returns the facts about given directions, which are all shown; as for `find`."""
    classifier = classifier if _tells(classifier, class_names) else None
    scores = _scores(gan, directions, classifier, conditions)
    methods = [directions.method] * len(directions)
    rows = _facts(directions, methods, scores, class_names)
    return {**_protocol(classifier), "shown": rows, "left_out": []}


def store(folder: Path | str, directions: Directions | str | None = "find", classifier=None):
    """Finds the directions of a published model, and stores them with it.

    Its card shows them when it is written again, by `ganzoo.zoo.write`.

    Args:
        folder: Folder of the published model.
        directions: `"find"`; or the `Directions` to store; or `None` to remove them.
        classifier: As for `find`.

    Returns:
        The `Directions`, or `None`.

    Raises:
        ganzoo.presets.PresetError: If the folder holds no preset, or is damaged.
        ValueError: If it is no published model, the directions belong to another generator, or the
            GAN takes vectors of conditions, which only its data have.
    """
    folder = user_path(folder)
    facts = presets.read_metrics(folder)
    if not isinstance(facts, dict) or "data" not in facts:
        raise ValueError(
            "Directions are stored with a published model, which has facts of its data. For any "
            f"other preset, use `gan.save_to_preset`. Received: {str(folder)!r}"
        )
    facts.pop("directions", None)
    if directions is not None:
        gan = presets.load_folder(folder)
        if gan.condition_dim is not None:
            raise ValueError(
                "The samples of this model need conditions, which only its data have: publish its "
                f"run again. Received: {folder}, a GAN with condition_dim={gan.condition_dim}"
            )
        names = facts["data"]["class_names"]
        if directions == "find":
            directions, facts["directions"] = find(gan, names, classifier)
        else:
            directions.check(gan)
            facts["directions"] = measured(gan, directions, names, classifier)
    presets.store_directions(folder, directions)
    picture = folder / pictures.DIRECTIONS
    if directions is None:
        picture.unlink(missing_ok=True)
    else:
        with new_file(picture, replace=True) as partial:
            partial.write_bytes(pictures.encoded(pictures.directions(gan, directions)))
    presets.replace_texts(folder, metrics=facts)
    return directions


def section(facts: dict, location: str) -> str | None:
    """Returns the card's section about the directions, or `None` without any.

    Args:
        facts: Content of `metrics.json`.
        location: What readers pass to `from_preset`.
    """
    found = facts.get("directions")
    if not found or not found["shown"]:
        return None
    name = found["shown"][-1]["name"]
    left_out = "".join(f"\n\nLeft out: {what}." for what in found["left_out"])
    more = ", labels=0" if facts["network"]["num_classes"] else ""
    commands = [
        f"ganzoo directions {location} --seeds=0-3",
        f"ganzoo interpolate {location} --along={shlex.quote(name)} --output=moved.gif",
        f"ganzoo explore {location}",
    ]
    if not more and (size := facts["data"].get("condition_dim")):
        # The first two commands need a vector.
        more, commands = f", conditions=[0.0] * {size}", commands[2:]
    lines = "\n".join(commands)
    return f"""\
## Directions

Each row moves two samples along one direction, from -{pictures.SPAN:g} to {pictures.SPAN:g}.

![Directions]({pictures.DIRECTIONS})

{_table(found)}

{_explanation(found)}{left_out}

```python
latents = gan.latents_of([3])
images = gan.edit(latents, gan.stored_directions, {{{json.dumps(name)}: 2.0}}{more})
```

```
{lines}
```"""


def _table(found):
    has_classes = _has_classes(found)
    header = ["direction", "found by", "gray levels"]
    header += ["changes most", "share"] if found["classifier"] else []
    header += ["arrives"] if has_classes else []
    rows = []
    for row in found["shown"]:
        method = _METHODS.get(row["method"], row["method"])
        cells = [row["name"], method, f"{row['gray_levels']:.0f}"]
        cells += [row["most"], f"{row['share']:.2f}"] if found["classifier"] else []
        if has_classes:
            cells.append(f"{row['arrives']:.0%}" if "arrives" in row else "")
        rows.append(cells)
    return table(header, rows)


def _explanation(found):
    """Returns what the columns of the table mean."""
    sentences = [
        f"`gray levels` is the root mean squared change of {found['samples']} samples from the "
        f"amount {-found['amount']:g} to {found['amount']:g}."
    ]
    if found["classifier"]:
        sentences.append(
            f"`{found['classifier']}` says which class changes most, with its log-odds rising (+) "
            "or falling (-); `share` is its share in the changes of all classes."
        )
    if _has_classes(found):
        sentences.append(
            "`arrives` is the share of samples that are of the direction's class at the amount "
            f"{pictures.SPAN:g}."
        )
    return " ".join(sentences)


def _has_classes(found):
    return any("arrives" in row for row in found["shown"])


_METHODS = {
    "sefa": "[SeFa](https://arxiv.org/abs/2007.06600)",
    "pca": "[GANSpace](https://arxiv.org/abs/2004.02546)",
    "classes": "[classes](https://arxiv.org/abs/1907.10786)",
}


def _tells(classifier, class_names):
    """Whether a classifier knows the classes of the data."""
    count = getattr(classifier, "num_classes", None)
    return (
        hasattr(classifier, "probabilities")
        and count is not None
        and class_names is not None
        and count == len(class_names)
        and have_same_numbers(class_names, getattr(classifier, "class_names", None))
    )


def _number(name, classifier, known):
    """Returns the number of the class of a direction."""
    names = getattr(classifier, "class_names", None)
    return int(name) if names is None else list(names).index(name)


def _name_of_class(name):
    # A number would be taken for the number of a direction.
    return f"class-{name}" if name.isdecimal() else name


def _rows(conditions, count):
    return None if conditions is None else np.resize(conditions, (count, conditions.shape[1]))


def _scores(gan, directions, classifier, conditions):
    return score(
        gan, directions, classifier, _AMOUNT, _SCORED, conditions=_rows(conditions, _SCORED)
    )


def _chosen(gan, directions, methods, numbers, classifier, class_names, conditions, left_out):
    """Returns the directions that show something, and their facts."""
    scores = _scores(gan, directions, classifier, conditions)
    rows = _facts(directions, methods, scores, class_names)
    kept = []
    for index, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        if number is not None:
            row["arrives"] = _arrivals(gan, directions, index, number, classifier, conditions)
        if row["gray_levels"] < _LEAST_CHANGE:
            left_out.append(f"{row['name']}, which changes {row['gray_levels']:.1f} gray levels")
        elif row.get("arrives", 1.0) < _LEAST_SHARE:
            left_out.append(f"{row['name']}, which only {row['arrives']:.0%} of the samples become")
        else:
            kept.append(index)
    facts = {**_protocol(classifier), "shown": [rows[i] for i in kept], "left_out": left_out}
    return directions.select(kept) if kept else None, facts


def _arrivals(gan, directions, index, number, classifier, conditions):
    """Returns the share of samples that are of a class at the end of the strip of a direction."""
    latents = gan.latents_of(range(_SCORED))
    amounts = {index: pictures.SPAN}
    images = edit(gan, latents, directions, amounts, conditions=_rows(conditions, _SCORED))
    probabilities = classifier.probabilities(gan.pixels.in_eight_bits(images))
    return float(np.mean(probabilities.argmax(axis=1) == number))


def _facts(directions, methods, scores, class_names):
    rows = []
    for index, name in enumerate(directions.names):
        row = {"name": name, "method": methods[index], "value": float(directions.values[index])}
        row["gray_levels"] = float(scores.changes[index])
        if scores.attributes:
            effects = scores.effects[index]
            most = int(np.abs(effects).argmax())
            row["most"] = f"{'+' if effects[most] > 0 else '-'}{class_names[most]}"
            row["effect"] = float(effects[most])
            row["share"] = float(scores.selectivity[index])
        rows.append(row)
    return rows


def _protocol(classifier):
    return {
        "amount": _AMOUNT,
        "samples": _SCORED,
        "classifier": None if classifier is None else classifier.name,
    }
