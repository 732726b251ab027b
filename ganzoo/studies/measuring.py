"""The values of a trained cell."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganzoo import metrics
from ganzoo.data import Dataset
from ganzoo.studies import cell_data
from ganzoo.studies.schema import Evaluation
from ganzoo.studies.study import Cell

# What the classifiers of each accuracy train on, and whether they have standard augmentation.
_ACCURACIES = {
    "accuracy": (("images",), False),
    "accuracy_augmented": (("images",), True),
    "accuracy_samples": (("samples",), False),
    "accuracy_with_samples": (("images", "samples"), False),
    "accuracy_augmented_with_samples": (("images", "samples"), True),
}
_TIMED_STEPS = (10, 60)


def check(cell: Cell, gan: Any, data: Dataset) -> None:
    """Raises `ValueError` if a cell cannot be measured."""
    evaluation = cell.evaluation
    classifies = evaluation.classifier is not None or cell.recipe.labels_per_class is not None
    # A split that a study names must be there, whatever is measured.
    if evaluation.metrics or classifies or evaluation.split != Evaluation.split:
        test = cell_data.load(cell, evaluation.split)
    if evaluation.metrics:
        _evaluation(cell)
        gan.sampler_for(test)  # Raises where samples need conditions that are missing.
    if classifies and test.labels is None:
        raise ValueError(f"The error of a classifier is of images with labels. Received: {test!r}")
    if evaluation.classifier is not None and (gan.num_classes is None or data.labels is None):
        raise ValueError(
            "`evaluation.classifier` needs a GAN that draws samples of classes: give labels, and "
            f"`conditional = true`. Received: {data!r} with conditional={cell.recipe.conditional}"
        )


def measure(cell: Cell, gan: Any, data: Dataset, seed: int) -> tuple[dict, np.ndarray | None]:
    """Returns the values of a trained GAN by name, and the samples to keep.

    Args:
        cell: What was trained.
        gan: The trained GAN.
        data: The examples that it was trained on.
        seed: Seed of the run.
    """
    evaluation = cell.evaluation
    samples = None
    if evaluation.keep_samples:
        samples = gan.sampler_for(data)(evaluation.keep_samples, seed=0)
    values = {}
    if cell.recipe.labels_per_class is not None:
        test = cell_data.load(cell, evaluation.split)
        values |= {name: float(value) for name, value in gan.evaluate(test).items()}
    if evaluation.metrics:
        test = cell_data.load(cell, evaluation.split)
        results = _evaluation(cell).measure(gan.sampler_for(test))
        values |= {name: float(result) for name, result in results.items()}
    if evaluation.classifier is not None:
        values |= _accuracies(cell, gan, data, seed)
    return values, samples


def _evaluation(cell):
    settings = cell.evaluation
    test = cell_data.load(cell, settings.split)
    return metrics.Evaluation(list(settings.metrics), test, settings.extractor, settings.n)


def _accuracies(cell, gan, data, seed):
    """Returns the accuracies of classifiers of the same images, with and without samples."""
    settings = cell.evaluation.classifier
    labels = np.arange(settings.samples) % gan.num_classes
    drawn = gan.pixels.in_eight_bits(gan.sample(settings.samples, seed=0, labels=labels))
    samples = Dataset(drawn, labels, class_names=gan.class_names, num_classes=gan.num_classes)
    parts = {"images": data, "samples": samples}
    standard = {"shift": settings.shift, "flip": settings.flip}
    return {
        name: _accuracy(
            cell,
            [parts[part] for part in chosen],
            settings.steps,
            seed=seed,
            **(standard if is_augmented else {}),
        )
        for name, (chosen, is_augmented) in _ACCURACIES.items()
    }


def _accuracy(cell, images, steps, **settings):
    test = cell_data.load(cell, cell.evaluation.split)
    classifier = cell.evaluation.classifier
    settings |= {"batch_size": classifier.batch_size, "widths": classifier.widths}
    return metrics.classification_accuracy(images, test, steps=steps, **settings)


def seconds_of(cell: Cell, gan: Any, data: Dataset) -> float:
    """Returns the seconds that `measure` takes, with few steps of the classifiers."""
    classifier = cell.evaluation.classifier
    start = time.perf_counter()
    others = dataclasses.replace(cell.evaluation, classifier=None)
    measure(dataclasses.replace(cell, evaluation=others), gan, data, seed=0)
    seconds = time.perf_counter() - start
    if classifier is None:
        return seconds
    few, more = (_seconds_of_steps(cell, data, steps) for steps in _TIMED_STEPS)
    per_step = (more - few) / (_TIMED_STEPS[1] - _TIMED_STEPS[0])
    return seconds + len(_ACCURACIES) * (few + per_step * (classifier.steps - _TIMED_STEPS[0]))


def _seconds_of_steps(cell, data, steps):
    start = time.perf_counter()
    _accuracy(cell, data, steps)
    return time.perf_counter() - start


def logged_values(log: Mapping[str, list]) -> dict[str, float]:
    """Returns the spread of the discriminator's loss over the last half, and the last monitors."""
    values = {}
    if "d_loss" in log:
        half = log["d_loss"][len(log["d_loss"]) // 2 :]
        values["d_loss_spread"] = float(np.std(half))
    for name, series in log.items():
        if name.startswith("collapse/"):
            values[name] = float(series[-1])
    return values


def spectral_values(cell: Cell, records: list[dict]) -> dict[str, float]:
    """Returns the errors of the norms at the checks, and the last largest condition number.

    The first check is left out: nothing has been trained then. A learned scale has no error.
    """
    errors = [error for record in records[1:] for error in _errors(cell, record)]
    values = {}
    if errors:
        values = {"sigma_error": float(np.mean(errors)), "max_sigma_error": max(errors)}
    _, largest = conditions(cell, records[-1:])
    return values | ({"condition": largest[0]} if largest else {})


def sigma_errors(cell: Cell, records: list[dict]) -> tuple[list[int], list[float]]:
    """Returns the steps of exact checks after the first one, and the largest error in each."""
    found = [(record["step"], _errors(cell, record)) for record in records[1:]]
    return _largest(found)


def conditions(cell: Cell, records: list[dict]) -> tuple[list[int], list[float]]:
    """Returns the steps of exact checks, and the largest condition number of a kernel in each."""
    return _largest((record["step"], _found(record, "condition")) for record in records)


def _errors(cell, record):
    """Returns the relative errors of the norms of the kernels in use, or none."""
    options = cell.recipe.network_options.get("normalization_options", {})
    if options.get("learnable_scale"):
        return []
    scale = options.get("factor", 1.0)
    return [abs(norm / scale - 1) for norm in _found(record, "exact_norm")]


def _found(record, quantity):
    """Returns a quantity of all layers that have it; a record holds `None` for infinity and NaN."""
    values = (row.get(quantity) for row in record["layers"].values())
    return [value for value in values if value is not None]


def _largest(found):
    kept = [(step, max(values)) for step, values in found if values]
    return [step for step, _ in kept], [value for _, value in kept]
