"""`ganzoo sample`: pictures from a trained model."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from ganzoo import drawing
from ganzoo.cli.class_flags import numbers_of
from ganzoo.cli.condition_flags import conditions_of
from ganzoo.cli.drawable import check_pictures
from ganzoo.file_names import check_output_file, check_output_folder
from ganzoo.runs.progress import Progress, working
from ganzoo.runs.run_folder import load_model

_SAMPLES = 64
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def run(options, others):
    """Draws samples into one picture or one file each."""
    if options.folder:
        check_output_folder("--folder", options.folder)
    else:
        check_output_file("--output", options.output, drawing.PICTURE_SETTINGS)
    gan = load_model(others[0], options.checkpoint)
    check_pictures(gan, others[0], vectors=not options.folder)
    conditions = conditions_of(options.conditions, gan)
    seeds, labels, columns = _lay_out(options, gan, conditions)
    if options.folder:
        _check_different(seeds, labels)
    with working(f"drawing {len(seeds):,} samples"):
        samples = gan.sample(
            len(seeds),
            seeds,
            labels,
            options.truncation,
            latent_scale=options.latent_scale,
            conditions=conditions,
        )
    if not gan.pixels.is_eight_bits:
        print(f"pictures have 8 bits; `gan.sample` in Python returns {gan.pixels.dtype}")
        samples = gan.pixels.in_eight_bits(samples)
    if options.folder:
        _save_each(samples, Path(options.folder), seeds, labels, gan.class_names)
        print(f"{len(samples)} samples in {options.folder}")
    else:
        columns = options.columns or columns
        drawing.save_picture(options.output, drawing.picture(samples, columns))
        print(f"{len(samples)} samples in {options.output}")


def _lay_out(options, gan, conditions):
    """Returns the seed and the class of each sample, and the number of columns of the grid.

    For a conditional model without `options.labels`, rows or columns of the grid are classes.
    """
    chosen, labels, columns = options.seeds, numbers_of(options.labels, gan), None
    n, num_classes = options.n, gan.num_classes
    if num_classes is not None and labels is None:
        if chosen is not None:
            labels, columns = np.repeat(np.arange(num_classes), len(chosen)), len(chosen)
            return np.tile(np.array(chosen, object), num_classes), labels, columns
        if n is None:
            labels, columns = drawing.class_rows(_SAMPLES, num_classes)
        else:
            labels, columns = drawing.class_grid(n, num_classes)
    elif labels is not None and len(labels) == 1:
        labels = labels[0]
    if np.ndim(conditions) == 2:
        n = len(conditions) if n is None else n
    if chosen is None:
        if n is None:
            n = len(labels) if np.ndim(labels) else _SAMPLES
        # The largest seed is followed by 0.
        chosen = [(options.seed + offset) % 2**64 for offset in range(n)]
    if np.ndim(labels) and len(labels) != len(chosen):
        raise ValueError(
            "--labels must be one class, or one class for each sample; without --n and --seeds "
            f"there is a sample for each class. Received: {len(labels):,} classes for "
            f"{len(chosen):,} samples"
        )
    return chosen, labels, columns


def _check_different(seeds, labels):
    """Raises `ValueError` if two samples have the same seed and the same class."""
    classes = labels if np.ndim(labels) else [labels] * len(seeds)
    # Other numbers of classes are refused by `gan.sample`.
    counts = Counter(zip(seeds, classes, strict=False))
    repeated = [(seed, label) for (seed, label), count in counts.items() if count > 1]
    if repeated:
        seed, label = repeated[0]
        of_class = "" if label is None else f"_class_{label}"
        raise ValueError(
            "Each sample has its own file, so all samples must be different. "
            f"Received: {len(repeated):,} of them more than once, first seed_{seed:06d}{of_class}"
        )


def _save_each(samples, folder, seeds, labels, class_names):
    """Writes a file for each sample, named after its seed and its class."""
    names = [f"seed_{seed:06d}" for seed in seeds]
    if labels is not None:
        labels = np.broadcast_to(labels, len(names))
        classes = [_file_name(label, class_names) for label in labels]
        names = [f"{name}_class_{of_class}" for name, of_class in zip(names, classes, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    with Progress() as progress:
        for done, (name, image) in enumerate(zip(names, samples, strict=True), 1):
            drawing.save_picture(folder / f"{name}.png", image)
            if progress is not None:
                progress("files", done, len(names))


def _file_name(label, class_names):
    """Returns the number of a class, with its name if there is one, as a part of a file's name."""
    if class_names is None:
        return str(label)
    name = _NOT_IN_NAMES.sub("_", class_names[label])
    return f"{label}_{name}"
