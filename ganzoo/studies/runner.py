"""Runs the cells of a study, in one process or several, until all have a record."""

import itertools
import multiprocessing
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ganzoo.studies import training
from ganzoo.studies.records import Records
from ganzoo.studies.study import Cell, Study

Work = Callable[[Cell, int, Path], tuple[dict[str, Any], Any]]
Progress = Callable[[Cell, int, dict[str, Any]], None]


def pending(
    study: Study, folder: str | Path, cells: Sequence[str] = (), seeds: Sequence[int] | None = None
) -> list[tuple[Cell, int]]:
    """Returns the cells and seeds that have no record yet, seed by seed.

    Args:
        study: The study.
        folder: Folder of its records.
        cells: Names or patterns of the cells, by default all.
        seeds: Seeds, by default the study's.

    Raises:
        ValueError: If a record is of another study, or if no cell fits a pattern.
    """
    records = Records(folder)
    seeds = study.seeds if seeds is None else seeds
    return [
        (cell, seed)
        for seed, cell in itertools.product(seeds, study.select(list(cells)))
        if records.load(cell, seed) is None
    ]


def check(todo: Sequence[tuple[Cell, int]]) -> None:
    """Builds the networks of each cell once, so that mistakes are found before any is trained.

    Args:
        todo: What `pending` returned.

    Raises:
        ValueError: If a cell cannot be trained or measured; the message names it.
        OSError: If data cannot be read.
    """
    for cell in {cell.name: cell for cell, _ in todo}.values():
        try:
            training.check(cell)
        except (TypeError, ValueError) as error:
            raise ValueError(f"In the cell {cell.name!r}: {error}") from error


def run(
    study: Study,
    folder: str | Path,
    cells: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    processes: int = 1,
    progress: Progress | None = None,
    work: Work = training.train,
) -> None:
    """Trains the cells of a study that have no record, and writes their records.

    It may be stopped at any time and called again: a cell that is done is never trained again, and
    a cell that was stopped continues from its checkpoint to bit-identical results, or starts again.
    Several calls may share a folder, also on several machines: each cell is trained by one.

    A cell that fails, because a loss or a weight is no longer finite, gets a record that says so,
    and the study goes on.

    Args:
        study: The study.
        folder: Folder of the records.
        cells: Names or patterns of the cells, by default all.
        seeds: Seeds, by default the study's.
        processes: Number of processes that train cells side by side, each with its share of the
            cores.
        progress: Function of a cell, a seed and its results, which is called in the process that
            trained the cell.
        work: Function of a cell, a seed and a folder for checkpoints, which returns the results and
            the samples to keep; by default it trains the cell.

    Raises:
        ValueError: If a record is of another study, or if no cell fits a pattern.
        RuntimeError: If one of several processes ended with an error.

    Example:

    >>> study = ganzoo.studies.Study.load("gaussians")
    >>> ganzoo.studies.run(study, "runs/gaussians", cells=["ring/*"], seeds=[0])
    """
    todo = pending(study, folder, cells, seeds)
    if processes == 1 or len(todo) < 2:
        _work_through(todo, folder, progress, work)
        return
    processes = min(processes, len(todo))
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // processes)
    # Each process starts with cells of its own, and then takes what is left.
    workers = [
        context.Process(
            target=_work_in_process,
            args=(todo[first:] + todo[:first], folder, progress, work, threads),
        )
        for first in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    codes = [worker.exitcode for worker in workers]
    if any(codes):
        raise RuntimeError(
            "All processes must end without an error; the cells that are done have records. "
            f"Received: the exit codes {', '.join(map(str, codes))}"
        )


def estimate(todo: Sequence[tuple[Cell, int]], folder: str | Path) -> dict[str, float]:
    """Returns the seconds that one seed of each cell takes, by the cell's name.

    They come from the fastest record of the cell: other processes may have slowed the others. A
    cell without a record is measured on a few steps.

    Args:
        todo: What `pending` returned.
        folder: Folder of the records.
    """
    records = Records(folder)
    seconds, measured = {}, {}
    for cell in {cell.name: cell for cell, _ in todo}.values():
        paths = (records.folder / cell.name).glob("seed_*.json")
        known = [records.load(cell, int(path.stem.removeprefix("seed_"))) for path in paths]
        known = [record["seconds"] for record in known if not record["failed"]]
        seconds[cell.name] = min(known) if known else training.seconds_of(cell, measured)
    return seconds


def _work_in_process(todo, folder, progress, work, threads):
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(threads))
    _work_through(todo, folder, progress, work)


def _work_through(todo, folder, progress, work):
    records = Records(folder)
    for cell, seed in todo:
        lock = records.claim(cell, seed)
        if lock is None:
            continue
        try:
            results, samples = work(cell, seed, records.checkpoints(cell, seed))
            records.save(cell, seed, results, samples)
        finally:
            lock.release()
        if progress is not None:
            progress(cell, seed, results)
