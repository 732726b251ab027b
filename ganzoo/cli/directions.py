"""`ganzoo directions`: finds directions, and draws samples that move along them."""

import numpy as np

from ganzoo import drawing, extractors
from ganzoo.cli import direction_flags
from ganzoo.cli.class_flags import numbers_of
from ganzoo.cli.condition_flags import conditions_of
from ganzoo.cli.direction_flags import STORED
from ganzoo.cli.drawable import check_pictures
from ganzoo.file_names import check_output_file
from ganzoo.generation import score
from ganzoo.generation.conditioning import check_labels
from ganzoo.runs.progress import working
from ganzoo.runs.run_folder import data_of, load_model

_SCORED = 128  # Samples.
_DIRECTIONS = 8


def run(options, others):
    """Finds directions, draws them, and prints what each of them changes."""
    model = others[0]
    check_output_file("--output", options.output, drawing.PICTURE_SETTINGS)
    if options.save:
        check_output_file("--save", options.save, (".npz",))
    classifier = _classifier(options, model)
    gan = load_model(model, options.checkpoint)
    check_pictures(gan, model)
    labels = _labels(numbers_of(options.labels, gan), options.seeds or [0], gan)
    conditions = conditions_of(options.conditions, gan)
    with working(f"finding directions of {model}"):
        found = _found(gan, model, options, classifier, conditions)
    frames = _strips(gan, found, options, labels, conditions)
    drawing.save_picture(options.output, drawing.image_grid(frames, columns=options.steps))
    if options.save:
        found.save(options.save)
    print("\n".join(_table(gan, found, classifier, conditions)))
    print(f"\n{len(found)} directions in {options.output}")


def _found(gan, model, options, classifier, conditions):
    """Returns the directions that the options ask for."""
    method = options.method or (STORED if gan.stored_directions is not None else "sefa")
    if method != STORED:
        return gan.directions(
            method,
            _DIRECTIONS if options.n is None else options.n,
            options.layers or None,
            options.samples,
            classifier if method == "classes" else None,
            conditions=None if method == "sefa" else conditions,
        )
    if unused := sorted(options.given & {"layers", "samples"}):
        raise ValueError(
            f"--{unused[0]} is for directions that are found now, and this model has stored ones: "
            f"give --method too. Received: --{unused[0]} for {model}"
        )
    found = direction_flags.of_model(STORED, gan, model)
    if options.n is None:
        print(f"{len(found)} directions are stored with {model}\n")
        return found
    if options.n > len(found):
        raise ValueError(
            f"--n must be at most {len(found)}, the directions that are stored with the model; "
            f"--method=sefa finds others. Received: --n={options.n}"
        )
    return found.select(range(options.n))


def _strips(gan, found, options, labels, conditions):
    """Returns the images of all rows: the seeds of the first direction, and so on."""
    seeds = options.seeds or [0]
    amounts = np.linspace(-options.span, options.span, options.steps)
    if options.steps == 1:
        amounts = np.array([options.span])
    latents = np.repeat(gan.latents_of(seeds), options.steps, axis=0)
    classes = None
    if gan.num_classes is not None:
        given = np.asarray(seeds) % gan.num_classes if labels is None else labels
        classes = np.repeat(np.resize(given, len(seeds)), options.steps)
    if conditions is not None and conditions.ndim == 2:
        conditions = np.repeat(conditions, options.steps, axis=0)
    rows = [
        gan.edit(
            latents,
            found,
            {number: np.tile(amounts, len(seeds))},
            classes,
            options.truncation,
            conditions=conditions,
        )
        for number in range(len(found))
    ]
    return gan.pixels.in_eight_bits(np.concatenate(rows))


def _labels(labels, seeds, gan):
    if labels is None:
        return None
    if len(labels) not in (1, len(seeds)):
        raise ValueError(
            f"--labels must be one class or one for each of the {len(seeds)} --seeds. "
            f"Received: {len(labels)} classes"
        )
    return check_labels(labels, len(labels), gan.num_classes)


def _classifier(options, model):
    """Returns the classifier that the options name, or the one of the model's data, or `None`."""
    data = data_of(model) if options.classifier is None else None
    classifier = None
    if options.classifier is not None:
        classifier = extractors.get(options.classifier)
    elif data is not None:
        classifier = extractors.get_for(data["data"])
    if options.method == "classes" and not hasattr(classifier, "probabilities"):
        raise ValueError(
            "--method=classes needs a --classifier that tells classes: "
            f"{', '.join(extractors.names())}. Received: --classifier={options.classifier}"
        )
    return classifier


def _table(gan, found, classifier, conditions):
    """Returns lines: the name of each direction, its value, and what it changes most."""
    lines = [f"{'direction':<14}{'value':>10}"]
    scores = None
    if hasattr(classifier, "probabilities"):
        scores = score(gan, found, classifier, samples=_SCORED, conditions=conditions)
        lines[0] += f"   {'gray levels':>11}   {'changes most':<16}{'share':>6}"
    for number, name in enumerate(found.names):
        line = f"{name:<14}{found.values[number]:>10.4g}"
        if scores is not None:
            effects = scores.effects[number]
            most = np.abs(effects).argmax()
            sign = "+" if effects[most] > 0 else "-"
            line += (
                f"   {scores.changes[number]:>11.1f}   {sign + scores.attributes[most]:<16}"
                f"{scores.selectivity[number]:>6.2f}"
            )
        lines.append(line)
    return lines
