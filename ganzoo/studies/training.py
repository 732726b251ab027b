"""How one cell of a study is trained and measured, for one seed."""

import functools
import gc
import json
import math
import time
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ganzoo import data as sources
from ganzoo import metrics
from ganzoo.callbacks import AtomicCheckpoint, CollapseMonitor, NaNGuard, SpectralMonitor
from ganzoo.data import SemiSupervisedBatches, philox
from ganzoo.recipes.build import build_gan
from ganzoo.studies.study import Cell
from ganzoo.training.fit_hook import FitHook

_CHECKPOINT_MINUTES = 2
_TIMED_STEPS = 50


def train(cell: Cell, seed: int, folder: Path) -> tuple[dict[str, Any], np.ndarray | None]:
    """Trains a cell, or continues its checkpoint, and measures it.

    Args:
        cell: What is trained.
        seed: Seed of the initial weights, of the noise and of the order of the data.
        folder: Folder of the checkpoints. A run that was stopped continues to bit-identical
            results.

    Returns:
        The results, a dictionary for JSON: `values` by name, `log` with the values of each logged
        term, `warnings`, `seconds` and `failed`, which is `None` or says how training failed. And
        the samples that the study keeps, or `None`.
    """
    data, gan = _build(cell, seed)
    clock = _Clock()
    history = keras.callbacks.History()
    spectral = None if cell.spectral is None else SpectralMonitor(**cell.spectral)
    monitors = [] if spectral is None else [spectral]
    if cell.collapse is not None:
        monitors.append(CollapseMonitor(data, **cell.collapse))
    checkpoint = AtomicCheckpoint(folder, _CHECKPOINT_MINUTES, unit="minutes", keep=1)
    failed, samples, values = None, None, {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            gan.fit(
                _batches(cell, data, seed),
                steps=cell.recipe.steps,
                steps_per_epoch=_steps_per_epoch(cell),
                callbacks=[NaNGuard(), *monitors, clock, history, checkpoint],
                verbose=0,
            )
            values = _logged_values(history.history)
            if spectral is not None:
                values |= _spectral_values(cell, spectral.records)
            measured, samples = _measure(cell, gan)
            values |= measured
        except FloatingPointError as error:
            failed = str(error)
    values |= clock.values()
    results = {
        "failed": failed,
        "values": values,
        "log": {name: _finite(series) for name, series in history.history.items()},
        "epochs": history.epoch,
        "spectral": None if spectral is None else spectral.records,
        "warnings": [str(one.message) for one in caught if one.category is UserWarning],
        "seconds": clock.seconds,
    }
    _free()
    return results, samples


def seconds_of(cell: Cell) -> float:
    """Returns the seconds that a cell will take, from a few of its steps."""
    start = time.perf_counter()
    data, gan = _build(cell, seed=0)
    steps = cell.steps_per_execution if isinstance(cell.steps_per_execution, int) else 1
    batches = _batches(cell, data, 0)
    gan.fit(batches, steps=steps, verbose=0)
    setup = time.perf_counter() - start
    start = time.perf_counter()
    # Executions are whole.
    timed = steps * math.ceil(_TIMED_STEPS / steps)
    gan.fit(batches, steps=steps + timed, verbose=0)
    per_step = (time.perf_counter() - start) / timed
    _free()
    return setup + per_step * cell.recipe.steps


def check(cell: Cell) -> None:
    """Raises `ValueError` or `OSError` where a cell cannot be trained or measured."""
    _build(cell, seed=0)
    if cell.evaluation.metrics:
        _evaluation(cell)
    _free()


def _build(cell, seed):
    recipe = cell.recipe
    data = _load(cell, "train")
    if cell.images is not None:
        data = _subset(data, cell.images, seed)
    keras.utils.set_random_seed(seed)
    gan = build_gan(
        recipe,
        data,
        seed=seed,
        frozen_layers=cell.freeze_discriminator,
        steps_per_execution=cell.steps_per_execution,
    )
    if cell.init_from is not None:
        gan.initialize_from(cell.init_from)
    return data, gan


def _load(cell, split):
    return _load_source(cell.recipe.data, split, json.dumps(cell.data_options))


@functools.lru_cache(maxsize=2)
def _load_source(source, split, options):
    """Returns the data of the latest cells without another reading: cells often share them."""
    return sources.load(source, **{"split": split, **json.loads(options)})


def _subset(data, count, seed):
    if not 1 <= count <= len(data):
        raise ValueError(
            f"`images` must be from 1 to the number of examples. Received: images={count} of "
            f"{data!r}"
        )
    rows = np.sort(philox.permutation(seed, 0, len(data))[:count])
    return sources.Dataset(
        data.examples[rows],
        None if data.labels is None else data.labels[rows],
        num_classes=data.num_classes,
        class_names=data.class_names,
        name=data.name,
        split=data.split,
        conditions=None if data.conditions is None else data.conditions[rows],
    )


def _batches(cell, data, seed):
    recipe = cell.recipe
    if recipe.labels_per_class is not None:
        labels = recipe.labels_per_class
        return SemiSupervisedBatches(data, labels, recipe.batch_size, seed=seed)
    return data.batches(recipe.batch_size * recipe.discriminator_steps, seed=seed)


def _steps_per_epoch(cell):
    """Returns the steps between two values of the log, in whole executions."""
    steps = math.ceil(cell.recipe.steps / cell.log_points)
    together = cell.steps_per_execution
    return steps if together == "auto" else together * math.ceil(steps / together)


def _measure(cell, gan):
    """Returns the values of samples by name, and the samples to keep."""
    evaluation = cell.evaluation
    samples = gan.sample(evaluation.keep_samples, seed=0) if evaluation.keep_samples else None
    values = {}
    if cell.recipe.labels_per_class is not None:
        test = _load(cell, evaluation.split)
        values |= {name: float(value) for name, value in gan.evaluate(test).items()}
    if evaluation.metrics:
        test = _load(cell, evaluation.split)
        results = _evaluation(cell).measure(gan.sampler_for(test))
        values |= {name: float(result) for name, result in results.items()}
    return values, samples


def _evaluation(cell):
    settings = cell.evaluation
    test = _load(cell, settings.split)
    return metrics.Evaluation(list(settings.metrics), test, settings.extractor, settings.n)


def _logged_values(log):
    """Returns the spread of the discriminator's loss over the last half, and the last monitors."""
    values = {}
    if "d_loss" in log:
        half = log["d_loss"][len(log["d_loss"]) // 2 :]
        values["d_loss_spread"] = float(np.std(half))
    for name, series in log.items():
        if name.startswith("collapse/"):
            values[name] = float(series[-1])
    return values


def _spectral_values(cell, records):
    """Returns the errors of the norms at the checks, and the last largest condition number.

    The first check is left out: nothing has been trained then. A learned scale has no error.
    """
    options = cell.recipe.network_options.get("normalization_options", {})
    checked = [layer for record in records[1:] for layer in record["layers"].values()]
    last = records[-1]["layers"].values()
    values = {}
    if not options.get("learnable_scale"):
        scale = options.get("factor", 1.0)
        exact = [layer["exact_norm"] / scale for layer in checked if "exact_norm" in layer]
        if exact:
            errors = np.abs(np.array(exact) - 1.0)
            values = {"sigma_error": float(errors.mean()), "max_sigma_error": float(errors.max())}
    conditions = [layer["condition"] for layer in last if "condition" in layer]
    return values | ({"condition": max(conditions)} if conditions else {})


def _finite(series):
    """Returns numbers for JSON, which has no NaN."""
    return [value if math.isfinite(value) else None for value in map(float, series)]


def _free():
    """Forgets the networks of a cell: a study has many."""
    keras.utils.clear_session()
    gc.collect()


class _Clock(FitHook):
    """The seconds of a run, over all of its parts, and of a step without the first epoch.

    Steps have seconds by the clock and of the processor: the first depend on other processes.
    """

    def __init__(self):
        super().__init__()
        self._earlier = 0.0
        self._start = time.perf_counter()
        self._epoch_start = None
        self._sums = np.zeros(3)  # Seconds, seconds of the processor, steps.

    @property
    def seconds(self) -> float:
        return self._earlier + time.perf_counter() - self._start

    def values(self) -> dict[str, float]:
        """Returns the milliseconds of a step by name; a run that failed at once has none."""
        seconds, processor_seconds, steps = self._sums
        if not steps:
            return {}
        return {
            "ms_per_step": float(1000 * seconds / steps),
            "processor_ms_per_step": float(1000 * processor_seconds / steps),
        }

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self._now()

    def on_epoch_end(self, epoch, logs=None):
        if epoch:
            self._sums += self._now() - self._epoch_start

    def _now(self):
        return np.array([time.perf_counter(), time.process_time(), self.model.step])

    def get_state(self) -> list[float]:
        return [self.seconds, *self._sums.tolist()]

    def set_state(self, state: list[float]) -> None:
        self._earlier, *sums = state
        self._sums = np.array(sums)
        self._start = time.perf_counter()
