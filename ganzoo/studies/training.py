"""How one cell of a study is trained and measured, for one seed."""

import dataclasses
import gc
import json
import math
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ganzoo.callbacks import AtomicCheckpoint, CollapseMonitor, NaNGuard, SpectralMonitor
from ganzoo.recipes.build import build_gan
from ganzoo.studies import cell_data, measuring
from ganzoo.studies.meter import Meter
from ganzoo.studies.study import Cell
from ganzoo.studies.warning_log import WarningLog

_CHECKPOINT_MINUTES = 2
_TIMED_STEPS = 50
_TIMED_SECONDS = 5


def train(cell: Cell, seed: int, folder: Path) -> tuple[dict[str, Any], np.ndarray | None]:
    """Trains a cell, or continues its checkpoint, and measures it.

    Args:
        cell: What is trained.
        seed: Seed of the initial weights, of the noise and of the order of the data.
        folder: Folder of the checkpoints. A run that was stopped continues to bit-identical
            results.

    Returns:
        The results, a dictionary: `values` by name, `log` with the values of each logged term,
        `warnings`, `seconds` and `failed`, which is `None` or says how training failed. And the
        samples that the study keeps, or `None`.
    """
    data, gan = _build(cell, seed)
    meter, warning_log = Meter(), WarningLog()
    history = keras.callbacks.History()
    spectral, monitors = _monitors(cell, data)
    checkpoint = AtomicCheckpoint(folder, _CHECKPOINT_MINUTES, unit="minutes", keep=1)
    failed, samples, values = None, None, {}
    with warning_log.listening():
        try:
            gan.fit(
                cell_data.batches(cell, data, seed),
                steps=cell.recipe.steps,
                steps_per_epoch=_steps_per_epoch(cell),
                callbacks=[NaNGuard(), *monitors, meter, warning_log, history, checkpoint],
                verbose=0,
            )
            values = measuring.logged_values(history.history)
            if spectral is not None:
                values |= measuring.spectral_values(cell, spectral.records)
            measured, samples = measuring.measure(cell, gan, data, seed)
            values |= measured
        except FloatingPointError as error:
            failed = str(error)
    values |= meter.values()
    results = {
        "failed": failed,
        "values": values,
        "log": {name: [float(v) for v in series] for name, series in history.history.items()},
        "epochs": history.epoch,
        "spectral": None if spectral is None else spectral.records,
        "warnings": warning_log.messages,
        "seconds": meter.seconds,
    }
    _free()
    return results, samples


def seconds_of(cell: Cell, measured: dict[str, float] | None = None) -> float:
    """Returns the seconds that a cell will take, from a few steps and one measurement of samples.

    Args:
        cell: The cell.
        measured: Seconds of the measurements of other cells, by what they measure. They are not
            measured again, and this cell's is added.
    """
    measured = {} if measured is None else measured
    start = time.perf_counter()
    data, gan = _build(cell, seed=0)
    together = cell.steps_per_execution if isinstance(cell.steps_per_execution, int) else 1
    batches = cell_data.batches(cell, data, 0)
    gan.fit(batches, steps=together, verbose=0)
    setup = time.perf_counter() - start
    timed, seconds = 0, 0.0
    # Executions are whole.
    while timed < _TIMED_STEPS and seconds < _TIMED_SECONDS:
        start = time.perf_counter()
        gan.fit(batches, steps=gan.step + max(together, _TIMED_STEPS // 10), verbose=0)
        seconds += time.perf_counter() - start
        timed += max(together, _TIMED_STEPS // 10)
    settings = dataclasses.asdict(cell.evaluation), cell.recipe.data, cell.data_options
    key = json.dumps([*settings, cell.recipe.architecture, cell.recipe.width])
    if key not in measured:
        measured[key] = measuring.seconds_of(cell, gan, data)
    _free()
    return setup + seconds / timed * cell.recipe.steps + measured[key]


def check(cell: Cell) -> None:
    """Raises `ValueError` or `OSError` where a cell cannot be trained or measured."""
    data, gan = _build(cell, seed=0)
    _, monitors = _monitors(cell, data)
    for monitor in monitors:
        monitor.set_model(gan)
        monitor.attach(monitors)
    measuring.check(cell, gan, data)
    _free()


def _monitors(cell, data):
    """Returns the `SpectralMonitor` of a cell or `None`, and the list of all its monitors."""
    spectral = None if cell.spectral is None else SpectralMonitor(**cell.spectral)
    monitors = [] if spectral is None else [spectral]
    if cell.collapse is not None:
        monitors.append(CollapseMonitor(data, **cell.collapse))
    return spectral, monitors


def _build(cell, seed):
    recipe = cell.recipe
    data = cell_data.training_data(cell, seed)
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


def _steps_per_epoch(cell):
    """Returns the steps between two values of the log, in whole executions."""
    steps = math.ceil(cell.recipe.steps / cell.log_points)
    together = cell.steps_per_execution
    return steps if together == "auto" else together * math.ceil(steps / together)


def _free():
    """Forgets the networks of a cell: a study has many."""
    keras.utils.clear_session()
    gc.collect()
